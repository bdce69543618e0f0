#include "tests/fault/recorder.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace am::fault {

std::string Recorder::Stamp() const {
  return absl::StrFormat(
      "%9.4f ", absl::ToDoubleSeconds(clock_.Now() - absl::UnixEpoch()));
}

std::uint64_t Recorder::Sent(Operation operation, absl::string_view handler) {
  operation.id = history_.operations.size() + 1;
  operation.accepted = operation.pattern != Pattern::kNoReturn;
  Log(operation.sender.ToString(), " sends ", operation.id, " to ",
      operation.target.ToString(), " ", handler);
  history_.operations.push_back(operation);
  return operation.id;
}

void Recorder::Queued(std::uint64_t id, const absl::Status& status) {
  Operation& operation = At(id);
  operation.accepted = status.ok();
  if (!status.ok()) Log("  ", id, " not queued: ", status.ToString());
}

void Recorder::Ended(std::uint64_t id, const absl::Status& status,
                     bool value_is_right) {
  Operation& operation = At(id);
  if (died_.contains(operation.sender)) return;
  Log("  ", id, " ended ", status.ToString());
  ++operation.completions;
  operation.code = status.code();
  operation.value_is_right = value_is_right;
  operation.ended_at = clock_.Now();
  const auto resumed = resumed_at_.find(operation.sender);
  if (resumed != resumed_at_.end()) {
    operation.deadline = std::max(operation.deadline, resumed->second);
  }
}

void Recorder::Ran(std::uint64_t id, InstanceId instance) {
  if (died_.contains(instance)) return;
  Log("  ", id, " runs at ", instance.ToString());
  history_.executions.push_back({id, instance});
}

void Recorder::Died(InstanceId instance) {
  died_.insert(instance);
  history_.died.push_back(instance);
}

void Recorder::Resumed(InstanceId instance) {
  resumed_at_[instance] = clock_.Now();
}

std::string ToText(const History& history) {
  std::string text;
  for (const InstanceId id : history.died) {
    absl::StrAppend(&text, "died ", id.ToString(), "\n");
  }
  for (const Operation& operation : history.operations) {
    absl::StrAppend(&text, operation.id, " ", PatternName(operation.pattern),
                    " ", operation.sender.ToString(), " ",
                    operation.target.ToString(), " ", operation.idempotent, " ",
                    operation.ordered, " ", operation.accepted, " ",
                    operation.completions, " ");
    absl::StrAppend(&text, absl::StatusCodeToString(operation.code), " ",
                    operation.value_is_right, " ",
                    absl::ToUnixMicros(operation.deadline), " ",
                    absl::ToUnixMicros(operation.ended_at), "\n");
  }
  for (const Execution& execution : history.executions) {
    absl::StrAppend(&text, execution.operation, " ran at ",
                    execution.instance.ToString(), "\n");
  }
  for (const Account& account : history.accounts) {
    absl::StrAppend(&text, account.sender.ToString(), " ",
                    account.receiver.ToString(), " ", account.ledger.ToString(),
                    " ", account.connected, "\n");
  }
  return text;
}

}  // namespace am::fault
