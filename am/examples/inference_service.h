// InferenceService: the three patterns, served by plain functions.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/examples/inference.am.h"

namespace am::examples {

// Several threads call it at once; it has no state to guard.
class InferenceService final : public ::examples::InferenceAm::Service {
 public:
  // Prints the entry.
  void Log(am::Context& context, const ::examples::LogEntry& entry) override;

  // INVALID_ARGUMENT: there are no values.
  absl::Status Validate(am::Context& context,
                        const ::examples::Batch& batch) override;

  // Adds up the values.
  absl::StatusOr<::examples::ComputeResult> Compute(
      am::Context& context, const ::examples::ComputeRequest& request) override;
};

}  // namespace am::examples
