// What a hostile peer does to a ring: neither side ever reads or writes outside
// it, takes more than the limits allow, or goes on once it has seen nonsense.
//
// An input is a byte that says which side is ours, and then commands, a byte
// each: what they do is said at Run.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "am/transport/frame_stream.h"

namespace am::transport {
namespace {

// The smallest there is.
constexpr std::size_t kRing = RingMemory::kBytesAt;
constexpr StreamLimits kLimits = {.parts = 3, .bytes = 1000};

void Require(bool condition) {
  if (!condition) std::abort();
}

// On the heap, so that a sanitizer sees its end.
class Memory final {
 public:
  Memory() : bytes_(std::aligned_alloc(kRing, RingMemory::kBytesAt + kRing)) {
    std::memset(bytes_, 0, RingMemory::kBytesAt + kRing);
  }
  ~Memory() { std::free(bytes_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  RingMemory ring() const { return RingMemory::At(bytes_, kRing); }

 private:
  void* const bytes_;
};

// The side that is ours, and what is required of it.
class Side {
 public:
  virtual ~Side() = default;
  virtual void Step() = 0;
};

class ReadingSide final : public Side {
 public:
  explicit ReadingSide(const RingMemory& ring)
      : reader_(ring, kLimits, blocks_) {}

  void Step() override {
    InboundFrame frame;
    const auto result = reader_.TryRead(frame, [] {});
    Require(!broken_ || result == FrameStreamReader::Result::kBroken);
    broken_ = result == FrameStreamReader::Result::kBroken;
    if (result == FrameStreamReader::Result::kFrame) Check(frame);
    reader_.ring().Release();
    reader_.ring().PrepareToSleep();
  }

 private:
  static void Check(const InboundFrame& frame) {
    std::size_t bytes = frame.head.size();
    for (const Buffer& part : frame.parts) bytes += part.size();
    Require(frame.parts.size() < kLimits.parts && bytes <= kLimits.bytes);
  }

  SpareBlocks blocks_;
  FrameStreamReader reader_;
  bool broken_ = false;
};

// Its frames are larger than the ring, now and then.
class WritingSide final : public Side {
 public:
  explicit WritingSide(const RingMemory& ring) : writer_(ring) {}

  void Step() override {
    const bool was_broken = writer_.ring().broken();
    const std::string bytes(++frames_ * 1037 % 5000, 'h');
    writer_.TryWrite({bytes, {{Buffer(bytes)}}});
    writer_.Pump([] {});
    writer_.ring().Publish();
    writer_.ring().AwaitRoom();
    Require(!was_broken || writer_.ring().broken());
    Require(writer_.ring().Room(1) <= kRing);
  }

 private:
  FrameStreamWriter writer_;
  std::size_t frames_ = 0;
};

// Takes so many bytes, or what there is, from the front of the input.
std::uint64_t Number(absl::string_view& input, std::size_t bytes) {
  std::uint64_t number = 0;
  bytes = std::min(bytes, input.size());
  std::memcpy(&number, input.data(), bytes);
  input.remove_prefix(bytes);
  return number;
}

// What the other side does between our steps.
void Run(absl::string_view input) {
  const Memory memory;
  const RingMemory ring = memory.ring();
  const bool we_read = Number(input, 1) % 2 == 0;
  std::unique_ptr<Side> ours;
  if (we_read) {
    ours = std::make_unique<ReadingSide>(ring);
  } else {
    ours = std::make_unique<WritingSide>(ring);
  }
  std::atomic<std::uint64_t>& count =
      we_read ? ring.head->written : ring.head->read;
  while (!input.empty()) {
    switch (Number(input, 1) % 4) {
      case 0:  // counts on, as it should
        count += Number(input, 2);
        break;
      case 1:  // counts as it likes
        count = Number(input, 8);
        break;
      case 2: {  // writes somewhere
        const std::size_t at = Number(input, 2) % kRing;
        const std::size_t size =
            std::min({static_cast<std::size_t>(Number(input, 1)), input.size(),
                      kRing - at});
        std::memcpy(ring.bytes + at, input.data(), size);
        input.remove_prefix(size);
        break;
      }
      default:
        ours->Step();
    }
  }
  ours->Step();
}

}  // namespace
}  // namespace am::transport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  am::transport::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
