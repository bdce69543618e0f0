// Output: where a command prints, for people or as JSON.
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "tools/amctl/json.h"
#include "tools/amctl/table.h"

namespace am::amctl {

struct Output {
  std::istream& in;  // for a request that is "-"
  std::ostream& out;
  std::ostream& err;  // for what is not part of the result
  bool json;

  // A line, at once: others may be waiting for it.
  void Line(const std::string& text) { out << text << std::endl; }
  void Line(const Json& value) { Line(value.ToString()); }
};

}  // namespace am::amctl
