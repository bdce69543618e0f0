// The tools that people have, for tests to run unmodified. `tools/dev setup`
// installs them where it can.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace am::control {

inline bool IsInstalled(const std::string& tool) {
  return std::system(("command -v " + tool + " >/dev/null").c_str()) == 0;
}

#define SKIP_UNLESS_INSTALLED(tool)                            \
  if (!::am::control::IsInstalled(tool))                       \
  GTEST_SKIP() << (tool)                                       \
               << " is not installed: `tools/dev setup` does " \
                  "so where it finds Go and its module proxy"

// What a command prints, by whichever way; it must exit with 0.
inline std::string Output(const std::string& command) {
  std::FILE* const pipe =
      popen(("timeout 20 " + command + " 2>&1").c_str(), "r");
  std::string output;
  char bytes[4096];
  while (const std::size_t count = std::fread(bytes, 1, sizeof(bytes), pipe)) {
    output.append(bytes, count);
  }
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << output;
  return output;
}

}  // namespace am::control
