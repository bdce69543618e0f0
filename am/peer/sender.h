// Sender: who sent a message to a handler here, and hears what became of it.
//
// A peer that is connected is one (am/peer/peer.h); so is whoever has another
// way in, such as a gRPC call.
//
// Threads: any. Neither call may block, or run code of the user's.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "am/instance_id.h"
#include "am/payload.h"
#include "am/wire/wire.h"

namespace am {

class Sender {
 public:
  explicit Sender(InstanceId id) : id_(id) {}
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  virtual ~Sender() = default;

  // Nobody: not an instance. Calls of one id are told apart by their numbers.
  InstanceId id() const { return id_; }

  // The end of a call, as am/WIRE.md has it: a header of kind REPLY, and the
  // status in `metadata`. Once per call, unless a shutdown ran out of time;
  // then the last share in the sender is let go of without it.
  virtual void Reply(const MessageHeader& header, absl::string_view metadata,
                     const Payload& value) = 0;

  // The end of a one-way message: OK if its handler ran, else why not.
  // Likewise.
  virtual void Account(const absl::Status& outcome) = 0;

 private:
  const InstanceId id_;
};

}  // namespace am
