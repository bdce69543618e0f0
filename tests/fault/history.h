// History: what a world of instances did under faults, as seen from outside
// the runtime, and whether that keeps its promises (DESIGN §4).
//
// Callers write down what they sent and what they were told, handlers what
// they ran, and at the end each link its ledger. Check reads nothing else, so
// that it judges a simulated world and real processes alike.
//
//   History history = ...;
//   for (const std::string& violation : Check(history)) ...
//
// Plain values without threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/instance_id.h"
#include "am/ledger.h"
#include "am/method.h"

namespace am::fault {

// A message that a caller sent. Its payload carries `id`, by which handlers
// write it down.
struct Operation {
  std::uint64_t id = 0;  // of one history; in the order of sending per sender
  Pattern pattern = Pattern::kNoReturn;
  InstanceId sender = {};
  InstanceId target = {};
  bool idempotent = false;  // may run more than once
  bool ordered = false;     // its handler is ordered, and it is not retried

  // Sent when every fault had ended and all had settled: it must end OK.
  bool unhindered = false;

  // One-way: whether the send returned OK. Calls: always.
  bool accepted = true;

  // Calls: how often their end was told, and the status told last.
  int completions = 0;
  absl::StatusCode code = absl::StatusCode::kOk;
  bool value_is_right = true;  // if OK: the value is the one the handler gave

  // Where time is simulated; otherwise infinite.
  absl::Time deadline = absl::InfiniteFuture();
  absl::Time ended_at = absl::InfinitePast();
};

// A handler that ran for an operation, written down before it returned. In a
// history they stand in the order in which they ran, per instance.
struct Execution {
  std::uint64_t operation = 0;
  InstanceId instance = {};
};

// The one-way messages of one instance to another, once nothing moves.
struct Account {
  InstanceId sender = {};
  InstanceId receiver = {};
  Ledger ledger = {};
  bool connected = false;  // at the end: both live, and joined
};

// Every member has an initialiser, so that {.operations = {x}} warns of
// nothing.
struct History {
  std::vector<InstanceId> died = {};  // killed at some time
  std::vector<Operation> operations = {};
  std::vector<Execution> executions = {};
  std::vector<Account> accounts = {};
};

// What is wrong with it, a line each; none: every promise is kept.
std::vector<std::string> Check(const History& history);

}  // namespace am::fault
