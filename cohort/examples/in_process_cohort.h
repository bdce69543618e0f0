// A cohort in one process, for examples that show something else.
#pragma once

#include <memory>
#include <vector>

#include "am/cohort/cohort.h"
#include "am/cohort/examples/trainer.h"
#include "am/examples/or_die.h"

namespace am::examples {

class InProcessCohort final {
 public:
  explicit InProcessCohort(int workers)
      : trainers_(static_cast<std::size_t>(workers) + 1),
        leading_(OrDie(Manager::Make())) {
    OrDie(leading_->Register(trainers_.back()));  // reducers run here too
    leader_ = OrDie(cohort::Leader::Make(
        *leading_, {.size = cohort::CohortSize::Fixed(workers)}));
    for (int rank = 0; rank < workers; ++rank) {
      managers_.push_back(OrDie(Manager::Make()));
      OrDie(managers_.back()->Register(
          trainers_[static_cast<std::size_t>(rank)]));
      cohort::WorkerOptions options;
      options.leader = leading_->addresses().front().ToString();
      options.rank = rank;
      workers_.push_back(
          OrDie(cohort::Worker::Join(*managers_.back(), options)));
    }
    OrDie(leader_->AwaitComplete(absl::Seconds(10)));
  }

  cohort::Leader& leader() { return *leader_; }

 private:
  std::vector<Trainer> trainers_;
  std::unique_ptr<Manager> leading_;
  std::unique_ptr<cohort::Leader> leader_;
  std::vector<std::unique_ptr<Manager>> managers_;
  std::vector<std::unique_ptr<cohort::Worker>> workers_;
};

}  // namespace am::examples
