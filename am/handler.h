// Handler: what runs when a message arrives, with its type erased.
//
// Nobody writes one by hand: Bind makes it from a method token and a function,
// which may be plain or a coroutine.
//
//   Bind(InferenceAm::kCompute, [](Context&, const Request& request)
//       -> absl::StatusOr<Response> { ... })
//   Bind(InferenceAm::kCompute, [](Context&, const Request& request)
//       -> Task<absl::StatusOr<Response>> { ... })
//
//   pattern      plain function returns     coroutine returns
//   kNoReturn    void                       Task<void>
//   kAck         absl::Status               Task<absl::Status>
//   kResponse    absl::StatusOr<Response>   Task<absl::StatusOr<Response>>
//
// A request is a protobuf message, or bytes as they are: a std::string, or an
// absl::string_view of where they arrived, which is not copied and is valid
// until the function has returned or the coroutine has ended.
//
// A handler runs concurrently with itself unless its contract says `ordered`.
// What it throws becomes INTERNAL. An input that does not decode becomes
// INVALID_ARGUMENT and the function is not run.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "am/codec.h"
#include "am/context.h"
#include "am/method.h"
#include "am/payload.h"
#include "am/task.h"

namespace am {

// One message being handled. Finish is called exactly once, after which the
// invocation must not be touched. The dispatcher implements it.
class Invocation {
 public:
  virtual ~Invocation() = default;
  virtual Context& context() = 0;
  virtual absl::string_view payload() const = 0;
  virtual void Finish(absl::Status status) = 0;
  virtual void FinishWith(const Payload& value) = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;

  // Whether Run may return before Finish is called.
  virtual bool is_coroutine() const = 0;

  // Runs the function on this thread and finishes `invocation`, within Run or,
  // for a coroutine, later.
  virtual void Run(Invocation& invocation) = 0;
};

// A handler and its contract, as registered.
struct HandlerBinding {
  MethodSpec spec;
  std::unique_ptr<Handler> handler;
};

template <typename Request, typename Response, Pattern pattern, typename F>
HandlerBinding Bind(const Method<Request, Response, pattern>& method, F f);

// -- Implementation --------------------------------------------------------

namespace internal {

// The full name of a protobuf type; empty for bytes. Valid for ever.
template <typename T>
absl::string_view TypeName() {
  if constexpr (std::is_same_v<T, std::string> ||
                std::is_same_v<T, absl::string_view>) {
    return "";
  } else {
    return T::descriptor()->full_name();
  }
}

template <typename T>
struct TaskResult {
  static constexpr bool kIsTask = false;
  using type = T;
};
template <typename T>
struct TaskResult<Task<T>> {
  static constexpr bool kIsTask = true;
  using type = T;
};

inline void FinishFrom(Invocation& invocation, absl::Status status) {
  invocation.Finish(std::move(status));
}

template <typename Response>
void FinishFrom(Invocation& invocation,
                const absl::StatusOr<Response>& result) {
  if (!result.ok()) return invocation.Finish(result.status());
  if constexpr (std::is_same_v<Response, std::string>) {
    invocation.FinishWith(Payload::Borrow(*result));
  } else {
    invocation.FinishWith(Payload::Of(*result, invocation.context().codec()));
  }
}

template <typename Response, Pattern pattern>
struct ResultOf {
  using type = absl::StatusOr<Response>;
};
template <>
struct ResultOf<void, Pattern::kAck> {
  using type = absl::Status;
};
template <>
struct ResultOf<void, Pattern::kNoReturn> {
  using type = void;
};

template <typename Request, typename Result, typename F>
class FunctionHandler final : public Handler {
 public:
  explicit FunctionHandler(F f) : f_(std::move(f)) {}

  bool is_coroutine() const override { return false; }

  void Run(Invocation& invocation) override {
    Request request;
    Context& context = invocation.context();
    absl::Status decoded =
        Decode(invocation.payload(), context.codec(), request);
    if (!decoded.ok()) return invocation.Finish(std::move(decoded));
    if constexpr (std::is_void_v<Result>) {
      f_(context, std::as_const(request));
      invocation.Finish(context.refusal());
    } else {
      FinishFrom(invocation, Result(f_(context, std::as_const(request))));
    }
  }

 private:
  F f_;
};

template <typename Request, typename Result, typename F>
class CoroutineHandler final : public Handler {
 public:
  explicit CoroutineHandler(F f) : f_(std::move(f)) {}

  bool is_coroutine() const override { return true; }

  void Run(Invocation& invocation) override {
    auto request = std::make_unique<Request>();
    absl::Status decoded =
        Decode(invocation.payload(), invocation.context().codec(), *request);
    if (!decoded.ok()) return invocation.Finish(std::move(decoded));
    StartTask(Call(f_, invocation, std::move(request)));
  }

 private:
  // Owns the request for as long as the coroutine runs. Static: a lambda's
  // captures would die with the handler's frame.
  static Task<void> Call(F& f, Invocation& invocation,
                         std::unique_ptr<Request> request) {
    Context& context = invocation.context();
    try {
      if constexpr (std::is_void_v<Result>) {
        co_await f(context, std::as_const(*request));
        invocation.Finish(context.refusal());
      } else {
        FinishFrom(invocation,
                   Result(co_await f(context, std::as_const(*request))));
      }
    } catch (const std::exception& error) {
      invocation.Finish(absl::InternalError(error.what()));
    } catch (...) {
      invocation.Finish(absl::InternalError("the handler threw"));
    }
  }

  F f_;
};

}  // namespace internal

template <typename Request, typename Response, Pattern pattern, typename F>
HandlerBinding Bind(const Method<Request, Response, pattern>& method, F f) {
  using Expected = typename internal::ResultOf<Response, pattern>::type;
  using Returned = std::invoke_result_t<F&, Context&, const Request&>;
  using Task = internal::TaskResult<Returned>;
  static_assert(
      std::is_convertible_v<typename Task::type, Expected> ||
          std::is_void_v<Expected>,
      "a NoReturn handler returns void, an Ack handler absl::Status, a "
      "Response handler absl::StatusOr<Response>; or a Task of it");
  static_assert(
      !std::is_void_v<Expected> || std::is_void_v<typename Task::type>,
      "a NoReturn handler returns void or Task<void>");
  if constexpr (Task::kIsTask) {
    return {method.spec,
            std::make_unique<internal::CoroutineHandler<Request, Expected, F>>(
                std::move(f))};
  } else {
    return {method.spec,
            std::make_unique<internal::FunctionHandler<Request, Expected, F>>(
                std::move(f))};
  }
}

}  // namespace am
