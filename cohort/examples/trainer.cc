#include "am/cohort/examples/trainer.h"

#include <condition_variable>
#include <iostream>
#include <mutex>

#include "absl/strings/str_cat.h"

namespace am::examples {

void Trainer::Log(Context&, const ::examples::Job& job) {
  std::cout << absl::StrCat("log: job ", job.number(), "\n") << std::flush;
}

absl::Status Trainer::Load(Context&, const ::examples::Shard& shard) {
  if (shard.x_size() != shard.y_size() || shard.x_size() == 0) {
    return absl::InvalidArgumentError("as many x as y, and some of them");
  }
  shard_ = shard;
  return absl::OkStatus();
}

absl::Status Trainer::Update(Context&, const ::examples::Vector& weights) {
  weights_ = weights;
  return absl::OkStatus();
}

absl::StatusOr<::examples::JobResult> Trainer::Work(
    Context& context, const ::examples::Job& job) {
  if (job.hangs()) {  // until nobody wants it any more
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, context.stop_token(), [] { return false; });
    return absl::CancelledError("it hung");
  }
  ::examples::JobResult result;
  result.set_text(absl::StrCat("job ", job.number(), " done"));
  return result;
}

}  // namespace am::examples
