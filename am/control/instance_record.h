// What can be said of one instance's record (am.v1.Instance) by itself.
//
// Pure functions. Threads: any.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "am/instance_id.h"
#include "am/v1/registry.pb.h"

namespace am::control {

// Records are shared by all who list and watch them, and never change.
using RecordPtr = std::shared_ptr<const v1::Instance>;

inline InstanceId IdOf(const v1::Instance& record) {
  return InstanceId(record.peer().id());
}

// INVALID_ARGUMENT unless it is one that can be registered; the text says what
// is wrong with which field.
absl::Status CheckRecord(const v1::Instance& record, std::size_t max_bytes);

// What no two live instances can both have: their addresses, and for those that
// only their host can reach, the host with them.
std::vector<std::string> EndpointsOf(const v1::Instance& record);

bool HasHandler(const v1::Instance& record, const std::string& full_name);

// Whether the filter takes it.
bool Matches(const v1::InstanceFilter& filter, const v1::Instance& record);

}  // namespace am::control
