#include "am/control/rpc_status.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "am/v1/bridge.pb.h"
#include "am/wire/wire_status.h"

namespace am::control {
namespace {

// Empty without payloads. In order of their types: a status has none.
std::string DetailsOf(const absl::Status& status) {
  std::vector<std::pair<std::string, std::string>> payloads;
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& value) {
    payloads.emplace_back(std::string(type), std::string(value));
  });
  if (payloads.empty()) return "";
  std::sort(payloads.begin(), payloads.end());
  v1::StatusDetails details;
  details.set_code(EncodeStatusCode(status));
  details.set_message(std::string(status.message()));
  for (auto& [type, value] : payloads) {
    google::protobuf::Any& detail = *details.add_details();
    detail.set_type_url(std::move(type));
    detail.set_value(std::move(value));
  }
  return details.SerializeAsString();
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(EncodeStatusCode(status)),
          std::string(status.message()), DetailsOf(status)};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(
      DecodeStatusCode(static_cast<std::uint8_t>(status.error_code())),
      status.error_message());
  v1::StatusDetails details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& detail : details.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

}  // namespace am::control
