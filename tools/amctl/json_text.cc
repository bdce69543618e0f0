#include "tools/amctl/json_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace am::amctl {
namespace {

constexpr int kDeepest = 100;  // protobuf's own limit

// The same for a field's name in the .proto and in JSON.
std::string Simplified(absl::string_view path) {
  std::string simple = absl::AsciiStrToLower(path);
  simple.erase(std::remove(simple.begin(), simple.end(), '_'), simple.end());
  return simple;
}

}  // namespace

// A parser that keeps nothing but places. Each function reads one thing, and
// says whether it was there.
class JsonText::Reader {
 public:
  explicit Reader(JsonText& text) : out_(text), text_(text.text_) {}

  void Read() {
    if (!Value("", 0)) return;
    Space();
    if (at_ != text_.size()) Wrong("the value has ended before this");
  }

 private:
  bool Value(const std::string& path, int depth) {
    Space();
    out_.offsets_.emplace(Simplified(path), at_);
    if (depth > kDeepest) return Wrong("too deep");
    if (Take('{')) return Object(path, depth);
    if (Take('[')) return Array(path, depth);
    if (Peek() == '"') return String();
    if (Peek() == '-' || absl::ascii_isdigit(Peek())) return Number();
    for (const char* word : {"true", "false", "null"}) {
      if (absl::StartsWith(Rest(), word)) {
        at_ += absl::string_view(word).size();
        return true;
      }
    }
    return Wrong("expected a value");
  }

  bool Object(const std::string& path, int depth) {
    Space();
    if (Take('}')) return true;
    for (;;) {
      Space();
      const std::size_t begin = at_;
      if (Peek() != '"') return Wrong("expected a key in double quotes");
      if (!String()) return false;
      const std::string key = text_.substr(begin + 1, at_ - begin - 2);
      Space();
      if (!Take(':')) return Wrong("expected ':'");
      const std::string inner = path.empty() ? key : path + "." + key;
      // A name that is not one is on the key, not on its value.
      out_.offsets_.emplace(Simplified(inner) + "=", begin);
      if (!Value(inner, depth + 1)) return false;
      Space();
      if (Take('}')) return true;
      if (!Take(',')) return Wrong("expected ',' or '}'");
    }
  }

  bool Array(const std::string& path, int depth) {
    Space();
    if (Take(']')) return true;
    for (int i = 0;; ++i) {
      if (!Value(absl::StrCat(path, "[", i, "]"), depth + 1)) return false;
      Space();
      if (Take(']')) return true;
      if (!Take(',')) return Wrong("expected ',' or ']'");
    }
  }

  bool String() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) {
        return Wrong("a control character within a string");
      }
      if (text_[at_] == '\\' && !Escape()) return false;
      ++at_;
    }
    if (Take('"')) return true;
    at_ = begin;
    return Wrong("the string does not end");
  }

  // Leaves the last character of it.
  bool Escape() {
    ++at_;
    if (Peek() == 'u') {
      for (int i = 0; i < 4; ++i) {
        ++at_;
        if (!absl::ascii_isxdigit(Peek())) {
          return Wrong("expected four hexadecimal digits");
        }
      }
      return true;
    }
    if (Peek() != '\0' &&
        absl::StrContains("\"\\/bfnrt", Rest().substr(0, 1))) {
      return true;
    }
    return Wrong("no such escape");
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }

  bool Digits() {
    if (!absl::ascii_isdigit(Peek())) return Wrong("expected a digit");
    while (absl::ascii_isdigit(Peek())) ++at_;
    return true;
  }

  void Space() {
    while (absl::StrContains(" \t\r\n", Rest().substr(0, 1)) &&
           at_ < text_.size()) {
      ++at_;
    }
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  unsigned char Peek() const {
    return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : '\0';
  }

  absl::string_view Rest() const {
    return absl::string_view(text_).substr(at_);
  }

  bool Wrong(absl::string_view what) {
    const bool at_end = at_ == text_.size();
    out_.error_ = Error{out_.PlaceOf(at_),
                        at_end ? absl::StrCat(what, ", but the text ends here")
                               : std::string(what)};
    return false;
  }

  JsonText& out_;
  const std::string& text_;
  std::size_t at_ = 0;
};

JsonText::JsonText(std::string text) : text_(std::move(text)) {
  Reader(*this).Read();
}

JsonText::Place JsonText::PlaceOf(std::size_t offset) const {
  const absl::string_view before = absl::string_view(text_).substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  return {
      static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) +
          1,
      newline == absl::string_view::npos ? offset + 1 : offset - newline};
}

std::optional<JsonText::Place> JsonText::Find(absl::string_view path) const {
  const auto found = offsets_.find(Simplified(path));
  if (found == offsets_.end()) return std::nullopt;
  return PlaceOf(found->second);
}

// As far as its fields are in the text: what stands for a message is one value.
JsonText::Place JsonText::Nearest(std::string path) const {
  for (;;) {
    const std::optional<Place> place = Find(path);
    if (place.has_value()) return *place;
    const std::size_t last = path.find_last_of(".[=");
    path.resize(last == std::string::npos ? 0 : last);
  }
}

// "(path) name: what" for a name that is not one, "(path): what" for a value,
// ": what" or "what" for all of it.
std::string JsonText::Explain(absl::string_view what) const {
  if (!absl::StrContains(what, ":")) return std::string(what);
  absl::ConsumePrefix(&what, ": ");
  absl::string_view rest = what;
  std::string path;
  if (absl::StartsWith(rest, "(")) {
    const std::size_t end = rest.find(')');
    if (end == absl::string_view::npos) return std::string(what);
    path = std::string(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
  }
  const absl::string_view name =
      absl::StripAsciiWhitespace(rest.substr(0, rest.find(':')));
  if (!name.empty()) {
    absl::StrAppend(&path, path.empty() ? "" : ".", name, "=");
  }
  return Show(Nearest(std::move(path)), what);
}

std::string JsonText::Show(const Place& place, absl::string_view what) const {
  const std::size_t column = place.column - 1;
  std::size_t begin = 0;
  for (std::size_t line = 1; line < place.line; ++line) {
    begin = text_.find('\n', begin) + 1;
  }
  // Of a long line, what is about the place.
  const std::size_t skipped = column > 60 ? column - 60 : 0;
  const absl::string_view whole =
      absl::string_view(text_).substr(begin, text_.find('\n', begin) - begin);
  return absl::StrFormat("line %d, column %d: %s\n  %s\n  %s^", place.line,
                         place.column, what, whole.substr(skipped, 76),
                         std::string(column - skipped, ' '));
}

}  // namespace am::amctl
