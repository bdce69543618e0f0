// Gateway: an Inference service that has another instance do the work.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/examples/inference.am.h"
#include "am/target.h"
#include "am/task.h"

namespace am::examples {

// Its handlers are coroutines: while one waits for the worker, it occupies no
// thread. What is left of the caller's deadline bounds the calls they make.
class Gateway final : public ::examples::InferenceAm::CoService {
 public:
  explicit Gateway(am::Target worker) : worker_(worker) {}

  // Has the worker validate, then compute.
  am::Task<absl::StatusOr<::examples::ComputeResult>> Compute(
      am::Context& context,
      const ::examples::ComputeRequest& request) override {
    const ::examples::InferenceAm::Client worker(context.client(), worker_);
    const absl::Status valid = co_await worker.Validate(request.batch());
    if (!valid.ok()) co_return valid;
    co_return co_await worker.Compute(request);
  }

 private:
  const am::Target worker_;
};

}  // namespace am::examples
