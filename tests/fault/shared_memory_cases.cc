#include <signal.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"

namespace am::fault {
namespace {

// Fills the memory from `begin` on. It is mapped once more, since those whose
// it is let go of it as soon as they see what is in it.
bool FillRing(std::uintptr_t begin, std::size_t size) {
  static std::mt19937_64 random(1);
  void* const again =
      mremap(reinterpret_cast<void*>(begin), 0, size, MREMAP_MAYMOVE);
  if (again == MAP_FAILED) return false;
  auto* const words = static_cast<volatile std::uint64_t*>(again);
  for (std::size_t i = 0; i < size / sizeof(*words); ++i) words[i] = random();
  munmap(again, size);
  return true;
}

// Fills all rings of this process with random bytes, what their sides know of
// each other among them.
void FillRings() {
  std::ifstream maps("/proc/self/maps");
  int rings = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (absl::StrContains(line, "am-ring") &&
        std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) == 2 &&
        FillRing(begin, end - begin)) {
      ++rings;
    }
  }
  Tell(absl::StrCat("filled ", rings));
}

}  // namespace

Row Scribble(const Amount& amount) {
  Scene scene("scribble_shm");
  ServerProcess server = scene.StartServer({.instance = scene.Sharing()});
  CallerOptions options = {.instance = scene.Sharing(),
                           .servers = {server.address},
                           .per_second = amount.per_second,
                           .tell_every = amount.messages_between};
  CallerProcess honest = scene.StartCaller(options);
  std::uint64_t filled = 0;
  for (int i = 0; i < amount.faults; ++i) {
    options.instance = scene.Sharing();
    options.first_operation += kOperationsOfOne;
    options.actions.on_usr1 = FillRings;
    CallerProcess hostile = scene.StartCaller(options);
    scene.Exempt(kOperationsOfOne);
    hostile.AwaitProgress();
    kill(hostile.pid(), SIGUSR1);
    filled += std::stoul(hostile.AwaitLine("filled ").substr(7));
    hostile.AwaitProgress();  // it, too, goes on
    honest.AwaitProgress();
    scene.Kill(hostile);
  }
  scene.Finish(honest);
  scene.Finish(server);
  Row row = scene.Judge();
  row.AddCount("rings filled", filled);
  row.AddCount("over shared memory", scene.CountWays("way shm://"));
  std::vector<Sent> judged = scene.sent();
  std::erase_if(judged, [](const Sent& sent) {
    return sent.operation >= kOperationsOfOne;
  });
  row.AddCount("failed calls", CountFailed(judged, server.id), 0);
  return row;
}

Row ManyPeers(const Scheme& scheme, int peers, const Amount& amount) {
  Scene scene(absl::StrCat("peers_", peers, "_", scheme));
  std::vector<ServerProcess> servers;
  CallerOptions options = {.instance = scene.At(scheme),
                           .per_second = amount.per_second,
                           .tell_every = amount.messages_between};
  for (int i = 0; i < peers; ++i) {
    servers.push_back(scene.StartServer({.instance = scene.At(scheme)}));
    options.servers.push_back(servers.back().address);
  }
  CallerProcess caller = scene.StartCaller(options);
  const std::size_t last = servers.size() - 1;
  caller.AwaitProgress(last);
  std::vector<absl::Duration> noticed;
  for (int i = 0; i < amount.faults; ++i) {
    ServerProcess& killed = servers[static_cast<std::size_t>(i)];
    const std::int64_t at = scene.Kill(killed);
    noticed.push_back(absl::Nanoseconds(caller.AwaitGone(killed.id) - at));
  }
  caller.AwaitProgress(last);
  scene.Finish(caller);
  std::uint64_t failed = 0;
  for (int i = amount.faults; i < peers; ++i) {
    ServerProcess& server = servers[static_cast<std::size_t>(i)];
    failed += CountFailed(scene.sent(), server.id);
    scene.Finish(server);
  }
  Row row = scene.Judge();
  row.AddTimes("noticed", noticed, absl::Milliseconds(100));
  row.AddCount("failed calls of the others", failed, 0);
  return row;
}

}  // namespace am::fault
