#include <signal.h>

#include <vector>

#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"

namespace am::fault {

// Two servers, one of which is stopped: the other one's calls go on.
Row StopReceiver(const Scheme& scheme, const Amount& amount) {
  Scene scene(NameOf("stop_receiver", scheme, amount));
  InstanceOptions at = scene.At(scheme);
  ServerProcess stopped = scene.StartServer({.instance = scene.At(scheme)});
  ServerProcess other = scene.StartServer({.instance = scene.At(scheme)});
  at.link.heartbeat_interval = amount.heartbeat_interval;
  at.link.heartbeat_timeout = amount.heartbeat_timeout;
  CallerProcess caller =
      scene.StartCaller({.instance = at,
                         .servers = {stopped.address, other.address},
                         .per_second = amount.per_second,
                         .payload_bytes = amount.payload_bytes,
                         .tell_every = amount.messages_between});
  std::vector<Span> stops;
  caller.AwaitJoined(0);
  for (int i = 0; i < amount.faults; ++i) {
    caller.AwaitProgress(0);
    stops.push_back({.begun_ns = NowNs()});
    kill(stopped.pid(), SIGSTOP);
    caller.AwaitProgress(1);  // the other one serves meanwhile
    caller.Await("lost", 0);
    stops.back().ended_ns = NowNs();
    kill(stopped.pid(), SIGCONT);
    caller.AwaitJoined(0);
  }
  caller.AwaitProgress(0);
  scene.Finish(caller);
  scene.Finish(stopped);
  scene.Finish(other);
  Row row = scene.Judge();
  const std::vector<Sent> sent = scene.sent();
  std::vector<absl::Duration> noticed;
  for (const Span& stop : stops) {
    noticed.push_back(FailedAfter(sent, stopped.id, stop.begun_ns));
  }
  row.AddTimes("noticed", noticed, amount.NoticeBound());
  row.AddTimes("calls of the other", TimesOfCalls(sent, other.id, stops));
  if (scheme == "both") {
    row.AddCount("not over shared memory at last",
                 scene.CountWays("way ") - scene.CountWays("way shm://"), 0);
  }
  return row;
}

Row StopSender(const Scheme& scheme, const Amount& amount) {
  Scene scene(NameOf("stop_sender", scheme, amount));
  InstanceOptions at = scene.At(scheme);
  at.link.heartbeat_interval = amount.heartbeat_interval;
  at.link.heartbeat_timeout = amount.heartbeat_timeout;
  ServerProcess server = scene.StartServer({.instance = at});
  CallerOptions options = {.instance = scene.At(scheme),
                           .servers = {server.address},
                           .per_second = amount.per_second,
                           .payload_bytes = amount.payload_bytes,
                           .tell_every = amount.messages_between};
  CallerProcess stopped = scene.StartCaller(options);
  options.instance = scene.At(scheme);
  options.first_operation += kOperationsOfOne;
  CallerProcess other = scene.StartCaller(options);
  // What the other one does meanwhile takes longer than silence may.
  const double turns = absl::ToDoubleSeconds(amount.NoticeBound()) *
                       amount.per_second /
                       static_cast<double>(amount.messages_between);
  std::vector<Span> stops;
  for (int i = 0; i < amount.faults; ++i) {
    stopped.AwaitProgress();
    stops.push_back({.begun_ns = NowNs()});
    kill(stopped.pid(), SIGSTOP);
    for (int turn = 0; turn < turns + 1; ++turn) other.AwaitProgress();
    stops.back().ended_ns = NowNs();
    kill(stopped.pid(), SIGCONT);
  }
  stopped.AwaitProgress();
  scene.Finish(stopped);
  scene.Finish(other);
  scene.Finish(server);
  Row row = scene.Judge();
  // Whoever waited for the one that is stopped would do so for its whole time.
  row.AddTimes("calls of the other",
               TimesOfCalls(SentBy(other.id, scene.sent()), server.id, stops),
               absl::Milliseconds(100));
  return row;
}

}  // namespace am::fault
