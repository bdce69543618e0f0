// Before: a gRPC server.
//
//   before_server 127.0.0.1:0
#include <grpcpp/grpcpp.h>

#include <iostream>

#include "am/control/examples/migrating/quotes.grpc.pb.h"
#include "am/examples/termination.h"

class Quotes final : public migrating::Quotes::Service {
  grpc::Status Get(grpc::ServerContext*, const migrating::Symbol* request,
                   migrating::Quote* response) override {
    if (request->name() != "ACME") {
      return {grpc::StatusCode::NOT_FOUND, "no symbol " + request->name()};
    }
    response->set_price(12.5);
    return grpc::Status::OK;
  }

  grpc::Status Report(grpc::ServerContext* context, const migrating::Trade*,
                      google::protobuf::Empty*) override {
    if (context->IsCancelled()) return grpc::Status::CANCELLED;
    return grpc::Status::OK;
  }
};

int main(int argc, char** argv) {
  const am::examples::Termination termination;
  Quotes quotes;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argc > 1 ? argv[1] : "127.0.0.1:0",
                           grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&quotes);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::cout << "127.0.0.1:" << port << std::endl;

  termination.Await();
  server->Shutdown();
}
