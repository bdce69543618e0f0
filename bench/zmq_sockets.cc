#include "bench/zmq_sockets.h"

#include <utility>

#include "absl/strings/match.h"

namespace am::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kForEver{-1};

std::string BindAddress(const Setting& setting, const SocketFolder& folder) {
  if (setting.scheme == "tcp") return "tcp://127.0.0.1:*";
  return absl::StrCat("ipc://", folder.socket());
}

}  // namespace

ZmqSockets::ZmqSockets(zmq::context_t& context, const Setting& setting,
                       ZmqLoop loop, milliseconds patience)
    : context_(context),
      loop_(loop),
      in_bursts_(setting.in_flight > 1),
      patience_(patience),
      pull_(context, zmq::socket_type::pull) {
  pull_.set(zmq::sockopt::linger, 0);
  pull_.set(zmq::sockopt::rcvtimeo, static_cast<int>(patience.count()));
  pull_.bind(BindAddress(setting, folder_));
}

void ZmqSockets::Connect(const std::string& address) {
  push_ = zmq::socket_t(context_, zmq::socket_type::push);
  push_.set(zmq::sockopt::linger, 0);
  push_.set(zmq::sockopt::sndtimeo, static_cast<int>(patience_.count()));
  push_.connect(address);
}

void ZmqSockets::Introduce(const std::string& server) {
  Connect(server);
  zmq::message_t introduction(address());
  Send(introduction);
}

absl::Status ZmqSockets::Exchange(const std::string& payload) {
  zmq::message_t message(payload);
  if (!Send(message) || !Receive(message)) return NoAnswer();
  if (BytesOf(message) == payload) return absl::OkStatus();
  return absl::DataLossError("libzmq: the answer differs");
}

bool ZmqSockets::Await() {
  zmq::pollitem_t item = {pull_.handle(), 0, ZMQ_POLLIN, 0};
  return zmq::poll(&item, 1, patience_) == 1;
}

bool ZmqSockets::Receive(zmq::message_t& message) {
  if (loop_ == ZmqLoop::kReceive) {
    return pull_.recv(message, zmq::recv_flags::none).has_value();
  }
  if (in_bursts_ && pull_.recv(message, zmq::recv_flags::dontwait)) return true;
  return Await() && pull_.recv(message, zmq::recv_flags::dontwait).has_value();
}

bool IsIntroduction(absl::string_view message) {
  return absl::StartsWith(message, "tcp://") ||
         absl::StartsWith(message, "ipc://");
}

ZmqServer::ZmqServer(const Setting& setting, ZmqLoop loop, Answer answer)
    : answer_(std::move(answer)),
      sockets_(context_, setting, loop, kForEver),
      thread_([this] { Serve(); }) {}

ZmqServer::~ZmqServer() {
  context_.shutdown();
  thread_.join();
}

void ZmqServer::Serve() try {
  zmq::message_t message;
  while (sockets_.Receive(message)) {
    if (IsIntroduction(BytesOf(message))) {
      sockets_.Connect(message.to_string());
    } else if (answer_(message) && !sockets_.Send(message)) {
      return;
    }
  }
} catch (const zmq::error_t&) {
  // Shut down. A caller that misses an answer will say so.
}

absl::StatusOr<std::unique_ptr<Server>> MakeZmqServer(
    const Setting& setting, ZmqLoop loop, ZmqServer::Answer answer) {
  return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Server>> {
    return std::make_unique<ZmqServer>(setting, loop, std::move(answer));
  });
}

}  // namespace am::bench
