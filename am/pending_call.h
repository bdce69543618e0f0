// PendingCall: one call under way, shared by its Future and the call table.
//
// It is completed exactly once, by whoever removed it from the call table
// (am/call/call_table.h), and then holds its Reply. Whoever waits is told
// through a continuation, set at most once. The hand-over between the two sides
// is one atomic word, so that neither takes a lock:
//
//   kPending -- SetContinuation --> kAwaited -- Complete --> kDone, which
//      |                                                     resumes it
//      +------- Complete --> kDone -- SetContinuation, which resumes it
//
// Threads: Complete and SetContinuation may race; everything else belongs to
// the side that the comment names.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "am/codec.h"
#include "am/transport/buffer.h"

namespace am {

// Who says how a call ended.
enum class ReplyOrigin : std::uint8_t {
  kHere,     // this instance: it is late, cancelled or lost, or was not sent
  kRefused,  // the peer, which did not run the handler
  kHandler,  // the handler, which ran
};

// How a call ended: its status and, when OK and it has one, its value.
struct Reply {
  absl::Status status;
  Codec codec = Codec::kRaw;
  transport::Buffer payload;
  ReplyOrigin origin = ReplyOrigin::kHere;
};

class PendingCall;

// Runs once, when the call is done.
using Continuation = absl::AnyInvocable<void() &&>;

// What a call asks of the node that made it. Lives as long as any of its
// calls.
class CallOwner {
 public:
  virtual ~CallOwner() = default;

  // Completes the call with CANCELLED, unless it is done, and tells the peer.
  virtual void Cancel(PendingCall& call) = 0;

  // Blocks until the call is done, which its deadline bounds. Any thread, with
  // any lock held: no handler, callback or coroutine runs within.
  virtual void Wait(PendingCall& call) = 0;

  // Runs a continuation on one of the framework's threads, soon; within Resume
  // only once these have ended.
  virtual void Resume(Continuation continuation) = 0;
};

class PendingCall {
 public:
  explicit PendingCall(std::shared_ptr<CallOwner> owner);
  // A call that is done before it began.
  explicit PendingCall(Reply reply);

  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;
  virtual ~PendingCall() = default;

  bool done() const { return state_.load(std::memory_order_acquire) == kDone; }

  // The side that completes. Stores the reply and runs the continuation, or
  // has it resumed. REQUIRES: called once, with no lock held.
  void Complete(Reply reply);

  // The side that waits, once. `continuation` is resumed by the CallOwner when
  // the call is done, or soon if it is already.
  void SetContinuation(Continuation continuation);

  // Takes the continuation back, unless the call is done.
  void DropContinuation();

  // As SetContinuation, for a thread that is going to block: `wake` runs
  // within Complete, so it must be quick and never block. False, and it will
  // not run, if the call is done already.
  bool SetWake(Continuation wake);

  void Cancel();
  void Wait();

  // REQUIRES: done(). The side that waits, once.
  Reply TakeReply() { return std::move(reply_); }

 private:
  enum State : std::uint8_t { kPending, kAwaited, kDone };

  bool Publish(Continuation continuation);

  const std::shared_ptr<CallOwner> owner_;
  std::atomic<State> state_;
  bool wakes_ = false;  // the continuation is a wake
  Continuation continuation_;
  Reply reply_;
};

}  // namespace am
