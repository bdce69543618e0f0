// Operation: an operation under way, awaited by a thread or a coroutine.
//
//   cohort::Outcomes<Result> all = leader.ParMap(...).Await();     // thread
//   cohort::Outcomes<Result> all = co_await leader.ParMap(...);    // coroutine
//
// It is done when each of its ranks is, no later than its deadline.
//
// Ownership: move-only. Its destructor cancels an operation that nobody awaits,
// at the workers too; Detach lets it run on. Threads: one at a time.
#pragma once

#include <coroutine>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "am/codec.h"
#include "am/cohort/fan_out.h"
#include "am/cohort/outcome.h"

namespace am::cohort {

namespace internal {

// The typed outcomes of an operation that is done.
template <typename T>
Outcomes<T> Collect(const FanOut& fan_out) {
  std::vector<RankResult<T>> results;
  for (FanOut::Part& part : fan_out.parts()) {
    RankResult<T>& result = results.emplace_back();
    result.rank = part.rank;
    result.took = part.took;
    result.outcome = part.outcome;
    if constexpr (std::is_void_v<T>) {
      result.value = std::move(part.reply.status);
    } else if (part.outcome != Outcome::kOk) {
      result.value = std::move(part.reply.status);
    } else {
      T value;
      absl::Status decoded =
          Decode(part.reply.payload.view(), part.reply.codec, value);
      if (decoded.ok()) {
        result.value = std::move(value);
      } else {
        result.outcome = Outcome::kHandlerError;
        result.value = std::move(decoded);
      }
    }
  }
  return Outcomes<T>(std::move(results));
}

}  // namespace internal

template <typename T>
class [[nodiscard]] Operation final {
 public:
  explicit Operation(std::shared_ptr<FanOut> fan_out)
      : fan_out_(std::move(fan_out)) {}
  Operation(Operation&&) noexcept = default;
  Operation& operator=(Operation&& other) noexcept {
    Cancel();
    fan_out_ = std::move(other.fan_out_);
    return *this;
  }
  ~Operation() { Cancel(); }

  // Whether Await would return at once. REQUIRES: not consumed.
  bool ready() const { return fan_out_->done(); }

  // Blocks until it is done. Consumes the operation.
  Outcomes<T> Await() {
    const std::shared_ptr<FanOut> fan_out = std::move(fan_out_);
    fan_out->Done().Await().IgnoreError();
    return internal::Collect<T>(*fan_out);
  }

  // Goes on to its end, unobserved. Consumes the operation.
  void Detach() { fan_out_.reset(); }

  // Consumes the operation.
  void Cancel() {
    if (fan_out_ != nullptr) {
      fan_out_->Cancel(absl::CancelledError("nobody awaits the operation"));
    }
    fan_out_.reset();
  }

  // Resumes on one of the framework's threads. Consumes the operation.
  class Awaiter;
  Awaiter operator co_await() { return Awaiter(std::move(fan_out_)); }

 private:
  std::shared_ptr<FanOut> fan_out_;
};

template <typename T>
class Operation<T>::Awaiter final {
 public:
  explicit Awaiter(std::shared_ptr<FanOut> fan_out)
      : operation_(fan_out), done_(fan_out->Done().operator co_await()) {}

  bool await_ready() const { return done_.await_ready(); }
  void await_suspend(std::coroutine_handle<> coroutine) {
    done_.await_suspend(coroutine);
  }
  Outcomes<T> await_resume() {
    done_.await_resume().IgnoreError();
    return operation_.Await();
  }

 private:
  Operation operation_;  // cancels it, if the coroutine is destroyed first
  Future<void>::Awaiter done_;
};

}  // namespace am::cohort
