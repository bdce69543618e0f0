#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/fault/history.h"

namespace am::fault {
namespace {

// Deadlines are kept in a wheel that turns by the millisecond, and budgets
// travel in tenths of one.
constexpr absl::Duration kDeadlineSlack = absl::Milliseconds(2);

// Codes of the framework that say that the handler did not run. The handlers
// of a history never return them.
bool SaysNotRun(absl::StatusCode code) {
  return code == absl::StatusCode::kUnimplemented ||
         code == absl::StatusCode::kInvalidArgument ||
         code == absl::StatusCode::kFailedPrecondition;
}

std::string Describe(const Operation& operation) {
  return absl::StrCat(
      "operation ", operation.id, " (", PatternName(operation.pattern), ", ",
      operation.sender.ToString(), " to ", operation.target.ToString(), ")");
}

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {
    died_.insert(history.died.begin(), history.died.end());
    for (const Operation& operation : history.operations) {
      if (!operations_.emplace(operation.id, &operation).second) {
        Violated(Describe(operation), " has the number of another one");
      }
    }
  }

  std::vector<std::string> Check() && {
    CheckExecutions();
    for (const Operation& operation : history_.operations) {
      CheckRuns(operation);
      if (operation.pattern != Pattern::kNoReturn) CheckEnd(operation);
    }
    for (const Account& account : history_.accounts) CheckAccount(account);
    return std::move(violations_);
  }

 private:
  template <typename... Words>
  void Violated(const Words&... words) {
    violations_.push_back(absl::StrCat(words...));
  }

  int Runs(const Operation& operation) const {
    const auto found = runs_.find(operation.id);
    return found == runs_.end() ? 0 : found->second;
  }

  // Also counts how often each operation ran.
  void CheckExecutions() {
    for (const Execution& execution : history_.executions) {
      const auto found = operations_.find(execution.operation);
      if (found == operations_.end()) {
        Violated("operation ", execution.operation, " ran at ",
                 execution.instance.ToString(), ", but nobody sent it");
        continue;
      }
      const Operation& operation = *found->second;
      ++runs_[operation.id];
      if (execution.instance != operation.target) {
        Violated(Describe(operation), " ran at another instance, ",
                 execution.instance.ToString());
      } else if (operation.ordered) {
        CheckOrder(operation);
      }
    }
  }

  // Order is kept within a handler, and handlers have one pattern.
  void CheckOrder(const Operation& operation) {
    std::uint64_t& last =
        last_ordered_[{operation.sender, operation.target, operation.pattern}];
    if (operation.id < last) {
      Violated(Describe(operation), " ran after operation ", last,
               ", out of order");
    }
    last = operation.id;
  }

  void CheckRuns(const Operation& operation) {
    const int runs = Runs(operation);
    if (runs > 1 && !operation.idempotent) {
      Violated(Describe(operation), " ran ", runs, " times");
    }
    if (runs > 0 && !operation.accepted) {
      Violated(Describe(operation), " ran, but its send had failed");
    }
  }

  void CheckEnd(const Operation& operation) {
    const bool died = died_.contains(operation.sender);
    if (operation.completions > 1) {
      Violated(Describe(operation), " ended ", operation.completions, " times");
    } else if (operation.completions == 0) {
      if (!died) Violated(Describe(operation), " never ended");
      return;
    }
    const int runs = Runs(operation);
    const std::string code = absl::StatusCodeToString(operation.code);
    if (operation.code == absl::StatusCode::kOk) {
      if (runs == 0) Violated(Describe(operation), " ended OK, but never ran");
      if (!operation.value_is_right) {
        Violated(Describe(operation), " ended OK with a wrong value");
      }
    } else if (runs > 0 && SaysNotRun(operation.code)) {
      Violated(Describe(operation), " ended ", code, ", but ran");
    } else if (operation.unhindered) {
      Violated(Describe(operation), " ended ", code, " though all was well");
    }
    if (operation.ended_at > operation.deadline + kDeadlineSlack) {
      Violated(Describe(operation), " ended ", code, " ",
               absl::FormatDuration(operation.ended_at - operation.deadline),
               " after its deadline");
    }
  }

  void CheckAccount(const Account& account) {
    std::uint64_t accepted = 0, recorded = 0;
    for (const Operation& operation : history_.operations) {
      if (operation.pattern != Pattern::kNoReturn || !operation.accepted ||
          operation.sender != account.sender ||
          operation.target != account.receiver) {
        continue;
      }
      ++accepted;
      recorded += static_cast<std::uint64_t>(Runs(operation));
    }
    const Ledger& ledger = account.ledger;
    const std::string name =
        absl::StrCat("account of ", account.sender.ToString(), " with ",
                     account.receiver.ToString(), " (", ledger.ToString(), ")");
    const std::uint64_t delivered = ledger.received.delivered;
    if (ledger.in_flight() != 0) Violated(name, " does not add up");
    if (ledger.accepted != accepted) {
      Violated(name, ": ", accepted, " sends were accepted");
    }
    if (recorded < delivered || recorded > delivered + ledger.in_doubt) {
      Violated(name, ": handlers recorded ", recorded);
    }
    if (account.connected && ledger.in_doubt != 0) {
      Violated(name, ": in doubt though both live");
    }
  }

  const History& history_;
  std::set<InstanceId> died_;
  std::map<std::uint64_t, const Operation*> operations_;
  std::map<std::uint64_t, int> runs_;  // by operation
  std::map<std::tuple<InstanceId, InstanceId, Pattern>, std::uint64_t>
      last_ordered_;
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> Check(const History& history) {
  return Checker(history).Check();
}

}  // namespace am::fault
