// Messages to count instructions of: two instances in one thread, whose work is
// the same in each run, so that callgrind's counts are exact.
//
//   tools/dev instructions
//
// All carry 64 bytes in a protobuf message, with all promises on. `stub` and
// `builder` are a round trip, with a status back, through a generated stub made
// for it or as a message put together by hand. `echo` is one with the bytes
// back, 1024 at once: each completion begins the next. `one_way` is a message
// that nobody answers, 64 of them after each round trip. With them counts what
// the simulation itself takes, which is the same before and after a change of
// the runtime.
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "am/message_builder.h"
#include "am/simulation/simulated_world.h"
#include "bench/pinger.am.h"

namespace am::bench {
namespace {

constexpr int kInFlight = 1024;
constexpr int kBurst = 64;

class Server final : public PingerAm::Service {
 public:
  absl::Status Ping(Context&, const Data&) override { return absl::OkStatus(); }
  absl::StatusOr<Data> Echo(Context&, const Data& request) override {
    return request;
  }
  void Push(Context&, const Data&) override { ++pushed; }

  int pushed = 0;
};

// A server that is connected to a client, and what that sends.
class Scene {
 public:
  Scene() {
    data_.set_payload(std::string(64, 'x'));
    ready_ = server_->Register(service_).ok() &&
             client_->client().Connect("inproc://server").ok();
  }

  bool Stub(int count) {
    return Repeat(count, [this] {
      return PingerAm::Client(client_->client(), target()).Ping(data_).Await();
    });
  }

  bool Builder(int count) {
    return Repeat(count, [this] {
      return client_->client()
          .Message("am.bench.Pinger/Ping")
          .Payload(data_)
          .SendAndConfirm(target())
          .Await();
    });
  }

  bool Echo(int count) {
    left_ = count;
    for (int i = 0; i < kInFlight; ++i) Next();
    world_.RunUntil([&] { return answered_ == count; }, absl::Hours(1));
    return ready_ && answered_ == count;
  }

  bool OneWay(int count) {
    left_ = count;
    Push();
    world_.RunUntil([&] { return service_.pushed >= count; }, absl::Hours(1));
    return service_.pushed >= count;
  }

 private:
  Target target() const { return server_->instance_id(); }

  bool Repeat(int count, absl::FunctionRef<absl::Status()> call) {
    for (int i = 0; i < count && ready_; ++i) ready_ = call().ok();
    return ready_;
  }

  void Next() {
    if (left_ == 0) return;
    --left_;
    stub_.Echo(data_).OnDone([this](const absl::StatusOr<Data>& answer) {
      answered_ += answer.ok() ? 1 : 0;
      Next();
    });
  }

  // Within a callback, so that a burst leaves in one frame.
  void Push() {
    stub_.Ping(data_).OnDone([this](const absl::Status&) {
      for (int i = 0; i < kBurst && left_ > 0; ++i, --left_) {
        if (!stub_.Push(data_).ok()) return;
      }
      if (left_ > 0) Push();
    });
  }

  SimulatedWorld world_{/*seed=*/1};
  Server service_;
  const std::unique_ptr<Manager> server_ = world_.MakeManager("server", {});
  const std::unique_ptr<Manager> client_ = world_.MakeManager("client", {});
  const PingerAm::Client stub_{client_->client(), target()};
  Data data_;
  bool ready_ = false;
  int left_ = 0;
  int answered_ = 0;
};

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  using am::bench::Scene;
  const std::map<std::string, bool (Scene::*)(int)> cases = {
      {"stub", &Scene::Stub},
      {"builder", &Scene::Builder},
      {"echo", &Scene::Echo},
      {"one_way", &Scene::OneWay}};
  const auto chosen = argc == 3 ? cases.find(argv[1]) : cases.end();
  const int count = argc == 3 ? std::atoi(argv[2]) : 0;
  if (chosen == cases.end() || count <= 0) {
    std::cerr << "usage: round_trips stub|builder|echo|one_way NUMBER\n";
    return 2;
  }
  Scene scene;
  if ((scene.*chosen->second)(count)) return 0;
  std::cerr << "not all of " << count << " ended well\n";
  return 1;
}
