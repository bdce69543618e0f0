// Promise: something that is awaited here and that somebody here will finish.
//
//   am::Promise ready(manager.client(), absl::Seconds(10));
//   am::Future<void> awaited = ready.future();   // to a thread or a coroutine
//   ...
//   ready.Finish();               // by another thread, or within a handler
//
//   co_await am::Promise(client, absl::Seconds(1)).future();   // a timer
//
// Its future ends as Finish says or, once `timeout` has passed, with
// DEADLINE_EXCEEDED; with UNAVAILABLE when the instance shuts down first. Time
// is that of the instance's clock, in a simulated world too.
//
// Threads: any. A value; copies stand for the same promise. It need not outlive
// its future, nor the other way round.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "am/call/call_table.h"
#include "am/client.h"
#include "am/future.h"
#include "am/task.h"

namespace am {

class Promise final {
 public:
  // `timeout` is at most 24 h.
  Promise(const Client& client, absl::Duration timeout);

  // REQUIRES: called once.
  Future<void> future() const { return Future<void>(call_); }

  bool ended() const { return call_->done(); }

  // False: it had ended already. Callbacks and coroutines go on elsewhere, not
  // within.
  bool Finish(absl::Status status = absl::OkStatus()) const;

 private:
  std::shared_ptr<CallTable> table_;
  std::shared_ptr<CallTable::Call> call_;
};

// Runs `task` to its first suspension and lets it go on by itself, as StartTask
// does, but as work of its own: if a handler runs on this thread, the calls of
// the task have nothing of that handler's deadline and cancellation.
void StartInBackground(Task<void> task);

}  // namespace am
