// Round trips to count instructions of: two instances in one thread, whose
// work is the same in each run, so that callgrind's counts are exact.
//
//   tools/dev instructions
//
// Per round trip: 64 bytes there as a protobuf message, through a generated
// stub made for it or a message put together by hand, and a status back, all
// promises on; and what the simulation itself takes, which is the same before
// and after a change of the runtime.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "am/message_builder.h"
#include "am/simulated_world.h"
#include "bench/pinger.am.h"

namespace am::bench {
namespace {

class OkService final : public PingerAm::Service {
 public:
  absl::Status Ping(Context&, const Data&) override { return absl::OkStatus(); }
};

// How a caller writes a call.
enum class Style { kStub, kBuilder };

absl::Status Ping(Style style, const Client& client, Target server,
                  const Data& data) {
  if (style == Style::kStub) {
    return PingerAm::Client(client, server).Ping(data).Await();
  }
  return client.Message("am.bench.Pinger/Ping")
      .Payload(data)
      .SendAndConfirm(server)
      .Await();
}

// Returns how many did not end OK.
int Run(Style style, int round_trips) {
  SimulatedWorld world(/*seed=*/1);
  OkService service;
  const std::unique_ptr<Manager> server = world.MakeManager("server", {});
  const std::unique_ptr<Manager> client = world.MakeManager("client", {});
  if (!server->Register(service).ok()) return round_trips;
  if (!client->client().Connect("inproc://server").ok()) return round_trips;
  Data data;
  data.set_payload(std::string(64, 'x'));
  int failed = 0;
  for (int i = 0; i < round_trips; ++i) {
    const absl::Status status =
        Ping(style, client->client(), server->instance_id(), data);
    failed += status.ok() ? 0 : 1;
  }
  return failed;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  const std::string style = argc == 3 ? argv[1] : "";
  const int round_trips = argc == 3 ? std::atoi(argv[2]) : 0;
  if ((style != "stub" && style != "builder") || round_trips <= 0) {
    std::cerr << "usage: round_trips stub|builder NUMBER\n";
    return 2;
  }
  const int failed = am::bench::Run(
      style == "stub" ? am::bench::Style::kStub : am::bench::Style::kBuilder,
      round_trips);
  if (failed == 0) return 0;
  std::cerr << failed << " of " << round_trips << " round trips failed\n";
  return 1;
}
