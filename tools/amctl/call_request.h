// CallRequest: the JSON that a call is made with.
#pragma once

#include <istream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "tools/amctl/json_text.h"

namespace am::amctl {

class CallRequest {
 public:
  // `argument` is JSON, "@FILE", "-" for `in`, or nothing. kUsage: it cannot be
  // read, or is not JSON, and where.
  static absl::StatusOr<CallRequest> Read(const std::string& argument,
                                          std::istream& in);

  // Empty without one.
  std::string text() const { return json_.has_value() ? json_->text() : ""; }

  // kUsage: it is not one of that type, and where.
  absl::Status ParseTo(google::protobuf::Message& message) const;

  // The same, of a peer that could not parse it as `type`, with protobuf's
  // words.
  absl::Status IsNo(absl::string_view type, absl::string_view why) const;

  // Of a string in base64. kUsage: it is none.
  absl::StatusOr<std::string> Bytes() const;

 private:
  std::optional<JsonText> json_;
};

}  // namespace am::amctl
