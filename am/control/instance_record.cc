#include "am/control/instance_record.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/handler_id.h"
#include "am/peer_info.h"

namespace am::control {
namespace {

constexpr std::size_t kMaxNameBytes = 255;

// Leaves room for those of all who come later.
constexpr std::uint64_t kMaxEpoch = std::uint64_t{1} << 62;

absl::Status CheckPeer(const v1::PeerInfo& proto) {
  const absl::StatusOr<PeerInfo> peer = FromProto(proto);
  if (!peer.ok()) return peer.status();
  if (peer->addresses.empty()) {
    return absl::InvalidArgumentError("peer.addresses is empty");
  }
  for (const auto& address : peer->addresses) {
    if (!address.IsWildcard()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "peer.addresses: nobody can connect to ", address.ToString()));
  }
  if (peer->name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("peer.name has more than ", kMaxNameBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckHandlers(const v1::Instance& record) {
  for (const v1::HandlerInfo& handler : record.handlers()) {
    if (!IsHandlerName(handler.name())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "handlers: \"", handler.name(), "\" is not package.Service/Method"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRecord(const v1::Instance& record, std::size_t max_bytes) {
  const std::size_t bytes = record.ByteSizeLong();
  if (bytes > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the record has ", bytes, " bytes, and the limit is ",
                     max_bytes, " (am_registry --max_record_bytes)"));
  }
  if (record.min_protocol() > record.max_protocol()) {
    return absl::InvalidArgumentError("min_protocol is above max_protocol");
  }
  if (record.epoch() > kMaxEpoch) {
    return absl::InvalidArgumentError("epoch is none that a registry gives");
  }
  absl::Status peer = CheckPeer(record.peer());
  return peer.ok() ? CheckHandlers(record) : peer;
}

std::vector<std::string> EndpointsOf(const v1::Instance& record) {
  std::vector<std::string> endpoints;
  const absl::StatusOr<PeerInfo> peer = FromProto(record.peer());
  if (!peer.ok()) return endpoints;
  for (const auto& address : peer->addresses) {
    std::string endpoint = address.ToString();
    if (address.IsLocal()) absl::StrAppend(&endpoint, "@", peer->host.boot_id);
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

bool HasHandler(const v1::Instance& record, const std::string& full_name) {
  return std::any_of(record.handlers().begin(), record.handlers().end(),
                     [&](const v1::HandlerInfo& handler) {
                       return handler.name() == full_name;
                     });
}

bool Matches(const v1::InstanceFilter& filter, const v1::Instance& record) {
  if (!filter.name().empty() && filter.name() != record.peer().name()) {
    return false;
  }
  for (const auto& [key, value] : filter.labels()) {
    const auto label = record.labels().find(key);
    if (label == record.labels().end() || label->second != value) return false;
  }
  return filter.handler_name().empty() ||
         HasHandler(record, filter.handler_name());
}

}  // namespace am::control
