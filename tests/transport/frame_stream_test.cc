#include "am/transport/frame_stream.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace am::transport {
namespace {

using Result = FrameStreamReader::Result;

constexpr std::size_t kRing = 256;

class FrameStreamTest : public testing::Test {
 protected:
  // Reads all that can be read, and gives the room back.
  Result Read(InboundFrame& frame) {
    const Result result =
        reader_.TryRead(frame, [this] { ++wakes_of_writer_; });
    reader_.ring().Release();
    return result;
  }
  void Publish() { writer_.ring().Publish(); }
  void Pump() {
    writer_.Pump([this] { ++wakes_of_reader_; });
  }

  // Whatever is in the bytes.
  void WriteRaw(absl::string_view bytes) {
    writer_.ring().Write(bytes);
    Publish();
  }
  static std::string Number(std::uint32_t number) {
    return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
  }

  alignas(4096) char bytes_[RingMemory::kBytesAt + kRing] = {};
  const RingMemory memory_ = RingMemory::At(bytes_, kRing);
  FrameStreamWriter writer_{memory_};
  SpareBlocks blocks_;
  FrameStreamReader reader_{memory_, {.parts = 3, .bytes = 1000}, blocks_};
  InboundFrame frame_;
  int wakes_of_reader_ = 0;
  int wakes_of_writer_ = 0;
};

TEST_F(FrameStreamTest, AFrameComesWithItsParts) {
  const std::vector<Buffer> parts = {Buffer(std::string("one")), Buffer()};
  EXPECT_TRUE(writer_.TryWrite({"head", parts}));
  Publish();
  ASSERT_EQ(Read(frame_), Result::kFrame);
  EXPECT_EQ(frame_.head.view(), "head");
  ASSERT_EQ(frame_.parts.size(), 2u);
  EXPECT_EQ(frame_.parts[0].view(), "one");
  EXPECT_EQ(frame_.parts[1].view(), "");
  EXPECT_EQ(Read(frame_), Result::kNothing);
}

TEST_F(FrameStreamTest, WithoutRoomNothingOfAFrameIsTaken) {
  const std::string large(kRing - 8, 'a');
  EXPECT_TRUE(writer_.TryWrite({large}));
  EXPECT_FALSE(writer_.TryWrite({"b"}));
  Publish();
  ASSERT_EQ(Read(frame_), Result::kFrame);
  EXPECT_TRUE(writer_.TryWrite({"b"}));
  Publish();
  ASSERT_EQ(Read(frame_), Result::kFrame);
  EXPECT_EQ(frame_.head.view(), "b");
}

TEST_F(FrameStreamTest, AFrameLargerThanTheRingTravelsInPieces) {
  const std::string large(900, 'x');
  EXPECT_TRUE(writer_.TryWrite({"head", {{Buffer(large)}}}));
  EXPECT_FALSE(writer_.TryWrite({"next"}));
  Result result = Result::kNothing;
  for (int piece = 0; piece < 10 && result == Result::kNothing; ++piece) {
    Pump();
    Publish();
    result = Read(frame_);
  }
  ASSERT_EQ(result, Result::kFrame);
  EXPECT_FALSE(writer_.pending());
  EXPECT_EQ(frame_.head.view(), "head");
  EXPECT_EQ(frame_.parts[0].view(), large);
}

// So that both sides copy at the same time.
TEST_F(FrameStreamTest, WhoSleepsIsWokenByTheFirstPiece) {
  EXPECT_TRUE(reader_.ring().PrepareToSleep());
  EXPECT_TRUE(writer_.TryWrite({std::string(900, 'x')}));
  Pump();
  EXPECT_EQ(wakes_of_reader_, 1);
  EXPECT_FALSE(writer_.ring().Publish()) << "it is awake by now";
  EXPECT_TRUE(writer_.ring().AwaitRoom());
  EXPECT_EQ(reader_.TryRead(frame_, [this] { ++wakes_of_writer_; }),
            Result::kNothing);
  EXPECT_EQ(wakes_of_writer_, 1);
  EXPECT_GE(writer_.ring().Room(1), 3 * PieceOf(memory_));
}

TEST_F(FrameStreamTest, AHalfWrittenFrameIsNotRead) {
  WriteRaw(Number(1) + Number(10) + "12345");
  EXPECT_EQ(Read(frame_), Result::kNothing);
  EXPECT_TRUE(reader_.ring().PrepareToSleep());
  WriteRaw("67890");
  ASSERT_EQ(Read(frame_), Result::kFrame);
  EXPECT_EQ(frame_.head.view(), "1234567890");
}

TEST_F(FrameStreamTest, TooManyPartsBreakIt) {
  WriteRaw(Number(4));
  EXPECT_EQ(Read(frame_), Result::kBroken);
  EXPECT_EQ(Read(frame_), Result::kBroken);
}

TEST_F(FrameStreamTest, NoPartsBreakIt) {
  WriteRaw(Number(0));
  EXPECT_EQ(Read(frame_), Result::kBroken);
}

TEST_F(FrameStreamTest, TooManyBytesBreakIt) {
  WriteRaw(Number(2) + Number(1000) + Number(1));
  EXPECT_EQ(Read(frame_), Result::kBroken);
}

// Whatever is in the memory, and however it changes: no more than the limits
// allow is read, and nothing outside the ring.
TEST_F(FrameStreamTest, RandomMemoryDoesNoHarm) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    FrameStreamReader reader(memory_, {.parts = 3, .bytes = 1000}, blocks_);
    for (int step = 0; step < 8; ++step) {
      for (char& byte : bytes_) byte = static_cast<char>(random());
      if (random() % 4 != 0) memory_.head->written = random() % (kRing + 2);
      if (random() % 2 != 0) memory_.bytes[0] = static_cast<char>(random() % 4);
      if (random() % 2 != 0)
        memory_.bytes[1] = memory_.bytes[2] = memory_.bytes[3] = 0;
      InboundFrame frame;
      if (reader.TryRead(frame, [] {}) == Result::kFrame) {
        EXPECT_LE(frame.head.size(), 1000u);
      }
      reader.ring().Release();
    }
  }
}

}  // namespace
}  // namespace am::transport
