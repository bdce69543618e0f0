#include "tests/am/stranger.h"

#include <algorithm>
#include <utility>

#include "am/handler_id.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

constexpr int kPatience = 100;  // waits of a tenth of a second

MessageHeader To(absl::string_view handler, MessageKind kind,
                 std::uint64_t call_id) {
  MessageHeader header;
  header.kind = kind;
  header.handler = HandlerId(FullHandlerName(handler));
  header.call_id = call_id;
  header.budget = ToBudget(absl::Seconds(30));
  return header;
}

transport::Address Listen(transport::Transport& transport,
                          const transport::Address& wanted) {
  absl::StatusOr<transport::Address> bound = transport.Listen(wanted);
  EXPECT_TRUE(bound.ok()) << bound.status();
  return *std::move(bound);
}

}  // namespace

MessageHeader OneWayTo(absl::string_view handler) {
  return To(handler, MessageKind::kNoReturn, 0);
}

MessageHeader AckCallOf(absl::string_view handler, std::uint64_t call_id) {
  return To(handler, MessageKind::kAckCall, call_id);
}

MessageHeader CallOf(absl::string_view handler, std::uint64_t call_id) {
  return To(handler, MessageKind::kCall, call_id);
}

Stranger::Stranger(World& world, const Manager& server)
    : server_(server.instance_id()),
      transport_(world.MakeTransport()),
      address_(Listen(*transport_, world.FreeAddress())) {
  auto lane = transport_->Open(world.InfoOf(server).addresses.front(), *this);
  EXPECT_TRUE(lane.ok()) << lane.status();
  lane_ = *std::move(lane);
}

Stranger::~Stranger() {
  MessageHeader goodbye;
  goodbye.kind = MessageKind::kGoodbye;
  Send(goodbye);
}

PeerInfo Stranger::info() const {
  PeerInfo info;
  info.id = id_;
  info.name = "stranger";
  info.addresses = {address_};
  return info;
}

bool Stranger::Join() {
  ++session_;
  next_sequence_ = 1;
  SayHello(NextHeader(), info());
  const std::optional<Received> ack = Await(MessageKind::kHelloAck);
  v1::HelloAck parsed;
  return ack.has_value() && parsed.ParseFromString(ack->payload) &&
         parsed.session() == session_ && parsed.code() == 0;
}

void Stranger::SayHello(const FrameHeader& header, const PeerInfo& info) {
  v1::Hello hello;
  ToProto(info, *hello.mutable_peer());
  MessageHeader message;
  message.kind = MessageKind::kHello;
  Send(header, message, hello.SerializeAsString());
}

FrameHeader Stranger::NextHeader() const {
  FrameHeader header;
  header.sender = id_.value();
  header.target = server_.value();
  header.session = session_;
  header.first_sequence = next_sequence_;
  header.counted_session = server_session_;
  header.counted = counted_;
  header.credit_messages = 1000;
  header.credit_bytes = 1 << 20;
  header.message_count = 1;
  return header;
}

void Stranger::Send(FrameHeader header, const MessageHeader& message,
                    absl::string_view payload, absl::string_view metadata) {
  std::string frame = NewFrame();
  AppendMessage(frame, message, metadata,
                Payload::Borrow(payload, message.codec));
  FinishFrame(header, frame);
  SendBytes(frame);
}

void Stranger::Send(const MessageHeader& message, absl::string_view payload,
                    absl::string_view metadata) {
  Send(NextHeader(), message, payload, metadata);
  if (IsNumbered(message.kind)) ++next_sequence_;
}

transport::SendResult Stranger::SendBytes(
    absl::string_view bytes, const std::vector<transport::Buffer>& parts) {
  return lane_->TrySend({bytes, parts});
}

std::optional<Stranger::Received> Stranger::Await(MessageKind kind) {
  for (int i = 0; i < kPatience; ++i) {
    const auto found = std::find_if(
        received_.begin(), received_.end(),
        [kind](const Received& one) { return one.header.kind == kind; });
    if (found != received_.end()) {
      Received taken = std::move(*found);
      received_.erase(found);
      return taken;
    }
    std::vector<transport::InboundFrame> burst;
    transport_->inbox().Receive(absl::Milliseconds(100), 16, burst);
    for (const transport::InboundFrame& frame : burst) TakeIn(frame);
  }
  return std::nullopt;
}

void Stranger::TakeIn(const transport::InboundFrame& frame) {
  FrameReader reader;
  ASSERT_EQ(reader.Read(frame), WireError::kNone);
  server_session_ = reader.header().session;
  for (MessageView message; reader.Next(message);) {
    if (message.sequence != 0) counted_ = message.sequence;
    received_.push_back({reader.header(), message.header,
                         std::string(message.metadata),
                         std::string(message.payload)});
  }
}

bool Stranger::Ping() {
  MessageHeader ping;
  ping.kind = MessageKind::kPing;
  ping.call_id = ++pings_;
  Send(ping);
  const std::optional<Received> pong = Await(MessageKind::kPong);
  return pong.has_value() && pong->header.call_id == ping.call_id;
}

void Stranger::SendCounts() {
  v1::Counts counts;
  counts.set_received(counted_);
  MessageHeader message;
  message.kind = MessageKind::kCounts;
  Send(message, counts.SerializeAsString());
}

}  // namespace am
