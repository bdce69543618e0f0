#include "am/peer/handshake.h"

#include "am/link/counts.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

template <typename Proto>
bool Parse(absl::string_view bytes, Proto& proto) {
  return proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::string FrameOf(const HandshakeRoute& route, MessageKind kind,
                    const Payload& payload) {
  std::string frame = NewFrame();
  MessageHeader message;
  message.kind = kind;
  AppendMessage(frame, message, {}, payload);
  FrameHeader header;
  header.sender = route.self.id.value();
  header.target = route.target.value();
  header.session = route.session;
  header.counted_session = route.inbound_session;
  header.credit_messages = route.window.window_messages;
  header.credit_bytes = route.window.window_bytes;
  header.message_count = 1;
  FinishFrame(header, frame);
  return frame;
}

absl::StatusOr<PeerInfo> SenderOf(const FrameHeader& header,
                                  const v1::PeerInfo& proto) {
  absl::StatusOr<PeerInfo> info = FromProto(proto);
  if (info.ok() && info->id.value() != header.sender) {
    return absl::InvalidArgumentError("names another instance than its sender");
  }
  return info;
}

}  // namespace

std::string HelloFrame(const HandshakeRoute& route) {
  v1::Hello hello;
  ToProto(route.self, *hello.mutable_peer());
  return FrameOf(route, MessageKind::kHello, Payload::Of(hello));
}

std::string HelloAckFrame(const HandshakeRoute& route,
                          const HelloReply& reply) {
  v1::HelloAck ack;
  ack.set_session(reply.session);
  ack.set_code(static_cast<int>(reply.status.code()));
  ack.set_message(std::string(reply.status.message()));
  ack.set_since(reply.past.since);
  ack.set_closed_session(reply.past.session);
  ack.set_closed_count(reply.past.count);
  ToProto(reply.past.outcomes, *ack.mutable_outcomes());
  ToProto(route.self, *ack.mutable_peer());
  return FrameOf(route, MessageKind::kHelloAck, Payload::Of(ack));
}

absl::StatusOr<PeerInfo> ReadHello(const FrameHeader& header,
                                   absl::string_view payload) {
  v1::Hello hello;
  if (!Parse(payload, hello)) {
    return absl::InvalidArgumentError("does not parse");
  }
  return SenderOf(header, hello.peer());
}

absl::StatusOr<HelloReply> ReadHelloAck(const FrameHeader& header,
                                        absl::string_view payload) {
  v1::HelloAck ack;
  if (!Parse(payload, ack)) {
    return absl::InvalidArgumentError("does not parse");
  }
  absl::StatusOr<PeerInfo> peer = SenderOf(header, ack.peer());
  if (!peer.ok()) return peer.status();
  HelloReply reply;
  reply.session = ack.session();
  if (ack.code() != 0) {
    reply.status =
        absl::Status(static_cast<absl::StatusCode>(ack.code()), ack.message());
  }
  reply.past = {ack.since(), ack.closed_session(), ack.closed_count(),
                FromProto(ack.outcomes())};
  reply.peer = *std::move(peer);
  return reply;
}

}  // namespace am
