// What ThreadSanitizer is told of order that it cannot see. Without it, all
// this is nothing.
//
// Two instances of one process order what they do by their messages. TSan sees
// that where threads wake each other by descriptors, but not
//
//   * in a ring, which each side has mapped for itself: TSan takes the two for
//     different memory;
//   * in libzmq, which is not instrumented, when a receiver finds a message
//     without having slept.
//
// There it would report races of all that is ordered by messages, in handlers
// of users and in tests.
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
