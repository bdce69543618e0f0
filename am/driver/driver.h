// Driver: what makes a node go: threads in a process, a queue in a simulated
// world.
//
// The node is event-driven. Frames and ticks go in, each with the time; frames
// and completions come out. It starts no thread and never waits by itself: it
// asks its Driver, whose one promise is that at any time one thread at the
// most is inside the FrameSink (it "holds the receiving role").
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "am/pending_call.h"
#include "am/transport/transport.h"

namespace am {

using Work = absl::AnyInvocable<void() &&>;

// Something that gathered output during a burst and sends it at its end.
class Flushable {
 public:
  virtual ~Flushable() = default;
  virtual void Flush() = 0;
};

// What a node does with events. One call at a time. Runs none of the user's
// code: that goes to Driver::RunQuick and RunOnPool.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void OnFrame(transport::InboundFrame frame, absl::Time now) = 0;

  // Does what is due and returns when something is next.
  virtual absl::Time OnTick(absl::Time now) = 0;
};

// Threads: any, for every call but Start and Stop.
class Driver {
 public:
  virtual ~Driver() = default;

  // From now on `sink` is called, until Stop returns. Work that has not begun
  // by then is run by Stop, and work that comes later by the thread that brings
  // it (am/driver/late_work.h): nothing that somebody waits to hear is dropped.
  // Stop must not be called from a thread of the driver.
  virtual void Start(FrameSink& sink) = 0;
  virtual void Stop() = 0;

  // Runs code of the user's that should be quick: after the frames of this
  // burst have been taken, by the receiving thread if that is one of ours,
  // else on the worker pool. If it stalls, another thread takes the role over.
  virtual void RunQuick(Work work) = 0;

  // Runs code that may block on the worker pool. Work is begun in order.
  virtual void RunOnPool(Work work) = 0;

  // The time as this thread last saw it, within a burst; what the clock says
  // elsewhere. It lags by a few pieces of quick work, which cannot have
  // stalled.
  virtual absl::Time RecentTime() = 0;

  // Has OnTick called at `when`, if it would be later otherwise.
  virtual void WakeAt(absl::Time when) = 0;

  // Whether this thread is in the midst of a burst, in the sink or in quick
  // work.
  virtual bool IsInBurst() const = 0;

  // True if this thread is in the midst of a burst: `output` will be flushed
  // at its end, or earlier if the burst stalls. False: flush it now.
  virtual bool DeferFlush(std::shared_ptr<Flushable> output) = 0;

  // Blocks until the call is done. Receives meanwhile, when nobody else does.
  virtual void Wait(PendingCall& call) = 0;

  // Blocks until `condition` is true, which is looked at after each Notify, or
  // the deadline has passed. Returns the condition.
  virtual bool WaitUntil(absl::FunctionRef<bool()> condition,
                         absl::Time deadline) = 0;
  virtual void Notify() = 0;
};

}  // namespace am
