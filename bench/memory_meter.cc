#include "bench/memory_meter.h"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace am::bench {
namespace {

// A line of /proc/PID/status, which is in KiB: proc(5). Zero if it has ended.
double ReadMb(pid_t process, const std::string& field) {
  std::ifstream file(absl::StrCat("/proc/", process, "/status"));
  std::string name;
  while (file >> name) {
    double kib = 0;
    if (name == field + ":" && file >> kib) return kib / 1024;
    std::getline(file, name);
  }
  return 0;
}

// Makes the peak what is resident now.
void ResetPeak(pid_t process) {
  std::ofstream(absl::StrCat("/proc/", process, "/clear_refs")) << "5";
}

double Begin(pid_t process) {
  malloc_trim(0);
  ResetPeak(process);
  return ReadMb(process, "VmRSS");
}

}  // namespace

MemoryMeter::MemoryMeter(pid_t process)
    : process_(process), resident_mb_(Begin(process)) {}

double MemoryMeter::PeakMb() const {
  return std::max(ReadMb(process_, "VmHWM") - resident_mb_, 0.0);
}

}  // namespace am::bench
