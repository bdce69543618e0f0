#include "bench/payload.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace am::bench {
namespace {

constexpr std::size_t kHead = 2 * sizeof(std::uint64_t);
constexpr std::size_t kBlock = 4096;

// A pattern without a period that a lost or doubled byte could hide behind.
const std::array<char, kBlock>& Pattern() {
  static const std::array<char, kBlock> pattern = [] {
    std::array<char, kBlock> bytes;
    std::uint32_t state = 1;
    for (char& byte : bytes) {
      state = state * 1664525 + 1013904223;  // Numerical Recipes
      byte = static_cast<char>(state >> 24);
    }
    return bytes;
  }();
  return pattern;
}

std::uint64_t CheckOf(std::uint64_t number) {
  return ~(number * 0x9e3779b97f4a7c15);
}

}  // namespace

PayloadMaker::PayloadMaker(std::size_t bytes, std::uint64_t first)
    : number_(first), payload_(bytes, '\0') {
  for (std::size_t at = kHead; at < bytes; at += kBlock) {
    std::memcpy(&payload_[at], Pattern().data(), std::min(kBlock, bytes - at));
  }
}

const std::string& PayloadMaker::Next() {
  const std::uint64_t head[] = {number_, CheckOf(number_)};
  std::memcpy(payload_.data(), head, kHead);
  ++number_;
  return payload_;
}

bool IsIntact(absl::string_view payload) {
  if (payload.size() < kHead) return false;
  std::uint64_t head[2];
  std::memcpy(head, payload.data(), kHead);
  if (head[1] != CheckOf(head[0])) return false;
  for (std::size_t at = kHead; at < payload.size(); at += kBlock) {
    const std::size_t count = std::min(kBlock, payload.size() - at);
    if (std::memcmp(&payload[at], Pattern().data(), count) != 0) return false;
  }
  return true;
}

}  // namespace am::bench
