// EmptyFolder: a new folder of a test's own, in which nothing may be left.
//
// Declare it before what uses it. One thread.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace am::transport {

class EmptyFolder final {
 public:
  EmptyFolder() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  EmptyFolder(const EmptyFolder&) = delete;
  EmptyFolder& operator=(const EmptyFolder&) = delete;
  ~EmptyFolder() { EXPECT_EQ(rmdir(path_.c_str()), 0) << "left something"; }

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/am-empty-" + std::string(6, 'X');
};

}  // namespace am::transport
