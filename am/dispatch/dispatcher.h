// Dispatcher: from a message that arrived to a handler that runs.
//
// A message is refused at once if there is no handler for it, the handler has
// another pattern, its time has run out, we are shutting down, or too much is
// waiting already. Otherwise it passes up to three gates (the sender's, for an
// ordered handler; the handler's limit; the manager's limit), each of which
// may make it wait, and runs: inline on the receiving thread if its handler is
// quick, else on the worker pool.
//
// Every call is answered, every one-way message is counted. A call that its
// peer may send again passes through the window (am/dispatch/dedup_window.h)
// first, and its reply is kept there.
//
// Most messages come over a link, from a peer. One that comes another way is a
// local message: its sender is any Sender, and a quick handler may run for it
// on the thread that brings it. All else is the same for both.
//
// Threads: any; Dispatch only by the holder of the receiving role.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "am/clock.h"
#include "am/counters.h"
#include "am/dispatch/cancellations.h"
#include "am/dispatch/dedup_window.h"
#include "am/dispatch/gate.h"
#include "am/dispatch/handler_table.h"
#include "am/dispatch/inbound_call.h"
#include "am/driver/driver.h"
#include "am/manager_options.h"
#include "am/peer/peer.h"
#include "am/peer/sender.h"
#include "am/planted_bug.h"
#include "am/wire/wire.h"

namespace am {

class Client;

class Dispatcher final : public InboundCallOwner {
 public:
  // All must outlive the dispatcher, and the dispatcher its calls. `on_counted`
  // is called, by any thread, when a sender has counted a one-way message that
  // a peer may have to be told of.
  struct Parts {
    const ManagerOptions& options;
    HandlerTable& handlers;
    Driver& driver;
    const Clock& clock;
    Client& client;
    Counters& counters;
    std::function<void()> on_counted;
  };

  explicit Dispatcher(Parts parts);

  // REQUIRES: the driver has stopped. Abandons what still waits.
  ~Dispatcher() override;

  // `message` is a NO_RETURN, ACK_CALL or CALL that `reader` has just read.
  void Dispatch(const std::shared_ptr<Peer>& peer, const MessageView& message,
                const FrameReader& reader, absl::Time now);

  // A message that comes from elsewhere than a peer's link.
  struct LocalMessage {
    std::shared_ptr<Sender> sender;
    std::shared_ptr<HandlerEntry> handler;
    MessageHeader header;        // its kind, flags, codec and call id
    transport::Buffer metadata;  // as on the wire
    transport::Buffer payload;
    absl::Time deadline;
    std::stop_source stop;  // the sender's, to cancel it

    // This instance sent it to itself: Cancel knows it by its call id.
    bool is_from_self = false;

    // Whether its handler, if it is quick, runs on the thread that brings it.
    bool may_run_here = true;
  };

  // As Dispatch. The sender may hear of the end before this returns. False: the
  // message was refused, and the sender knows why.
  bool DispatchLocal(LocalMessage message);

  // The sender does not await this call any more: its context is told, and if
  // it has not begun to run it never will.
  void Cancel(InstanceId sender, std::uint64_t call_id) {
    cancellations_.Cancel(sender, call_id);
  }

  // The peer is gone and awaits none of its calls, but for those that it may
  // send again: these are cancelled at their deadlines.
  void CancelAllOf(const Peer& peer);

  // The same for everybody, at the end of a shutdown: nothing but the
  // framework's own handlers begins to run any more.
  void CancelAll() { cancellations_.CancelAll(); }

  // Cancels what is due; returns when to come again.
  absl::Time OnTick(absl::Time now) { return cancellations_.OnTick(now); }

  // From now on every message is refused with UNAVAILABLE.
  void RefuseNew() { refusing_.store(true); }

  // Calls admitted and not finished.
  int active() const { return active_.load(); }

  // Those of them that have not begun to run.
  int queued() const { return queued_.load(); }

 private:
  using SenderHandler = std::pair<std::uint64_t, std::uint64_t>;

  bool EntersWindow(const std::shared_ptr<Sender>& sender,
                    const MessageHeader& header, absl::Time now);
  absl::Status Check(const HandlerEntry* handler, const MessageHeader& header,
                     std::size_t bytes) const;
  void Refuse(const std::shared_ptr<Sender>& sender,
              const MessageHeader& header, const absl::Status& status);
  DedupWindow::Senders Forget(const std::shared_ptr<Sender>& sender,
                              const MessageHeader& header);
  void Account(Sender& sender, const absl::Status& status);
  void Answer(const InboundCall& call, const absl::Status& status,
              const Payload& value);
  void Reply(Sender& sender, std::uint64_t call_id, std::uint8_t flags,
             const absl::Status& status, const Payload& value);
  void Replay(Sender& sender, std::uint64_t call_id,
              const DedupWindow::CachedReply& reply);
  void Admit(std::unique_ptr<InboundCall> call);
  std::unique_ptr<InboundCall> PassGates(std::unique_ptr<InboundCall> call);
  void Schedule(std::unique_ptr<InboundCall> call);
  void Begin(std::unique_ptr<InboundCall> call);
  void Run(std::unique_ptr<InboundCall> call, absl::Time begin, bool is_timed);
  bool IsUngated(const HandlerEntry& handler) const;
  std::shared_ptr<Gate> GateOf(const InboundCall& call, int index);
  std::shared_ptr<Gate> SenderGate(const InboundCall& call);
  bool RunsInline(const HandlerEntry& handler) const;

  void OnFinished(InboundCall& call, const absl::Status& status,
                  const Payload& value) override;
  absl::Status TooLarge(absl::string_view what, std::size_t bytes) const;

  const ExecutionOptions options_;
  const std::size_t max_message_bytes_;
  HandlerTable& handlers_;
  Driver& driver_;
  const Clock& clock_;
  Client& client_;
  Counters& counters_;
  const std::function<void()> on_counted_;
  DedupWindow window_;
  BugTrigger planted_bug_;
  const std::shared_ptr<Gate> manager_gate_;
  std::atomic<bool> refusing_ = false;
  std::atomic<int> active_ = 0;
  std::atomic<int> queued_ = 0;

  Cancellations cancellations_;

  Mutex mutex_;
  std::map<SenderHandler, std::shared_ptr<Gate>> sender_gates_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
