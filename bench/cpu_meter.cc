#include "bench/cpu_meter.h"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <string>

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

// What all processors were busy with, on behalf of processes: proc(5). Time of
// interrupts is left out, since loopback traffic is accounted there.
absl::Duration MachineTime() {
  std::ifstream file("/proc/stat");
  std::string name;
  std::int64_t user = 0, nice = 0, system = 0;
  file >> name >> user >> nice >> system;
  const double seconds = static_cast<double>(user + nice + system) /
                         static_cast<double>(sysconf(_SC_CLK_TCK));
  return absl::Seconds(seconds);
}

}  // namespace

bool CpuUse::disturbed() const {
  return elapsed >= absl::Milliseconds(300) && others > elapsed / 10;
}

CpuMeter::CpuMeter(pid_t peer) : peer_(peer), begin_(Read()) {}

CpuMeter::Reading CpuMeter::Read() const {
  absl::Duration measured = ProcessTime(getpid());
  if (peer_ != getpid()) measured += ProcessTime(peer_);
  return {ReadClock(CLOCK_MONOTONIC), measured, MachineTime()};
}

CpuUse CpuMeter::Stop() const {
  const Reading end = Read();
  const absl::Duration measured = end.measured - begin_.measured;
  const absl::Duration machine = end.machine - begin_.machine;
  return {end.clock - begin_.clock, measured, machine - measured};
}

}  // namespace am::bench
