// PageTokens: where a listing goes on, as text that nobody else can make.
//
// A token holds the last id that was listed, and is signed (SipHash-2-4,
// Aumasson and Bernstein 2012) together with the filter that it belongs to,
// with a key of this process. So one that was altered, belongs to another
// filter, or comes from another registry or an earlier start of it is refused.
//
// Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/instance_id.h"
#include "am/v1/registry.pb.h"

namespace am::control {

using SipKey = std::array<std::uint64_t, 2>;

std::uint64_t SipHash(const SipKey& key, absl::string_view bytes);

class PageTokens final {
 public:
  explicit PageTokens(const SipKey& key) : key_(key) {}

  std::string Make(const v1::InstanceFilter& filter, InstanceId last) const;

  // The last id listed; nobody for an empty token. INVALID_ARGUMENT: it is not
  // one of ours for this filter.
  absl::StatusOr<InstanceId> Read(const v1::InstanceFilter& filter,
                                  absl::string_view token) const;

 private:
  std::string Sign(const v1::InstanceFilter& filter, InstanceId last) const;

  const SipKey key_;
};

}  // namespace am::control
