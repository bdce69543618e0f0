#include "bench/grpc_contestant.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <future>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/control/control_server.h"
#include "am/manager.h"
#include "am/transport/mutex.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"
#include "bench/pinger.grpc.pb.h"

namespace am::bench {
namespace {

class PlainPinger final : public Pinger::CallbackService {
 public:
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const Data* request, Data* response) override {
    *response = *request;
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class PlainServer final : public Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Make() {
    auto made = std::make_unique<PlainServer>();
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &made->port_);
    builder.RegisterService(&made->pinger_);
    made->server_ = builder.BuildAndStart();
    if (made->server_ == nullptr) return absl::UnavailableError("no server");
    return made;
  }

  std::string address() const override {
    return absl::StrCat("127.0.0.1:", port_);
  }

 private:
  PlainPinger pinger_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class BridgeServer final : public Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Make() {
    absl::StatusOr<std::unique_ptr<Manager>> manager = Manager::Make();
    if (!manager.ok()) return manager.status();
    const absl::Status added = (*manager)->Register(
        PingerAm::kEcho,
        [](Context&, const Data& request) -> absl::StatusOr<Data> {
          return request;
        });
    if (!added.ok()) return added;
    absl::StatusOr<std::unique_ptr<control::ControlServer>> server =
        control::ControlServer::Make(**manager);
    if (!server.ok()) return server.status();
    return std::make_unique<BridgeServer>(*std::move(manager),
                                          *std::move(server));
  }

  BridgeServer(std::unique_ptr<Manager> manager,
               std::unique_ptr<control::ControlServer> server)
      : manager_(std::move(manager)), server_(std::move(server)) {}

  std::string address() const override { return server_->address(); }

 private:
  const std::unique_ptr<Manager> manager_;
  const std::unique_ptr<control::ControlServer> server_;
};

// Keeps so many calls under way: the end of each begins another.
class GrpcCaller final : public Caller {
 public:
  GrpcCaller(const std::string& address, std::size_t payload_bytes,
             int in_flight)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        payloads_(payload_bytes),
        in_flight_(in_flight) {}

  absl::Status Run(Recorder& recorder) override {
    std::promise<void> ended;
    {
      MutexLock lock(mutex_);
      recorder_ = &recorder;
      ended_ = &ended;
      running_ = in_flight_;
      status_ = absl::OkStatus();
    }
    for (int i = 0; i < in_flight_; ++i) Next();
    ended.get_future().get();
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    Data request;
    Data response;
    Recorder::Moment begun;
  };

  void Next() {
    auto call = std::make_shared<Call>();
    {
      MutexLock lock(mutex_);
      if (!status_.ok() || recorder_->enough()) {
        if (--running_ == 0) ended_->set_value();
        return;
      }
      call->request.set_payload(payloads_.Next());
      call->begun = recorder_->Begin();
    }
    call->context.set_deadline(std::chrono::system_clock::now() +
                               std::chrono::seconds(10));
    // Its context goes before the next one begins: the last to let go of the
    // channel must not be a thread of gRPC's.
    Call& begun = *call;
    stub_.async()->Echo(
        &begun.context, &begun.request, &begun.response,
        [this, call = std::move(call)](const grpc::Status& status) mutable {
          OnDone(*call, status);
          call.reset();
          Next();
        });
  }

  void OnDone(const Call& call, const grpc::Status& status) {
    MutexLock lock(mutex_);
    recorder_->End(call.begun);
    if (!status.ok()) {
      status_ = absl::UnavailableError(status.error_message());
    } else if (call.response.payload() != call.request.payload()) {
      status_ = absl::DataLossError("the answer differs");
    }
  }

  Pinger::Stub stub_;
  Mutex mutex_;
  PayloadMaker payloads_ ABSL_GUARDED_BY(mutex_);
  const int in_flight_;
  Recorder* recorder_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::promise<void>* ended_ ABSL_GUARDED_BY(mutex_) = nullptr;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

class GrpcContestant final : public Contestant {
 public:
  GrpcContestant(GrpcServing serving, int in_flight)
      : serving_(serving),
        in_flight_(in_flight),
        name_(GrpcContestantName(serving, in_flight)) {}

  absl::string_view name() const override { return name_; }

  absl::StatusOr<std::unique_ptr<Server>> Serve(const Setting&) override {
    return serving_ == GrpcServing::kPlain ? PlainServer::Make()
                                           : BridgeServer::Make();
  }

  absl::StatusOr<std::unique_ptr<Caller>> Connect(
      const Setting& setting, const std::string& address) override {
    return std::make_unique<GrpcCaller>(address, setting.payload_bytes,
                                        in_flight_);
  }

 private:
  const GrpcServing serving_;
  const int in_flight_;
  const std::string name_;
};

}  // namespace

std::string GrpcContestantName(GrpcServing serving, int in_flight) {
  return absl::StrCat(
      serving == GrpcServing::kPlain ? "grpc_plain_" : "grpc_bridge_",
      in_flight);
}

std::unique_ptr<Contestant> MakeGrpcContestant(GrpcServing serving,
                                               int in_flight) {
  return std::make_unique<GrpcContestant>(serving, in_flight);
}

}  // namespace am::bench
