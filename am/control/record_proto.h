// The runtime's records of instances, as messages of the registry and back.
//
// Pure functions. Threads: any.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "am/directory.h"
#include "am/v1/registry.pb.h"

namespace am::control {

void ToProto(const InstanceRecord& record, v1::Instance& proto);

// INVALID_ARGUMENT if an address does not parse or the id is zero.
absl::StatusOr<InstanceRecord> FromProto(const v1::Instance& proto);

// The same for two processes that mean the same by these types (full protobuf
// names): a hash of their descriptors and of all that they refer to. Zero: this
// program does not know one of them; types without a name are bytes.
std::uint64_t SchemaFingerprint(const std::string& input_type,
                                const std::string& output_type);

}  // namespace am::control
