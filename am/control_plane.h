// ControlPlane: what the runtime needs of a second way to other instances.
//
// Messages go by links (am/link/link.h) as long as there is a connection. Where
// there is none, or whoever sends asks for it (CallOptions::plane), they go
// over gRPC, which am/control implements (am/control/grpc_control_plane.h) and
// ManagerOptions::control_plane brings in; without one there is only the data
// plane.
//
// What a message is promised is the same, but for order: a call keeps its
// number and its sender, so that the receiver's memory of repeated calls
// (am/dispatch/dedup_window.h) knows it, whichever way it comes.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "am/call/retries.h"
#include "am/instance_id.h"
#include "am/pending_call.h"
#include "am/transport/buffer.h"
#include "am/wire/wire.h"

namespace am {

// Threads: any. Shared by any number of managers.
class ControlPlane {
 public:
  // A call or a one-way message on its way.
  struct Message {
    std::string address;  // of the receiver's server, "host:port"
    std::string handler;  // full name
    InstanceId sender;
    InstanceId target;     // for no other incarnation; nobody: whoever serves
    MessageHeader header;  // its kind, flags, codec and call id
    std::string metadata;  // as on the wire
    transport::Buffer payload;
    absl::Duration timeout;  // what is left
  };

  // How that ended.
  struct Outcome {
    Reply reply;

    // If it failed. kLost: on the way, so that it may have run.
    AttemptEnd end = AttemptEnd::kRan;
  };
  using OnDone = absl::AnyInvocable<void(Outcome) &&>;

  class Attempt {
   public:
    virtual ~Attempt() = default;

    // It is not awaited any more: its handler hears of that, and it is done
    // soon. Nothing happens if it is done.
    virtual void Cancel() = 0;
  };

  virtual ~ControlPlane() = default;

  // Sends a message. `on_done` runs once, on any thread, with no lock held,
  // maybe before this returns, and no later than the timeout; it does not
  // block. Nothing of the plane's is touched after it. Never blocks.
  virtual std::shared_ptr<Attempt> Start(Message message, OnDone on_done) = 0;
};

}  // namespace am
