#include "bench/cpu_meter.h"

#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"

namespace am::bench {
namespace {

absl::Duration ReadClock(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return absl::DurationFromTimespec(now);
}

// All threads of a process, to the nanosecond.
absl::Duration ProcessTime(pid_t process) {
  clockid_t clock;
  if (clock_getcpuclockid(process, &clock) != 0) return absl::ZeroDuration();
  return ReadClock(clock);
}

// The ticks of the clock that a process has used, and those of its children
// that it has waited for: proc(5). Zero if it has ended.
std::int64_t Ticks(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string line;
  std::getline(file, line);
  // The fields behind the name, which may hold anything.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::int64_t user = 0, system = 0, children_user = 0, children_system = 0;
  fields >> user >> system >> children_user >> children_system;
  return user + system + children_user + children_system;
}

// All processes that can be seen but two. Processes that come and go in
// between are counted as children. (The machine's sum in /proc/stat will not
// do: it samples, and misses a fifth of what a ping uses.)
absl::Duration TimeOfOthers(pid_t peer) {
  std::int64_t ticks = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    int process = 0;
    if (!absl::SimpleAtoi(name, &process)) continue;
    if (process != peer && process != getpid()) ticks += Ticks(name);
  }
  return absl::Seconds(static_cast<double>(ticks) /
                       static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace

bool CpuUse::disturbed() const {
  return elapsed >= absl::Milliseconds(300) && others > elapsed / 10;
}

CpuMeter::CpuMeter(pid_t peer)
    : peer_(peer),
      others_(TimeOfOthers(peer)),
      measured_(Measured()),
      begun_(ReadClock(CLOCK_MONOTONIC)) {}

absl::Duration CpuMeter::Measured() const {
  absl::Duration time = ProcessTime(getpid());
  if (peer_ != getpid()) time += ProcessTime(peer_);
  return time;
}

CpuUse CpuMeter::Stop() const {
  const absl::Duration measured = Measured() - measured_;
  const absl::Duration elapsed = ReadClock(CLOCK_MONOTONIC) - begun_;
  return {elapsed, measured, TimeOfOthers(peer_) - others_};
}

}  // namespace am::bench
