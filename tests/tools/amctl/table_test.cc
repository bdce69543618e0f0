#include "tools/amctl/table.h"

#include <gtest/gtest.h>

namespace am::amctl {
namespace {

TEST(Table, ColumnsAreAsWideAsWhatTheyHold) {
  Table table({"ID", "NAME"});
  table.Add({"0123", "a"});
  table.Add({"", "b"});
  EXPECT_EQ(table.ToString(),
            "ID    NAME\n"
            "0123  a\n"
            "-     b\n");
}

}  // namespace
}  // namespace am::amctl
