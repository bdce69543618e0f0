#include "am/wire/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace am {
namespace {

using Table = std::array<std::uint32_t, 256>;

// The remainder of each byte, by the polynomial 0x1edc6f41 with its bits in
// reverse.
constexpr Table MakeTable() {
  Table table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) {
      rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0x82f63b78 : 0);
    }
    table[byte] = rest;
  }
  return table;
}

constexpr Table kTable = MakeTable();

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) std::uint32_t HardwareCrc32c(
    absl::string_view bytes, std::uint32_t before) {
  std::uint64_t rest = ~before;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    rest = _mm_crc32_u64(rest, word);
    at += sizeof(word);
  }
  auto result = static_cast<std::uint32_t>(rest);
  for (; left != 0; --left) {
    result = _mm_crc32_u8(result, static_cast<unsigned char>(*at++));
  }
  return ~result;
}

#endif

}  // namespace

std::uint32_t PortableCrc32c(absl::string_view bytes, std::uint32_t before) {
  std::uint32_t rest = ~before;
  for (const char c : bytes) {
    rest = (rest >> 8) ^ kTable[(rest ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return ~rest;
}

std::uint32_t Crc32c(absl::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return HardwareCrc32c(bytes, before);
#endif
  return PortableCrc32c(bytes, before);
}

}  // namespace am
