// Before: a gRPC client.
//
//   before_client 127.0.0.1:50051 ACME
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>

#include "am/control/examples/migrating/quotes.grpc.pb.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto quotes = migrating::Quotes::NewStub(
      grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(5));
  migrating::Symbol symbol;
  symbol.set_name(argv[2]);
  migrating::Quote quote;
  const grpc::Status status = quotes->Get(&context, symbol, &quote);
  if (!status.ok()) {
    std::cerr << status.error_code() << ": " << status.error_message() << '\n';
    return 1;
  }
  std::cout << quote.price() << std::endl;
}
