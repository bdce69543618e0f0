#include "am/wire/crc32c.h"

#include <string>

#include "gtest/gtest.h"

namespace am {
namespace {

std::string Ascending() {
  std::string bytes;
  for (char c = 0; c < 32; ++c) bytes += c;
  return bytes;
}

struct Vector {
  std::string bytes;
  std::uint32_t sum;
};

// RFC 3720, appendix B.4; the last is the usual check value of a CRC.
const Vector kVectors[] = {
    {"", 0},
    {std::string(32, '\0'), 0x8a9136aa},
    {std::string(32, '\xff'), 0x62a8ab43},
    {Ascending(), 0x46dd794e},
    {"123456789", 0xe3069283},
};

TEST(Crc32c, IsTheStandards) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(Crc32c(vector.bytes), vector.sum);
    EXPECT_EQ(PortableCrc32c(vector.bytes), vector.sum);
  }
}

TEST(Crc32c, GoesOnFromAnyPlace) {
  const std::string bytes = Ascending();
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    const absl::string_view whole = bytes;
    EXPECT_EQ(Crc32c(whole.substr(i), Crc32c(whole.substr(0, i))), 0x46dd794e);
    EXPECT_EQ(
        PortableCrc32c(whole.substr(i), PortableCrc32c(whole.substr(0, i))),
        0x46dd794e);
  }
}

}  // namespace
}  // namespace am
