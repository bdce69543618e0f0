// What ThreadSanitizer is told of memory that one process maps twice.
//
// It takes the two for different memory, and so sees no order between who
// writes here and who reads there: two instances of one process that talk
// through a ring would seem to race for all that they order by their messages.
// So it is told what the ring's counts order (am/transport/byte_ring.h). Two
// processes have no memory that it could watch, and without TSan all this is
// nothing.
#pragma once

#include <cstdint>

#include "absl/base/config.h"

namespace am::transport {

// All before Published(x) by one thread happens before all that comes after
// Seen(x) by another. `x` is not 0, of which nothing is told.
#ifdef ABSL_HAVE_THREAD_SANITIZER
void Published(std::uint64_t x);
void Seen(std::uint64_t x);
#else
inline void Published(std::uint64_t) {}
inline void Seen(std::uint64_t) {}
#endif

}  // namespace am::transport
