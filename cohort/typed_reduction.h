// What Leader::Reduce and AllReduce do, with types. Coroutines, which share in
// the leader's core and keep all else that they are given.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "am/cohort/leader_core.h"
#include "am/cohort/operation.h"
#include "am/cohort/reduction.h"
#include "google/protobuf/descriptor.h"

namespace am::cohort {

// A value made of those of all ranks, and what became of each of them.
template <typename T>
struct ReducedValue {
  absl::StatusOr<T> value = absl::UnavailableError("no answer");
  Outcomes<void> ranks = Outcomes<void>();
};

namespace internal {

// Whether field 1 of `Values` is `repeated Value`.
template <typename Values, typename Value>
absl::Status CheckReducer() {
  const auto* const field = Values::descriptor()->FindFieldByNumber(1);
  if (field != nullptr && field->is_repeated() &&
      field->message_type() == Value::descriptor()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "field 1 of " + Values::descriptor()->full_name() + " is not repeated " +
      Value::descriptor()->full_name());
}

inline absl::Duration TimeoutOf(const OperationOptions& options) {
  return options.timeout > absl::ZeroDuration()
             ? std::min(options.timeout, kMaxTimeout)
             : kDefaultTimeout;
}

template <typename Value, typename Values, typename Request>
Task<ReducedValue<Value>> ReduceTask(
    std::shared_ptr<LeaderCore> core,
    Method<Request, Value, Pattern::kResponse> produce, Request request,
    Method<Values, Value, Pattern::kResponse> reducer, absl::Duration timeout,
    OnFailure on_failure) {
  ReducedValue<Value> reduced;
  absl::Status checked = CheckReducer<Values, Value>();
  if (!checked.ok()) {
    reduced.value = std::move(checked);
    co_return reduced;
  }
  v1::ReduceRequest reduce;
  reduce.set_produce(std::string(produce.spec.name));
  reduce.set_reduce(std::string(reducer.spec.name));
  reduce.set_request(request.SerializeAsString());
  reduce.set_fan_out(kReduceFanOut);
  LeaderCore::ReducedBytes bytes = co_await core->Reduce(
      std::move(reduce), timeout, on_failure == OnFailure::kCancelRest);
  reduced.ranks = Outcomes<void>(std::move(bytes.ranks));
  if (!bytes.value.ok()) {
    reduced.value = bytes.value.status();
    co_return reduced;
  }
  Value value;
  checked = Decode(*bytes.value, Codec::kProtobuf, value);
  if (checked.ok()) {
    reduced.value = std::move(value);
  } else {
    reduced.value = std::move(checked);
  }
  co_return reduced;
}

template <typename Value, typename Values, typename Request>
Task<ReducedValue<Value>> AllReduceTask(
    std::shared_ptr<LeaderCore> core,
    Method<Request, Value, Pattern::kResponse> produce, Request request,
    Method<Values, Value, Pattern::kResponse> reducer,
    Method<Value, void, Pattern::kAck> deliver, absl::Duration timeout,
    OnFailure on_failure) {
  const absl::Time until = core->Now() + timeout;
  ReducedValue<Value> reduced = co_await ReduceTask<Value, Values, Request>(
      core, produce, request, reducer, timeout, on_failure);
  if (!reduced.value.ok()) co_return reduced;
  OperationOptions options;
  options.timeout = std::max(until - core->Now(), absl::Nanoseconds(1));
  options.on_failure = on_failure;
  Operation<void> delivery(
      core->Spread(deliver.spec, Serialised(*reduced.value), options));
  reduced.ranks = co_await delivery;
  if (!reduced.ranks.ok()) reduced.value = reduced.ranks.status();
  co_return reduced;
}

}  // namespace internal
}  // namespace am::cohort
