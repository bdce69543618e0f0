// Conflicts: two declarations that cannot both be, be it in one file or in
// several that are compiled together.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "tools/protoc_gen_am/contract.h"

namespace am::codegen {

using Files = std::vector<const google::protobuf::FileDescriptor*>;

// The hash that makes a handler's id of its name: am::HandlerId, but in tests.
using IdHash = std::uint64_t (*)(absl::string_view name);

// Finds rpcs with one id among those of `files` and of what they import.
void FindSharedIds(const Files& files, IdHash hash, Problems& problems);

// Finds services of `files` whose <Service>Am has that name in C++ already:
// by a message, enum, enum value, extension, service or package of `files` or
// of what they import.
void FindTakenNames(const Files& files, Problems& problems);

}  // namespace am::codegen
