// Parties to TLS: each has a key, and has signed a certificate for itself.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"

namespace am::control {

// Of files that go with the test.
inline std::string Path(const std::string& name) {
  return testing::TempDir() + "/" + name;
}

inline void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// As texts in PEM.
struct Party {
  std::string certificate;
  std::string key;
};

// Leaves them in Path(name + ".crt") and ".key", too.
inline Party MakeParty(const std::string& name) {
  const std::string certificate = Path(name + ".crt");
  const std::string key = Path(name + ".key");
  const std::string command = absl::StrCat(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
      "-nodes -days 2 -subj /CN=",
      name, " -addext subjectAltName=IP:127.0.0.1 -keyout ", key, " -out ",
      certificate, " 2>/dev/null");
  EXPECT_EQ(std::system(command.c_str()), 0);
  return {ReadFile(certificate), ReadFile(key)};
}

}  // namespace am::control
