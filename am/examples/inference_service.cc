#include "am/examples/inference_service.h"

#include <iostream>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace am::examples {

void InferenceService::Log(am::Context&, const ::examples::LogEntry& entry) {
  std::cout << absl::StrCat("log: ", entry.text(), "\n") << std::flush;
}

absl::Status InferenceService::Validate(am::Context&,
                                        const ::examples::Batch& batch) {
  if (batch.values().empty()) {
    return absl::InvalidArgumentError("the batch is empty");
  }
  return absl::OkStatus();
}

absl::StatusOr<::examples::ComputeResult> InferenceService::Compute(
    am::Context&, const ::examples::ComputeRequest& request) {
  const auto& values = request.batch().values();
  ::examples::ComputeResult result;
  result.set_sum(std::accumulate(values.begin(), values.end(), 0.0));
  return result;
}

}  // namespace am::examples
