// Task: a coroutine that computes one value.
//
//   am::Task<absl::StatusOr<Reply>> Compute(am::Context& context, ...) {
//     absl::StatusOr<Part> part = co_await other.Fetch(request);
//     if (!part.ok()) co_return part.status();
//     co_return Combine(*part);
//   }
//
// Lazy: it begins when it is awaited, or given to StartTask. Awaiting a task
// runs it at once on the same thread; it resumes wherever the thing it awaits
// resumes it, for a Future on a thread of ours. What it throws is rethrown to
// whoever awaits it.
//
// Ownership: move-only; destroying a Task that has not finished destroys the
// coroutine. Its parameters follow the rules of coroutines: references must
// outlive the task, and a lambda with captures must outlive the coroutine it
// starts.
// Threads: one at a time.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace am {

template <typename T>
class Task;

namespace internal {

// Resumes whoever awaits the task, without growing the stack.
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<Promise> coroutine) const noexcept {
    return coroutine.promise().awaiting;
  }
  void await_resume() const noexcept {}
};

struct TaskPromiseBase {
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() { exception = std::current_exception(); }
  void RethrowIfThrown() const {
    if (exception) std::rethrow_exception(exception);
  }

  std::coroutine_handle<> awaiting = std::noop_coroutine();
  std::exception_ptr exception;
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T Take() {
    RethrowIfThrown();
    return std::move(*value);
  }

  std::optional<T> value;
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void Take() const { RethrowIfThrown(); }
};

}  // namespace internal

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;

  explicit Task(std::coroutine_handle<promise_type> coroutine)
      : coroutine_(coroutine) {}
  Task(Task&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  // Runs the task and yields its value. REQUIRES: awaited once.
  auto operator co_await() const noexcept {
    struct Awaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<> awaiting) const noexcept {
        coroutine.promise().awaiting = awaiting;
        return coroutine;
      }
      T await_resume() const { return coroutine.promise().Take(); }
      std::coroutine_handle<promise_type> coroutine;
    };
    return Awaiter{coroutine_};
  }

 private:
  std::coroutine_handle<promise_type> coroutine_;
};

namespace internal {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

// A coroutine nobody awaits: it begins at once and destroys itself.
struct DetachedCoroutine {
  struct promise_type {  // NOLINT(readability-identifier-naming)
    DetachedCoroutine get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

}  // namespace internal

// Runs `task` on this thread up to its first suspension and lets it go on by
// itself. REQUIRES: the task does not throw; an exception ends the process.
inline internal::DetachedCoroutine StartTask(Task<void> task) { co_await task; }

}  // namespace am
