// How many messages are worth a frame before the burst that brings them ends.
//
// As a rule those of a whole burst leave in one frame: that costs more than a
// message does. Where frames are cheap (Lane::has_cheap_frames) a few messages
// are enough: with all at the end, of two that answer each other one would
// sleep while the other works.
#pragma once

#include <cstddef>

#include "am/link/connection.h"
#include "am/link/send_queue.h"

namespace am {

// Measured with 50 echoes of 64 bytes in flight over shared memory: 4 and 13
// are as good, 25 is hardly better than all.
inline constexpr std::size_t kMessagesWorthAFrame = 8;

// Whether what waits is to leave by `connection`, which may be null.
inline bool IsWorthAFrame(const SendQueue& waiting,
                          const Connection* connection) {
  return waiting.waiting_messages() >= kMessagesWorthAFrame &&
         connection != nullptr && connection->has_cheap_frames();
}

}  // namespace am
