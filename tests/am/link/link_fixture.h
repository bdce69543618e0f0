// A Link over a lane that writes down what it is given, on a clock that stands.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "am/clock.h"
#include "am/link/link.h"
#include "am/transport/transport.h"
#include "am/wire/wire.h"
#include "tests/am/fake_driver.h"

namespace am {

// A transport whose lanes write down what they are given.
class ScriptedTransport final : public transport::Transport {
 public:
  struct State {
    transport::SendResult result = transport::SendResult::kSent;
    bool has_cheap_frames = false;
    std::vector<std::string> frames;
  };

  absl::StatusOr<transport::Address> Listen(
      const transport::Address& address) override {
    return address;
  }
  absl::StatusOr<std::unique_ptr<transport::Lane>> Open(
      const transport::Address&, transport::LaneObserver&) override {
    return std::make_unique<ScriptedLane>(state);
  }
  transport::Inbox& inbox() override { std::abort(); }
  std::size_t max_frame_bytes() const override { return 1 << 20; }

  State state;

 private:
  class ScriptedLane final : public transport::Lane {
   public:
    explicit ScriptedLane(State& state) : state_(state) {}
    transport::SendResult TrySend(
        const transport::OutboundFrame& frame) override {
      if (state_.result == transport::SendResult::kSent) {
        state_.frames.emplace_back(frame.head);
      }
      return state_.result;
    }
    bool has_cheap_frames() const override { return state_.has_cheap_frames; }

   private:
    State& state_;
  };
};

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::UnixEpoch();
};

class NoEvents final : public ConnectionEvents {
  void OnWritable(std::uint32_t) override {}
  void OnLost(std::uint32_t, std::string) override {}
};

class LinkTest : public testing::Test {
 protected:
  static constexpr InstanceId kSelf{1};
  static constexpr InstanceId kPeer{2};
  static constexpr std::uint32_t kSession = 7;

  static LinkOptions Options() {
    LinkOptions options;
    options.queue_messages = 8;
    options.window_messages = 8;
    return options;
  }

  // A session whose peer grants a window of `messages`.
  void Attach(std::uint32_t session = kSession, std::uint32_t messages = 4) {
    FrameHeader handshake;
    handshake.credit_messages = messages;
    handshake.credit_bytes = 1 << 20;
    link_->Attach(
        *Connection::Open(transport_, transport::Address::InProcess("peer"),
                          session, events_),
        handshake, absl::UnixEpoch());
  }

  absl::Status SendOneWay() { return Send(MessageKind::kNoReturn); }
  absl::Status Send(MessageKind kind, std::uint64_t call_id = 0) {
    MessageHeader header;
    header.kind = kind;
    header.call_id = call_id;
    return link_->Send(header, {}, Payload::Borrow("x"), absl::UnixEpoch());
  }
  void SendOneWay(int times) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(SendOneWay().ok());
  }

  // The peer counts `counted` of our messages, with `numbered` of its own.
  Link::Verdict Receive(std::uint64_t counted, std::uint32_t numbered = 0,
                        std::uint64_t first = 1) {
    FrameHeader header;
    header.session = 3;
    header.counted_session = kSession;
    header.counted = counted;
    header.first_sequence = first;
    header.credit_messages = 4;
    header.credit_bytes = 1 << 20;
    return link_->OnFrame(header, numbered, 100, absl::UnixEpoch());
  }

  FrameHeader Header(std::size_t index) const {
    FrameHeader header;
    std::memcpy(&header, transport_.state.frames.at(index).data(),
                sizeof(header));
    return header;
  }
  // The kinds of the messages that left in a frame.
  std::vector<MessageKind> Kinds(std::size_t index) const {
    const transport::InboundFrame frame{
        transport::Buffer(transport_.state.frames.at(index)), {}};
    FrameReader reader;
    EXPECT_EQ(reader.Read(frame), WireError::kNone);
    std::vector<MessageKind> kinds;
    for (MessageView message; reader.Next(message);) {
      kinds.push_back(message.header.kind);
    }
    return kinds;
  }
  std::vector<std::uint32_t> MessagesPerFrame() const {
    std::vector<std::uint32_t> counts;
    for (std::size_t i = 0; i < transport_.state.frames.size(); ++i) {
      counts.push_back(Header(i).message_count);
    }
    return counts;
  }

  ScriptedTransport transport_;
  NoEvents events_;
  FakeDriver driver_;
  FakeClock clock_;
  std::vector<std::uint64_t> roomy_;
  std::shared_ptr<Link> link_ = std::make_shared<Link>(
      Options(), kSelf, kPeer, driver_, clock_,
      [this](const std::vector<std::uint64_t>& waiters) { roomy_ = waiters; });
};

}  // namespace am
