// Stranger: a peer that speaks the protocol by hand, well or badly.
//
//   Stranger mallory(world, *server);
//   mallory.Join();                                   // HELLO, HELLO_ACK
//   FrameHeader header = mallory.NextHeader();
//   header.first_sequence += 5;
//   mallory.Send(header, CallOf("echo"));
//   EXPECT_TRUE(mallory.Ping());                      // the server serves on
//
// Frames of one lane arrive in order, so that an answered Ping proves that what
// was sent before it has been dealt with. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "am/instance_id.h"
#include "am/manager.h"
#include "am/transport/transport.h"
#include "am/wire/wire.h"
#include "tests/am/manager_fixture.h"

namespace am {

class Stranger final : private transport::LaneObserver {
 public:
  struct Received {
    FrameHeader frame;
    MessageHeader header;
    std::string metadata;
    std::string payload;
  };

  Stranger(World& world, const Manager& server);

  // Says GOODBYE, so that nobody waits for it.
  ~Stranger() override;

  InstanceId id() const { return id_; }
  PeerInfo info() const;

  // Says HELLO, in a session after the one before, and waits for the answer.
  bool Join();

  // HELLO as `info`, which Join would make of info().
  void SayHello(const FrameHeader& header, const PeerInfo& info);

  // What the next frame would begin with if nothing were wrong with it.
  FrameHeader NextHeader() const;

  // A frame of one message, whatever its header says.
  void Send(FrameHeader header, const MessageHeader& message,
            absl::string_view payload = {}, absl::string_view metadata = {});

  // The same, as it should be.
  void Send(const MessageHeader& message, absl::string_view payload = {},
            absl::string_view metadata = {});

  // Anything.
  transport::SendResult SendBytes(
      absl::string_view bytes,
      const std::vector<transport::Buffer>& parts = {});

  // Receives until a message of this kind comes. None: it does not.
  std::optional<Received> Await(MessageKind kind);

  // Whether the server answers a PING.
  bool Ping();

  // Tells the server what has been received, without an answer.
  void SendCounts();

 private:
  void OnWritable() override {}
  void OnLost(absl::string_view) override {}
  void TakeIn(const transport::InboundFrame& frame);

  const InstanceId id_ = InstanceId::Random();
  const InstanceId server_;
  const std::unique_ptr<transport::Transport> transport_;
  transport::Address address_;
  std::unique_ptr<transport::Lane> lane_;
  std::vector<Received> received_;
  std::uint32_t session_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint32_t server_session_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t pings_ = 0;
};

// A message to a handler with a bare name.
MessageHeader OneWayTo(absl::string_view handler);
MessageHeader AckCallOf(absl::string_view handler, std::uint64_t call_id = 1);
MessageHeader CallOf(absl::string_view handler, std::uint64_t call_id = 1);

}  // namespace am
