// Future: the result of a call, awaited by a thread, a coroutine or a callback.
//
//   absl::StatusOr<Response> r = stub.Compute(request).Await();       // thread
//   absl::StatusOr<Response> r = co_await stub.Compute(request);      // co
//   stub.Compute(request).OnDone([](absl::StatusOr<Response> r) {});  //
//   callback
//
// Every future completes exactly once, no later than its call's deadline: with
// the handler's value or status, or with UNIMPLEMENTED (no such handler),
// INVALID_ARGUMENT (the payload does not decode), FAILED_PRECONDITION (the
// handler has another pattern), DEADLINE_EXCEEDED, CANCELLED,
// RESOURCE_EXHAUSTED (overload, or a full queue), UNAVAILABLE (peer unknown,
// lost or draining), ABORTED (it was sent again, but what became of it the
// first time had been forgotten), or INTERNAL (the handler threw). Where there
// is a retry policy (am/retry_policy.h), that is how the last attempt ended.
//
// Ownership: move-only. Its destructor cancels a call that nobody awaits;
// Detach lets it run on. A call made within a handler is cancelled with that
// handler, detached or not.
// Threads: one at a time. A call, its future and its result are otherwise free
// to move between threads.
#pragma once

#include <coroutine>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "am/pending_call.h"

namespace am {

class Context;

namespace internal {
// The handler invocation that runs on this thread, or null. A coroutine takes
// it along over a suspension.
Context* CurrentContext();
Context* ExchangeCurrentContext(Context* context);
}  // namespace internal

template <typename T>
class [[nodiscard]] Future {
 public:
  using Result =
      std::conditional_t<std::is_void_v<T>, absl::Status, absl::StatusOr<T>>;

  explicit Future(std::shared_ptr<PendingCall> call) : call_(std::move(call)) {}
  // A future that has failed already.
  explicit Future(absl::Status status)
      : call_(std::make_shared<PendingCall>(Reply{std::move(status), {}, {}})) {
  }

  Future(Future&&) noexcept = default;
  Future& operator=(Future&& other) noexcept {
    Cancel();
    call_ = std::move(other.call_);
    return *this;
  }
  ~Future() { Cancel(); }

  // Whether Await would return at once. REQUIRES: not consumed.
  bool ready() const { return call_->done(); }

  // Blocks until the call is done. Consumes the future.
  Result Await() {
    const std::shared_ptr<PendingCall> call = std::move(call_);
    call->Wait();
    return Take(*call);
  }

  // `callback` runs once, with the result, on one of the framework's threads:
  // never within OnDone, and not under any lock of the caller's or ours. It
  // should be quick. Once the instance has shut down it has no threads, and
  // the callback of a call begun then runs within OnDone. Consumes the future.
  template <typename Callback>
  void OnDone(Callback callback) {
    PendingCall& call = *call_;
    call.SetContinuation(
        [call = std::move(call_), callback = std::move(callback)]() mutable {
          std::move(callback)(Take(*call));
        });
  }

  // The call runs on to its end, unobserved. Consumes the future.
  void Detach() { call_.reset(); }

  // The call ends with CANCELLED, and its handler's context hears of it.
  // Consumes the future.
  void Cancel() {
    if (call_ != nullptr && !call_->done()) call_->Cancel();
    call_.reset();
  }

  // `co_await future` suspends until the call is done and resumes on one of the
  // framework's threads, as a callback would run. Consumes the future.
  class Awaiter;
  Awaiter operator co_await() { return Awaiter(std::move(call_)); }

 private:
  static Result Take(PendingCall& call) {
    Reply reply = call.TakeReply();
    if constexpr (std::is_void_v<T>) {
      return std::move(reply.status);
    } else {
      if (!reply.status.ok()) return std::move(reply.status);
      T value;
      absl::Status status = Decode(reply.payload.view(), reply.codec, value);
      if (!status.ok()) return status;
      return value;
    }
  }

  std::shared_ptr<PendingCall> call_;
};

template <typename T>
class Future<T>::Awaiter {
 public:
  explicit Awaiter(std::shared_ptr<PendingCall> call)
      : call_(std::move(call)) {}
  Awaiter(Awaiter&&) noexcept = default;
  Awaiter& operator=(Awaiter&&) = delete;
  ~Awaiter() {
    // The coroutine was destroyed before the call was done.
    if (call_ == nullptr || call_->done()) return;
    call_->DropContinuation();
    call_->Cancel();
  }

  bool await_ready() const { return call_->done(); }
  void await_suspend(std::coroutine_handle<> coroutine) {
    call_->SetContinuation([coroutine, context = internal::CurrentContext()] {
      Context* const outer = internal::ExchangeCurrentContext(context);
      coroutine.resume();
      internal::ExchangeCurrentContext(outer);
    });
  }
  Result await_resume() {
    const std::shared_ptr<PendingCall> call = std::move(call_);
    return Take(*call);
  }

 private:
  std::shared_ptr<PendingCall> call_;
};

}  // namespace am
