#include "am/control/page_token.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <map>

#include "absl/strings/str_cat.h"

namespace am::control {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void Absorb(std::uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

// Little-endian, as the algorithm is specified; `bytes` has up to 8.
std::uint64_t ReadWord(absl::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

// Each part with its length, so that no two filters read the same.
void AppendPart(absl::string_view part, std::string& text) {
  absl::StrAppend(&text, part.size(), ":", part);
}

}  // namespace

std::uint64_t SipHash(const SipKey& key, absl::string_view bytes) {
  SipState state{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                 key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
  const std::uint64_t length = bytes.size();
  while (bytes.size() >= 8) {
    state.Absorb(ReadWord(bytes.substr(0, 8)));
    bytes.remove_prefix(8);
  }
  state.Absorb(ReadWord(bytes) | length << 56);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::string PageTokens::Sign(const v1::InstanceFilter& filter,
                             InstanceId last) const {
  std::string text = last.ToString();
  AppendPart(filter.handler_name(), text);
  AppendPart(filter.name(), text);
  const std::map<std::string, std::string> labels(filter.labels().begin(),
                                                  filter.labels().end());
  for (const auto& [label, value] : labels) {
    AppendPart(label, text);
    AppendPart(value, text);
  }
  return InstanceId(SipHash(key_, text)).ToString();
}

std::string PageTokens::Make(const v1::InstanceFilter& filter,
                             InstanceId last) const {
  return last.ToString() + Sign(filter, last);
}

absl::StatusOr<InstanceId> PageTokens::Read(const v1::InstanceFilter& filter,
                                            absl::string_view token) const {
  if (token.empty()) return InstanceId();
  const absl::StatusOr<InstanceId> last = InstanceId::Parse(
      token.substr(0, std::min<std::size_t>(16, token.size())));
  if (!last.ok() || Make(filter, *last) != token) {
    return absl::InvalidArgumentError(
        "page_token: not one that this registry gave for this filter; list "
        "from the first page again");
  }
  return *last;
}

}  // namespace am::control
