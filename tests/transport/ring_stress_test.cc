// The order that a ring keeps, between two processes: frames of random sizes
// and contents, of which whoever reads knows the seed.
//
//   bazel test //tests/transport:ring_stress_test --test_arg=--seconds=60
//
// TSan does not see across processes: byte_ring_test runs the same algorithm
// between two threads.
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "am/transport/deadline.h"
#include "am/transport/descriptors.h"
#include "am/transport/epoll_set.h"
#include "am/transport/frame_stream.h"
#include "gtest/gtest.h"

namespace am::transport {
namespace {

// For how long it goes on; one round of each size of a ring at least.
absl::Duration stress_for = absl::ZeroDuration();

constexpr int kFramesOfARound = 10'000;
constexpr std::size_t kRingSizes[] = {64, 256, 4096, 65536};

// The same frames from the same seed.
class Frames final {
 public:
  Frames(std::size_t ring_bytes, std::uint64_t seed)
      : random_(seed), most_(2 * ring_bytes) {}

  // Small ones mostly, and now and then one that is larger than the ring.
  OutboundFrame Next() {
    head_ = Bytes(random_() % 8 == 0 ? most_ : 48);
    parts_.clear();
    if (random_() % 4 == 0) parts_.emplace_back(Bytes(most_ / 8));
    return {head_, parts_};
  }

 private:
  std::string Bytes(std::size_t most) {
    std::string bytes(random_() % (most + 1), '\0');
    std::uint64_t word = random_();
    for (char& byte : bytes) {
      byte = static_cast<char>(word >> 56);
      word = word * 6364136223846793005u + 1442695040888963407u;  // Knuth
    }
    return bytes;
  }

  std::mt19937_64 random_;
  const std::size_t most_;
  std::string head_;
  std::vector<Buffer> parts_;
};

// A ring, and how its sides wake each other.
class Shared final {
 public:
  explicit Shared(std::size_t ring_bytes)
      : bytes_(RingMemory::kBytesAt + ring_bytes),
        memory_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        ring_(RingMemory::At(memory_, ring_bytes)) {}
  ~Shared() { munmap(memory_, bytes_); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  const RingMemory& ring() const { return ring_; }

  const EventDescriptor written = *EventDescriptor::Make();
  const EventDescriptor read = *EventDescriptor::Make();

 private:
  const std::size_t bytes_;
  void* const memory_;
  const RingMemory ring_;
};

// Blocks until it is set, or something is wrong.
bool Await(const EpollSet& set, const EventDescriptor& events) {
  EpollSet::Ready ready;
  if (set.Wait(absl::Seconds(60), ready) == 0) return false;
  events.Clear();
  return true;
}

EpollSet SetOf(const EventDescriptor& events) {
  EpollSet set = *EpollSet::Make();
  set.Add(events.get(), EPOLLIN, 0);
  return set;
}

void WriteAll(const Shared& shared, Frames frames) {
  const EpollSet room = SetOf(shared.read);
  FrameStreamWriter writer(shared.ring());
  const auto wake = [&] { shared.written.Set(); };
  const auto publish = [&] {
    writer.Pump(wake);
    if (writer.ring().Publish()) wake();
  };
  for (int i = 0; i < kFramesOfARound; ++i) {
    const OutboundFrame frame = frames.Next();
    while (!writer.TryWrite(frame)) {
      if (writer.ring().AwaitRoom() && !Await(room, shared.read)) return;
      publish();
    }
    publish();
  }
  while (writer.pending()) {
    if (writer.ring().AwaitRoom() && !Await(room, shared.read)) return;
    publish();
  }
}

void ReadAll(const Shared& shared, Frames frames) {
  const EpollSet news = SetOf(shared.written);
  SpareBlocks blocks;
  FrameStreamReader reader(shared.ring(), {}, blocks);
  const auto wake = [&] { shared.read.Set(); };
  for (int i = 0; i < kFramesOfARound;) {
    InboundFrame frame;
    const auto result = reader.TryRead(frame, wake);
    ASSERT_NE(result, FrameStreamReader::Result::kBroken) << i;
    if (reader.ring().Release()) wake();
    if (result == FrameStreamReader::Result::kFrame) {
      const OutboundFrame expected = frames.Next();
      ASSERT_EQ(frame.head.view(), expected.head) << i;
      ASSERT_EQ(frame.parts.size(), expected.parts.size()) << i;
      for (std::size_t part = 0; part < frame.parts.size(); ++part) {
        ASSERT_EQ(frame.parts[part].view(), expected.parts[part].view()) << i;
      }
      ++i;
    } else if (reader.ring().PrepareToSleep()) {
      ASSERT_TRUE(Await(news, shared.written)) << i << ": nobody woke us";
    }
  }
}

void RunRound(std::size_t ring_bytes, std::uint64_t seed) {
  const Shared shared(ring_bytes);
  const Frames frames(ring_bytes, seed);
  const pid_t writer = fork();
  if (writer == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    WriteAll(shared, frames);
    _exit(0);
  }
  ReadAll(shared, frames);
  kill(writer, SIGKILL);
  waitpid(writer, nullptr, 0);
}

TEST(RingStress, AnotherProcessReadsWhatWasWrittenInOrder) {
  const Deadline end = Deadline::After(stress_for);
  std::uint64_t seed = 0;
  do {
    for (const std::size_t ring_bytes : kRingSizes) {
      RunRound(ring_bytes, ++seed);
      ASSERT_FALSE(testing::Test::HasFailure())
          << "a ring of " << ring_bytes << ", seed " << seed;
    }
  } while (!end.Passed());
  RecordProperty("frames", static_cast<int>(seed) * kFramesOfARound);
}

}  // namespace
}  // namespace am::transport

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int seconds = 0;
  if (argc == 2 && absl::StartsWith(argv[1], "--seconds=") &&
      absl::SimpleAtoi(argv[1] + 10, &seconds)) {
    am::transport::stress_for = absl::Seconds(seconds);
  } else if (argc > 1) {
    return 2;
  }
  return RUN_ALL_TESTS();
}
