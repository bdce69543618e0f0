// Trainer: what the workers of the examples do.
#pragma once

#include "am/cohort/examples/trainer.am.h"

namespace am::examples {

class Trainer final : public ::examples::TrainerAm::Service {
 public:
  void Log(Context&, const ::examples::Job& job) override;
  absl::Status Load(Context&, const ::examples::Shard& shard) override;
  absl::StatusOr<::examples::Vector> Gradient(
      Context&, const ::examples::Vector& weights) override;
  absl::StatusOr<::examples::Vector> Add(
      Context&, const ::examples::Vectors& vectors) override;
  absl::Status Update(Context&, const ::examples::Vector& weights) override;
  absl::StatusOr<::examples::JobResult> Work(
      Context& context, const ::examples::Job& job) override;

 private:
  // Calls of one leader that follow each other; no lock is needed here.
  ::examples::Shard shard_;
  ::examples::Vector weights_;
};

}  // namespace am::examples
