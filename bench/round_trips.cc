// Round trips to count instructions of: two instances in one thread, whose
// work is the same in each run, so that callgrind's counts are exact.
//
//   tools/dev instructions
//
// Per round trip: 64 bytes there as a protobuf message through a generated
// stub, a status back, all promises on; and what the simulation itself takes,
// which is the same before and after a change of the runtime.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "am/simulated_world.h"
#include "bench/pinger.am.h"

namespace am::bench {
namespace {

class OkService final : public PingerAm::Service {
 public:
  absl::Status Ping(Context&, const Data&) override { return absl::OkStatus(); }
};

// Returns how many did not end OK.
int Run(int round_trips) {
  SimulatedWorld world(/*seed=*/1);
  OkService service;
  const std::unique_ptr<Manager> server = world.MakeManager("server", {});
  const std::unique_ptr<Manager> client = world.MakeManager("client", {});
  if (!server->Register(service).ok()) return round_trips;
  if (!client->client().Connect("inproc://server").ok()) return round_trips;
  PingerAm::Client stub(client->client(), server->instance_id());
  Data data;
  data.set_payload(std::string(64, 'x'));
  int failed = 0;
  for (int i = 0; i < round_trips; ++i) {
    failed += stub.Ping(data).Await().ok() ? 0 : 1;
  }
  return failed;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  const int round_trips = argc == 2 ? std::atoi(argv[1]) : 0;
  if (round_trips <= 0) {
    std::cerr << "usage: round_trips NUMBER\n";
    return 2;
  }
  const int failed = am::bench::Run(round_trips);
  if (failed == 0) return 0;
  std::cerr << failed << " of " << round_trips << " round trips failed\n";
  return 1;
}
