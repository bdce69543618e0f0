// JsonText: where things are in a JSON text (RFC 8259), so that an error can
// say so.
//
// Protobuf's own parser says what is wrong with a value and the path of its
// field, but not on which line; and it takes much that is not JSON.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace am::amctl {

class JsonText {
 public:
  // Both from 1; a column is a byte.
  struct Place {
    std::size_t line;
    std::size_t column;
  };
  struct Error {
    Place place;
    std::string what;
  };

  explicit JsonText(std::string text);

  const std::string& text() const { return text_; }

  // The first place at which it is not JSON.
  const std::optional<Error>& error() const { return error_; }

  // Where a value begins, by the path of its field, "batch.values[2]", as the
  // .proto or JSON names it.
  std::optional<Place> Find(absl::string_view path) const;

  // Protobuf's words on a value of the text, after the place that they are on.
  std::string Explain(absl::string_view what) const;

  // "line 1, column 7", the line itself, and a mark under the column.
  std::string Show(const Place& place, absl::string_view what) const;

 private:
  class Reader;

  const std::string text_;
  std::optional<Error> error_;
  std::map<std::string, std::size_t> offsets_;  // by path, as Simplified
  Place PlaceOf(std::size_t offset) const;
  Place Nearest(std::string path) const;
};

}  // namespace am::amctl
