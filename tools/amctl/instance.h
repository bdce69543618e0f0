// Instances as amctl shows and chooses them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/v1/node.pb.h"
#include "am/v1/registry.pb.h"
#include "tools/amctl/json.h"

namespace am::amctl {

// 16 hexadecimal digits.
std::string IdText(const v1::PeerInfo& peer);

// "worker-1 (0123456789abcdef)"
std::string Title(const v1::PeerInfo& peer);

// What stands for it where it is chosen: its name, or else its id.
std::string NameOrId(const v1::PeerInfo& peer);

// "serving", "no-return", ...: names of enums as people write them.
std::string StateText(v1::Instance::State state);
std::string StateText(v1::HealthCheckResponse::Status status);
std::string PatternText(v1::HandlerPattern pattern);

// The id, name and addresses.
Json ToJson(const v1::PeerInfo& peer);

// The one that `text` means: by its id or name, or by how either begins.
// kNotFound: nobody, and who is near. kUsage: several, and who they are.
absl::StatusOr<v1::Instance> Choose(absl::string_view text,
                                    const std::vector<v1::Instance>& instances);

}  // namespace am::amctl
