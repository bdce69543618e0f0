// What callers and handlers write into journals.
//
// Times are those of CLOCK_MONOTONIC, which all processes of a machine share.
#pragma once

#include <cstdint>

#include "am/method.h"

namespace am::fault {

// A message, by its caller: appended before it is sent, completed in place.
struct Sent {
  std::uint64_t operation = 0;
  std::uint64_t sender = 0;  // instances
  std::uint64_t target = 0;
  std::int64_t begun_ns = 0;
  std::int64_t ended_ns = 0;  // 0: its end is not known
  Pattern pattern = Pattern::kNoReturn;
  bool ordered = false;
  bool accepted = false;  // one-way: the send returned OK
  bool value_is_right = false;
  std::uint8_t code = 0;         // calls: absl::StatusCode of the end
  std::uint8_t completions = 0;  // calls: how often their end was told
};

// A message, by the handler that ran for it, before it returned.
struct Ran {
  std::uint64_t operation = 0;
  std::uint64_t instance = 0;
};

}  // namespace am::fault
