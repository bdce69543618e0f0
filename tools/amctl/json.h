// Json: a value to be printed, with members in the order in which they came.
//
//   Json::Object().Set("id", "0123").Set("peers", Json::Array().Add(1))
//
// A value.
#pragma once

#include <concepts>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace am::amctl {

class Json {
 public:
  Json(absl::string_view text);  // NOLINT: what is set is what is printed
  Json(const char* text) : Json(absl::string_view(text)) {}         // NOLINT
  Json(const std::string& text) : Json(absl::string_view(text)) {}  // NOLINT
  Json(std::same_as<bool> auto value)                               // NOLINT
      : text_(value ? "true" : "false") {}
  template <typename T>
  requires(std::integral<T> && !std::same_as<T, bool>) ||
      std::floating_point<T> Json(T value)
      : text_(absl::StrCat(value)) {}  // NOLINT

  static Json Object() { return Json('{', '}'); }
  static Json Array() { return Json('[', ']'); }

  // `json` is JSON already.
  static Json Verbatim(absl::string_view json);

  // Of an object.
  Json& Set(absl::string_view key, const Json& value);
  // Of an array.
  Json& Add(const Json& value);

  // On one line.
  std::string ToString() const;

 private:
  Json(char open, char close) : text_(1, open), close_(close) {}

  void Separate();

  std::string text_;
  char close_ = '\0';
};

}  // namespace am::amctl
