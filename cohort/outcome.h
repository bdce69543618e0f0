// Outcomes: what an operation came to, at each rank: always all that it was
// for, in order.
//
//   cohort::Outcomes<Result> outcomes = leader.ParMap(...).Await();
//   if (!outcomes.ok()) return outcomes.status();      // which rank, and why
//   for (const auto& [rank, took, outcome, value] : outcomes) ...
//   std::cout << outcomes.ToString();                  // a line per rank
//
// Values, of which nothing refers to the operation any more.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace am::cohort {

enum class Outcome : std::uint8_t {
  kOk,
  kHandlerError,  // the handler ran, and says so
  kLate,          // not done when the time of the operation was up
  kLost,          // the worker died or was cut off, or has left
  kRejected,      // it was not run: refused by the worker, or not sent
  kNeverJoined,   // nobody has had this rank yet
  kCancelled,     // it was not awaited to its end, because of another one
};

// "handler error"
const char* OutcomeName(Outcome outcome);

template <typename T>
struct RankResult {
  using Value =
      std::conditional_t<std::is_void_v<T>, absl::Status, absl::StatusOr<T>>;

  int rank = 0;
  absl::Duration took = absl::ZeroDuration();
  Outcome outcome = Outcome::kNeverJoined;
  Value value = absl::UnknownError("");  // or who failed, and why

  bool ok() const { return outcome == Outcome::kOk; }
  absl::Status status() const {
    if constexpr (std::is_void_v<T>) {
      return value;
    } else {
      return value.status();
    }
  }
};

namespace internal {
std::string OutcomeLine(int rank, Outcome outcome, absl::Duration took,
                        const absl::Status& status);
}

template <typename T>
class Outcomes final {
 public:
  // Of no rank at all, and why.
  explicit Outcomes(absl::Status why = absl::FailedPreconditionError(
                        "there is no such rank, or no answer"))
      : none_(std::move(why)) {}

  explicit Outcomes(std::vector<RankResult<T>> results) : Outcomes() {
    results_ = std::move(results);
  }

  // Whether all ranks are OK, and there are any.
  bool ok() const { return status().ok(); }

  // The failure of the lowest rank that failed. Not OK without any rank.
  absl::Status status() const {
    if (results_.empty()) return none_;
    for (const RankResult<T>& result : results_) {
      if (!result.ok()) return result.status();
    }
    return absl::OkStatus();
  }

  // All values in order of the ranks, or status().
  template <typename U = T>
  requires(!std::is_void_v<U>) absl::StatusOr<std::vector<U>> Values()
  const {
    absl::Status all = status();
    if (!all.ok()) return all;
    std::vector<U> values;
    for (const RankResult<U>& result : results_)
      values.push_back(*result.value);
    return values;
  }

  // The same, with the ranks.
  template <typename U = T>
  requires(!std::is_void_v<U>)
      absl::StatusOr<std::vector<std::pair<int, U>>> Indexed()
  const {
    absl::Status all = status();
    if (!all.ok()) return all;
    std::vector<std::pair<int, U>> values;
    for (const RankResult<U>& result : results_) {
      values.emplace_back(result.rank, *result.value);
    }
    return values;
  }

  // How many ranks ended so.
  int Count(Outcome outcome) const {
    int count = 0;
    for (const RankResult<T>& result : results_) {
      count += result.outcome == outcome ? 1 : 0;
    }
    return count;
  }

  std::size_t size() const { return results_.size(); }
  const RankResult<T>& operator[](std::size_t i) const { return results_[i]; }
  auto begin() const { return results_.begin(); }
  auto end() const { return results_.end(); }

  // A line per rank, for people.
  std::string ToString() const {
    std::string text;
    for (const RankResult<T>& result : results_) {
      text += internal::OutcomeLine(result.rank, result.outcome, result.took,
                                    result.status());
    }
    return text;
  }

 private:
  std::vector<RankResult<T>> results_;
  absl::Status none_;
};

}  // namespace am::cohort
