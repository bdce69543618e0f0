// SelfLink: messages of an instance to itself, with the bounds, the order, the
// ends and the account that those to a peer have.
//
// A message waits until a thread of the worker pool hands it to the dispatcher,
// one after the other and in order, since the thread that sends it may hold
// locks. Only a handler declared INLINE, which never blocks, runs on that
// thread, within Send: if nothing waits before it, and neither another handler
// nor a burst is under way there.
//
// Threads: any. Nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/dispatch/dispatcher.h"
#include "am/dispatch/handler_table.h"
#include "am/driver/driver.h"
#include "am/ledger.h"
#include "am/link/link.h"
#include "am/manager_options.h"
#include "am/peer/sender.h"
#include "am/transport/mutex.h"

namespace am {

class SelfLink final : public Sender,
                       public std::enable_shared_from_this<SelfLink> {
 public:
  // All must outlive it.
  struct Parts {
    InstanceId self;
    const LinkOptions& limits;
    HandlerTable& handlers;
    Dispatcher& dispatcher;
    Driver& driver;
    // The end of a call, as Sender::Reply; of any thread.
    std::function<void(const MessageHeader& header, absl::string_view metadata,
                       transport::Buffer payload)>
        on_reply;
    Link::OnRoom on_room;  // see AwaitRoom
  };

  explicit SelfLink(Parts parts)
      : Sender(parts.self), parts_(std::move(parts)) {}

  // RESOURCE_EXHAUSTED: too much waits.
  absl::Status Send(MessageHeader header, absl::string_view metadata,
                    const Payload& payload, absl::Time deadline);

  // True: `waiter` is passed to on_room once the queue is half empty. False:
  // there is room by now.
  bool AwaitRoom(std::uint64_t waiter);

  // A call is not awaited any more.
  void Cancel(std::uint64_t call_id) {
    parts_.dispatcher.Cancel(id(), call_id);
  }

  // Of one-way messages.
  Ledger ledger() const;

  void Reply(const MessageHeader& header, absl::string_view metadata,
             const Payload& value) override;
  void Account(const absl::Status& outcome) override;

 private:
  struct Message {
    MessageHeader header;
    std::string metadata;
    transport::Buffer payload;
    absl::Time deadline;

    std::size_t bytes() const { return metadata.size() + payload.size(); }
  };

  bool IsFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<HandlerEntry> HandlerToRunHere(std::uint64_t id) const;
  void Deliver();
  void Dispatch(Message message, std::shared_ptr<HandlerEntry> handler,
                bool may_run_here);
  std::vector<std::uint64_t> TakeWaiters()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Parts parts_;

  mutable Mutex mutex_;
  std::deque<Message> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::uint64_t> waiters_ ABSL_GUARDED_BY(mutex_);
  Ledger ledger_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
