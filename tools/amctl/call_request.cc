#include "tools/amctl/call_request.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/wrappers.pb.h"
#include "tools/amctl/exit_code.h"

namespace am::amctl {
namespace {

std::string ReadAll(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

absl::StatusOr<CallRequest> CallRequest::Read(const std::string& argument,
                                              std::istream& in) {
  CallRequest request;
  if (argument.empty()) return request;
  std::string text = argument;
  if (argument == "-") {
    text = ReadAll(in);
  } else if (argument.front() == '@') {
    std::ifstream file(argument.substr(1));
    if (!file) {
      return Fail(ExitCode::kUsage, "cannot read " + argument.substr(1));
    }
    text = ReadAll(file);
  }
  request.json_.emplace(std::move(text));
  const auto& error = request.json_->error();
  if (!error.has_value()) return request;
  return Fail(ExitCode::kUsage,
              "the request is not JSON: " +
                  request.json_->Show(error->place, error->what));
}

absl::Status CallRequest::ParseTo(google::protobuf::Message& message) const {
  if (!json_.has_value()) return absl::OkStatus();
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(json_->text(), &message);
  if (parsed.ok()) return absl::OkStatus();
  return IsNo(message.GetTypeName(), parsed.message().as_string());
}

absl::Status CallRequest::IsNo(absl::string_view type,
                               absl::string_view why) const {
  return Fail(ExitCode::kUsage,
              absl::StrCat("the request is no ", type, ": ",
                           json_.has_value() ? json_->Explain(why) : why));
}

absl::StatusOr<std::string> CallRequest::Bytes() const {
  google::protobuf::BytesValue bytes;
  const absl::Status parsed = ParseTo(bytes);
  if (!parsed.ok()) return parsed;
  return bytes.value();
}

}  // namespace am::amctl
