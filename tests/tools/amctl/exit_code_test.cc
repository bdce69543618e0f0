#include "tools/amctl/exit_code.h"

#include <gtest/gtest.h>

namespace am::amctl {
namespace {

TEST(ExitCode, AFailureEndsWithWhatItSays) {
  for (const ExitCode code :
       {ExitCode::kFailed, ExitCode::kUsage, ExitCode::kNotReached,
        ExitCode::kNotFound, ExitCode::kTimeout, ExitCode::kInterrupted}) {
    EXPECT_EQ(ExitCodeOf(Fail(code, "why")), code);
    EXPECT_EQ(Fail(code, "why").message(), "why");
  }
}

TEST(ExitCode, AHandlersErrorIsAFailureWhateverItsCode) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), ExitCode::kFailed);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), ExitCode::kFailed);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), ExitCode::kFailed);
}

TEST(ExitCode, TooLateAndInterruptedHaveTheirOwn) {
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), ExitCode::kTimeout);
  EXPECT_EQ(ExitCodeOf(absl::CancelledError("")), ExitCode::kInterrupted);
}

TEST(ExitCode, AnotherTextKeepsIt) {
  const absl::Status status =
      WithMessage(Fail(ExitCode::kNotReached, "a"), "b");
  EXPECT_EQ(status.message(), "b");
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kNotReached);
}

}  // namespace
}  // namespace am::amctl
