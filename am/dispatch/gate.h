// Gate: admits so many calls at once and lets the others wait in order.
//
// It is what a concurrency limit is: a call enters before it runs and leaves
// when it has, and who leaves brings in the next. A gate for one is what makes
// a handler `ordered`.
//
// Threads: any.
#pragma once

#include <deque>
#include <memory>

#include "am/transport/mutex.h"

namespace am {

class InboundCall;

class Gate {
 public:
  explicit Gate(int limit);
  ~Gate();

  // Takes `call` and leaves null where there is no room; the Leave that makes
  // room returns it, then as one that has entered.
  void Enter(std::unique_ptr<InboundCall>& call);

  // The next call to enter, or null.
  std::unique_ptr<InboundCall> Leave();

  // Whether nothing has entered.
  bool IsIdle() const;

  // Destroys what waits; for the end of a shutdown.
  void Clear();

 private:
  const int limit_;
  mutable Mutex mutex_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::unique_ptr<InboundCall>> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
