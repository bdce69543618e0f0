#include <vector>

#include "absl/strings/str_cat.h"
#include "am/examples/or_die.h"
#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/network.h"
#include "tests/fault/scene.h"

namespace am::fault {
namespace {

using examples::OrDie;

constexpr int kCaller = 0;  // hosts
constexpr int kServer = 1;

// The hosts whose frames are lost.
std::vector<int> Silenced(Cut cut) {
  switch (cut) {
    case Cut::kBothWays:
      return {kCaller, kServer};
    case Cut::kToServer:
      return {kCaller};
    case Cut::kToCaller:
      return {kServer};
  }
  return {};
}

absl::string_view NameOf(Cut cut) {
  switch (cut) {
    case Cut::kBothWays:
      return "partition_both_ways";
    case Cut::kToServer:
      return "partition_to_server";
    case Cut::kToCaller:
      return "partition_to_caller";
  }
  return "";
}

InstanceOptions On(const Network& network, int host, const Amount& amount) {
  InstanceOptions options = {.listen = Network::Listen(host),
                             .network = network.Host(host)};
  options.link.heartbeat_interval = amount.heartbeat_interval;
  options.link.heartbeat_timeout = amount.heartbeat_timeout;
  return options;
}

}  // namespace

Row Partition(Cut cut, const Amount& amount) {
  const std::string name(NameOf(cut));
  const absl::StatusOr<std::unique_ptr<Network>> made = Network::Make();
  if (!made.ok()) {
    return {.name = name, .skipped = made.status().ToString()};
  }
  Network& network = **made;
  Scene scene(name);
  ServerProcess server =
      scene.StartServer({.instance = On(network, kServer, amount)});
  CallerProcess caller =
      scene.StartCaller({.instance = On(network, kCaller, amount),
                         .servers = {server.address},
                         .per_second = amount.per_second,
                         .tell_every = amount.messages_between});
  std::vector<std::int64_t> cuts;
  std::vector<std::int64_t> ends;
  for (int i = 0; i < amount.faults; ++i) {
    caller.AwaitProgress();
    cuts.push_back(NowNs());
    for (const int host : Silenced(cut)) OrDie(network.Cut(host));
    caller.Await("lost");
    for (const int host : Silenced(cut)) OrDie(network.Heal(host));
    ends.push_back(NowNs());
    caller.AwaitJoined();
  }
  caller.AwaitProgress();
  scene.Finish(caller);
  scene.Finish(server);
  Row row = scene.Judge();
  const std::vector<Sent> sent = scene.sent();
  std::vector<absl::Duration> noticed, recovered;
  for (const std::int64_t moment : cuts) {
    noticed.push_back(FailedAfter(sent, server.id, moment));
  }
  for (const std::int64_t moment : ends) {
    recovered.push_back(WorkedAfter(sent, server.id, moment));
  }
  row.AddTimes("noticed", noticed, amount.NoticeBound());
  row.AddTimes("recovered", recovered);
  return row;
}

}  // namespace am::fault
