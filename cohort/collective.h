// Collective: what all ranks do together, awaited by a thread or a coroutine.
//
//   auto reduced = leader.Reduce(...).Await();     // a thread
//   auto reduced = co_await leader.Reduce(...);    // a coroutine
//
// It begins when it is awaited. If the instance shuts down meanwhile, the
// result may be a T as its default constructor makes it.
//
// Ownership: move-only; one that is not awaited never begins.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "am/client.h"
#include "am/promise.h"
#include "am/task.h"

namespace am::cohort {

template <typename T>
class [[nodiscard]] Collective final {
 public:
  Collective(Client client, Task<T> task)
      : client_(client), task_(std::move(task)) {}

  // Blocks until it is done. Consumes it.
  T Await() {
    const auto result = std::make_shared<std::optional<T>>();
    const Promise done(client_, kMaxTimeout);
    Future<void> awaited = done.future();
    StartTask(Run(std::move(task_), result, done));
    awaited.Await().IgnoreError();
    return result->has_value() ? std::move(**result) : T();
  }

  // Consumes it.
  auto operator co_await() const noexcept { return task_.operator co_await(); }

 private:
  static Task<void> Run(Task<T> task, std::shared_ptr<std::optional<T>> result,
                        Promise done) {
    result->emplace(co_await task);
    done.Finish();
  }

  Client client_;
  Task<T> task_;
};

}  // namespace am::cohort
