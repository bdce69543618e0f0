#include "am/transport/tsan.h"

#ifdef ABSL_HAVE_THREAD_SANITIZER

#include <sanitizer/tsan_interface.h>

namespace am::transport {
namespace {

// Places to name to TSan. Two that share one are in order where they need not
// be: a race may be missed, none is made up.
char places[4096];

void* PlaceOf(std::uint64_t x) { return &places[x % sizeof(places)]; }

}  // namespace

void Published(std::uint64_t x) {
  if (x != 0) __tsan_release(PlaceOf(x));
}

void Seen(std::uint64_t x) {
  if (x != 0) __tsan_acquire(PlaceOf(x));
}

}  // namespace am::transport

#endif
