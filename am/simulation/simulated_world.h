// SimulatedWorld: many instances in one thread, on a simulated clock, with
// faults from a seed.
//
//   am::SimulatedWorld world(/*seed=*/7);
//   auto alice = world.MakeManager("alice", {});
//   auto bob = world.MakeManager("bob", {});
//   alice->client().Connect("inproc://bob");       // runs the world on
//   world.Cut("alice", "bob", CutKind::kSilent);
//   world.Run(absl::Seconds(10));                  // takes no time at all
//   world.Kill("bob");
//   auto successor = world.MakeManager("bob", {}); // another incarnation
//
// These are the Managers of production, with the same links, windows, tables
// and handlers; only what drives them, what carries their frames and what time
// it is are others. Everything that happens follows from the seed and from
// what the test does: the same seed gives the same history.
//
// Whoever waits (Await, Connect, Shutdown, a handler for its own calls) runs
// the world on meanwhile. Time stands still while anybody has something to do,
// and then moves on to the next thing that is due.
//
// Threads: one. Managers must go before their world.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/clock.h"
#include "am/manager.h"
#include "am/transport/faulty_transport.h"
#include "am/transport/in_process_transport.h"

namespace am {

class SimulatedDriver;

// The faults that befell a world: frames by their fates, and what the test did.
struct SimulatedFaults {
  transport::FaultCounts frames;
  std::uint64_t silent_cuts = 0;  // in one direction or both
  std::uint64_t loud_cuts = 0;
  std::uint64_t one_way_cuts = 0;  // those of them in one direction
  std::uint64_t pauses = 0;
  std::uint64_t kills = 0;
  std::uint64_t restarts = 0;  // on the name of one that was killed

  SimulatedFaults& operator+=(const SimulatedFaults& other);

  // Those that a seed decides, by name.
  std::vector<std::pair<absl::string_view, std::uint64_t>> List() const;
};

class SimulatedWorld {
 public:
  // `faults` befall every frame; their seed is derived from the world's.
  explicit SimulatedWorld(std::uint64_t seed,
                          const transport::FaultOptions& faults = {});
  ~SimulatedWorld();

  // An instance that is reached at "inproc://<name>". Of the options, what says
  // how to listen and by which transport, clock and driver is replaced.
  std::unique_ptr<Manager> MakeManager(const std::string& name,
                                       ManagerOptions options);

  const Clock& clock() const { return clock_; }

  // Lets everything happen that happens within `time`.
  void Run(absl::Duration time);

  // The same until `condition` is true, and says whether it is.
  bool RunUntil(absl::FunctionRef<bool()> condition, absl::Duration limit);

  // Does one thing, or moves the clock, but not beyond `limit`. False: there
  // is nothing to do until then, and it is that time.
  bool Step(absl::Time limit);

  // Frames between the two, in both directions or from the one to the other.
  // A cut is between names: it lasts over kills and restarts, until Heal, which
  // heals both directions. REQUIRES: an instance was made of each name.
  void Cut(const std::string& one, const std::string& other,
           transport::CutKind kind);
  void CutOneWay(const std::string& from, const std::string& to,
                 transport::CutKind kind);
  void Heal(const std::string& one, const std::string& other);

  // A process that is stopped, as by SIGSTOP: it does nothing, and its frames
  // wait.
  void Pause(const std::string& name);
  void Resume(const std::string& name);

  // The instance vanishes, as by kill -9: no GOODBYE, no flush. What it handed
  // to a lane that a fault delayed is lost with it; its peers' lanes are lost.
  // MakeManager may then be called again with the name, and makes a new
  // incarnation.
  //
  // Its Manager remains, to be destroyed at any time, which takes no time and
  // reaches nobody. Within, its calls end with UNAVAILABLE and coroutines that
  // wait go on to their end; until then none of its code runs. A handler of
  // it that blocks in Await is thrown out with an exception.
  // Killing one that is dead already does nothing.
  void Kill(const std::string& name);

  // All faults so far.
  SimulatedFaults fault_counts() const;

 private:
  friend class SimulatedDriver;

  class SimulatedClock final : public Clock {
   public:
    absl::Time Now() const override { return now; }
    absl::Time now = absl::UnixEpoch();
  };
  using Direction = std::pair<std::string, std::string>;  // from, to

  void SetCut(const Direction& direction, transport::CutKind kind);
  void Mend(const Direction& direction);
  void Count(transport::CutKind kind);
  void Forget(const SimulatedDriver& driver);
  bool StepInstances();
  absl::Time NextEvent() const;
  std::shared_ptr<SimulatedDriver> Find(const std::string& name) const;

  SimulatedClock clock_;
  std::mt19937_64 random_;
  transport::FaultOptions faults_;
  transport::InProcessNetwork network_;
  // Those that run, or were paused. Managers stop their drivers.
  std::map<std::string, std::shared_ptr<SimulatedDriver>> drivers_;
  std::map<Direction, transport::CutKind> cuts_;
  std::set<std::string> killed_;   // names that wait for a successor
  SimulatedFaults faults_so_far_;  // of frames: of those that have stopped
};

}  // namespace am
