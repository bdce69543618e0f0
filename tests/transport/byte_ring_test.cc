#include "am/transport/byte_ring.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace am::transport {
namespace {

constexpr std::size_t kSize = 64;

class ByteRingTest : public testing::Test {
 protected:
  // How much of it was taken.
  std::size_t Write(const std::string& text) {
    absl::string_view left = text;
    writer_.Write(left);
    return text.size() - left.size();
  }
  std::string Read(std::size_t size) {
    std::string text(size, '\0');
    reader_.Read(text.data(), size);
    return text;
  }

  alignas(4096) char bytes_[RingMemory::kBytesAt + kSize] = {};
  const RingMemory memory_ = RingMemory::At(bytes_, kSize);
  RingWriter writer_{memory_};
  RingReader reader_{memory_};
};

TEST_F(ByteRingTest, NothingIsSeenBeforeItIsPublished) {
  Write("hello");
  EXPECT_EQ(reader_.Available(), 0u);
  writer_.Publish();
  ASSERT_EQ(reader_.Available(), 5u);
  EXPECT_EQ(Read(5), "hello");
}

TEST_F(ByteRingTest, ItTakesNoMoreThanThereIsRoomFor) {
  EXPECT_EQ(Write(std::string(kSize + 1, 'a')), kSize);
  EXPECT_EQ(Write("b"), 0u);
  writer_.Publish();
  EXPECT_EQ(Read(kSize), std::string(kSize, 'a'));
  EXPECT_EQ(Write("b"), 0u) << "room was not released";
  reader_.Release();
  EXPECT_EQ(Write("b"), 1u);
}

TEST_F(ByteRingTest, BytesGoRoundTheEnd) {
  for (int i = 0; i < 100; ++i) {
    const std::string text(1 + i % 40, static_cast<char>('a' + i % 26));
    ASSERT_EQ(Write(text), text.size());
    writer_.Publish();
    ASSERT_EQ(reader_.Available(), text.size());
    ASSERT_EQ(Read(text.size()), text);
    reader_.Release();
  }
}

TEST_F(ByteRingTest, OnlyAReaderThatSleepsIsToBeWoken) {
  Write("a");
  EXPECT_FALSE(writer_.Publish());
  EXPECT_FALSE(reader_.PrepareToSleep()) << "something is there";
  Read(reader_.Available());
  EXPECT_TRUE(reader_.PrepareToSleep());
  Write("b");
  EXPECT_TRUE(writer_.Publish());
  EXPECT_FALSE(writer_.Publish()) << "once is enough";
}

TEST_F(ByteRingTest, OnlyAWriterThatWaitsIsToBeSignalled) {
  Write(std::string(kSize, 'a'));
  writer_.Publish();
  ASSERT_EQ(reader_.Available(), kSize);
  Read(1);
  EXPECT_FALSE(reader_.Release());
  EXPECT_FALSE(writer_.AwaitRoom()) << "there is room by now";
  Write("b");
  EXPECT_TRUE(writer_.AwaitRoom());
  Read(1);
  EXPECT_TRUE(reader_.Release());
  EXPECT_FALSE(reader_.Release()) << "once is enough";
}

TEST_F(ByteRingTest, AWriterThatClaimsMoreThanTheRingHoldsBreaksIt) {
  memory_.head->written = kSize + 1;
  EXPECT_EQ(reader_.Available(), 0u);
  EXPECT_TRUE(reader_.broken());
  memory_.head->written = 1;
  EXPECT_EQ(reader_.Available(), 0u) << "it stays broken";
}

TEST_F(ByteRingTest, AWriterThatGoesBackBreaksIt) {
  Write("abc");
  writer_.Publish();
  ASSERT_EQ(reader_.Available(), 3u);
  Read(3);
  memory_.head->written = 2;
  EXPECT_EQ(reader_.Available(), 0u);
  EXPECT_TRUE(reader_.broken());
}

TEST_F(ByteRingTest, AReaderThatClaimsMoreThanWasWrittenBreaksIt) {
  Write(std::string(kSize, 'a'));
  writer_.Publish();
  memory_.head->read = kSize + 1;
  EXPECT_EQ(writer_.Room(1), 0u);
  EXPECT_TRUE(writer_.broken());
  EXPECT_EQ(Write("b"), 0u);
}

// Sleeps and waits as processes would, with a flag for an eventfd.
class Signal {
 public:
  void Set() {
    flag_ = true;
    flag_.notify_one();
  }
  void Await() {
    flag_.wait(false);
    flag_ = false;
  }

 private:
  std::atomic<bool> flag_ = false;
};

TEST_F(ByteRingTest, NoWakeUpIsMissedBetweenTwoThreads) {
  constexpr std::uint32_t kBytes = 2'000'000;
  Signal written, read;
  std::thread reading([&] {
    for (std::uint32_t seen = 0; seen < kBytes;) {
      const std::size_t available = reader_.Available();
      if (available == 0) {
        if (reader_.PrepareToSleep()) written.Await();
        continue;
      }
      for (const char byte : Read(available)) {
        ASSERT_EQ(byte, static_cast<char>(seen++ * 7));
      }
      if (reader_.Release()) read.Set();
    }
  });
  std::string chunk;
  for (std::uint32_t sent = 0; sent < kBytes;) {
    chunk.clear();
    const std::uint32_t size = std::min(kBytes - sent, 1 + sent % 97);
    for (std::uint32_t i = 0; i < size; ++i) {
      chunk.push_back(static_cast<char>((sent + i) * 7));
    }
    absl::string_view left = chunk;
    while (!left.empty()) {
      const std::size_t before = left.size();
      writer_.Write(left);
      if (writer_.Publish()) written.Set();
      if (left.size() == before && writer_.AwaitRoom()) read.Await();
    }
    sent += size;
  }
  reading.join();
}

}  // namespace
}  // namespace am::transport
