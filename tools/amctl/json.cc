#include "tools/amctl/json.h"

#include "absl/strings/str_format.h"

namespace am::amctl {
namespace {

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", c);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace

Json::Json(absl::string_view text) : text_(Quoted(text)) {}

Json Json::Verbatim(absl::string_view json) {
  Json result("");
  result.text_.assign(json.data(), json.size());
  return result;
}

Json& Json::Set(absl::string_view key, const Json& value) {
  Separate();
  absl::StrAppend(&text_, Quoted(key), ": ", value.ToString());
  return *this;
}

Json& Json::Add(const Json& value) {
  Separate();
  text_ += value.ToString();
  return *this;
}

void Json::Separate() {
  if (text_.size() > 1) text_ += ", ";
}

std::string Json::ToString() const {
  return close_ == '\0' ? text_ : text_ + close_;
}

}  // namespace am::amctl
