#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"

namespace am::fault {
namespace {

// Above what the first caller numbers its operations with.
constexpr std::uint64_t kOperationsOfOne = std::uint64_t{1} << 32;

// How many descriptors this process may have open.
void Limit(rlim_t descriptors) {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = descriptors;
  Tell(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? "limited" : "not limited");
}

// Leaves this process no descriptor: the limit is that of their numbers, and
// what is below it and free is taken.
void Exhaust() {
  const int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
  Limit(static_cast<rlim_t>(lowest) + 1);
}

void Replenish() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  Limit(limit.rlim_max);
}

}  // namespace

Row Descriptors(const Amount& amount) {
  const Scheme scheme = "tcp";
  Scene scene("descriptors_tcp");
  ServerProcess server = scene.StartServer(
      {.instance = scene.At(scheme),
       .actions = {.on_usr1 = Exhaust, .on_usr2 = Replenish}});
  CallerOptions options = {.instance = scene.At(scheme),
                           .servers = {server.address},
                           .per_second = amount.per_second,
                           .tell_every = 1000};
  CallerProcess first = scene.StartCaller(options);
  first.AwaitProgress();
  std::vector<Span> exhaustions;
  for (int i = 0; i < amount.faults; ++i) {
    exhaustions.push_back({.begun_ns = NowNs()});
    kill(server.pid(), SIGUSR1);
    server.AwaitLine("limited");
    options.first_operation += kOperationsOfOne;
    options.instance = scene.At(scheme);
    CallerProcess next = scene.StartCaller(options);
    next.Await("refused");
    first.AwaitProgress();  // who was connected goes on
    kill(server.pid(), SIGUSR2);
    server.AwaitLine("limited");
    exhaustions.back().ended_ns = NowNs();
    next.AwaitJoined();
    next.AwaitProgress();
    scene.Finish(next);
  }
  scene.Finish(first);
  scene.Finish(server);
  Row row = scene.Judge();
  const std::vector<Sent> sent = scene.sent();
  row.AddCount("failed", CountFailed(sent, server.id), 0);
  row.AddTimes("calls meanwhile", TimesOfCalls(sent, server.id, exhaustions));
  return row;
}

}  // namespace am::fault
