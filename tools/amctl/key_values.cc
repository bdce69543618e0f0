#include "tools/amctl/key_values.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace am::amctl {
namespace {

using Check = std::string (*)(const std::string& key, const std::string& value);

bool IsKeyLetter(unsigned char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' ||
         c == '_' || c == '.';
}

// What is wrong with it; nothing.
std::string CheckMetadata(const std::string& key, const std::string& value) {
  if (!std::all_of(key.begin(), key.end(), IsKeyLetter)) {
    return "keys are of lower-case letters, digits and -_.";
  }
  if (absl::StartsWith(key, "am-") || absl::StartsWith(key, "grpc-")) {
    return "keys with am- or grpc- before are not for users";
  }
  const bool is_text = std::all_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
  return is_text ? "" : "values are of printable ASCII";
}

void Add(CLI::App& app, const std::string& name, KeyValues& values,
         const std::string& help, Check check) {
  const auto read = [name, &values,
                     check](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      const std::size_t equals = text.find('=');
      if (equals == 0 || equals == std::string::npos) {
        throw CLI::ValidationError(name, text + " is not KEY=VALUE");
      }
      const std::string key = text.substr(0, equals);
      const std::string value = text.substr(equals + 1);
      const std::string wrong = check(key, value);
      if (!wrong.empty()) throw CLI::ValidationError(name, text + ": " + wrong);
      values[key] = value;
    }
  };
  app.add_option_function<std::vector<std::string>>(name, read, help)
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all();
}

}  // namespace

void AddKeyValues(CLI::App& app, const std::string& name, KeyValues& values,
                  const std::string& help) {
  Add(app, name, values, help,
      [](const std::string&, const std::string&) { return std::string(); });
}

void AddMetadata(CLI::App& app, const std::string& name, KeyValues& values,
                 const std::string& help) {
  Add(app, name, values, help, CheckMetadata);
}

}  // namespace am::amctl
