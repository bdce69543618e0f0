#include "tools/amctl/pause.h"

#include <condition_variable>
#include <mutex>

namespace am::amctl {

bool Pause(absl::Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, absl::ToChronoNanoseconds(duration),
                   [] { return false; });
  return !stop.stop_requested();
}

}  // namespace am::amctl
