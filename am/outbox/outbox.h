// Outbox: from a call or a one-way message to the link of its peer or, where
// that is asked for or there is no link, to the control plane.
//
// Threads: any. Nothing blocks but a send that waits for room
// (CallOptions::when_full).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/call/call_table.h"
#include "am/call_options.h"
#include "am/clock.h"
#include "am/counters.h"
#include "am/manager_options.h"
#include "am/method.h"
#include "am/outbox/control_outbox.h"
#include "am/outbox/self_link.h"
#include "am/payload.h"
#include "am/peer/peer_table.h"
#include "am/target.h"
#include "am/wire/wire.h"

namespace am {

class Outbox final {
 public:
  // All must outlive it.
  Outbox(const ManagerOptions& options, const PeerTable& peers, SelfLink& self,
         ControlOutbox& control, std::shared_ptr<CallTable> calls,
         Counters& counters, const Clock& clock);

  // See Client; `payload` is read before they return.
  std::shared_ptr<PendingCall> StartCall(const MethodSpec& spec, Target target,
                                         const Payload& payload,
                                         const CallOptions& options);
  absl::Status SendOneWay(const MethodSpec& spec, Target target,
                          const Payload& payload, const CallOptions& options);

  // What a call may take: what was asked for, else its contract's, else 30 s;
  // and no more than is left to the handler in which it is made.
  static absl::Duration TimeoutOf(const MethodSpec& spec,
                                  const CallOptions& options);

  // By which plane it goes; kAuto: that is seen when it does. Only if there is
  // a control plane and no order to be kept.
  Plane PlaneOf(const MethodSpec& spec, const CallOptions& options) const;

  // A call that cannot even begin.
  std::shared_ptr<PendingCall> Ended(absl::Status why) {
    return calls_->Ended(std::move(why));
  }

  // Sends a call of the table again.
  void Repeat(CallTable::Call& call);

  // A call that is made within a handler ends when that is cancelled.
  void CancelWithHandler(const std::shared_ptr<CallTable::Call>& call);

  // Tells a peer that a call is not awaited any more.
  void SendCancel(InstanceId peer, std::uint64_t call_id);

 private:
  // What a message to a peer needs beyond its payload.
  struct Outgoing {
    InstanceId target;
    std::shared_ptr<Peer> peer;  // null if it is not known
    absl::string_view handler;   // full name
    Plane plane = Plane::kData;
    bool over_control = false;
    absl::Duration timeout;
    std::string metadata;
  };

  absl::StatusOr<Outgoing> Prepare(const MethodSpec& spec, Target target,
                                   const Payload& payload,
                                   const CallOptions& options) const;
  void Route(Outgoing& outgoing) const;
  bool MayFallBack(const Outgoing& outgoing) const;
  absl::Status Send(Outgoing& outgoing, MessageHeader header,
                    const Payload& payload, WhenFull when_full, absl::Time now);
  absl::Status TrySend(Outgoing& outgoing, const MessageHeader& header,
                       const Payload& payload, absl::Time now);
  bool IsToSelf(const Outgoing& outgoing) const;
  bool AwaitRoom(const Outgoing& outgoing, std::uint64_t waiter);
  absl::Status SendOverLink(const Outgoing& outgoing,
                            const MessageHeader& header, const Payload& payload,
                            absl::Time now);
  absl::Status SendOverControl(const Outgoing& outgoing,
                               const MessageHeader& header,
                               const Payload& payload);
  std::shared_ptr<CallTable::Call> Begin(const MethodSpec& spec,
                                         const Payload& payload,
                                         const CallOptions& options,
                                         const Outgoing& outgoing,
                                         absl::Time deadline);
  void Fail(const CallTable::Call& call, absl::Status unsent);
  absl::Status WaitForRoom(const Outgoing& outgoing, absl::Time deadline);

  const ManagerOptions& options_;
  const PeerTable& peers_;
  SelfLink& self_;
  ControlOutbox& control_;
  const std::shared_ptr<CallTable> calls_;
  Counters& counters_;
  const Clock& clock_;
};

}  // namespace am
