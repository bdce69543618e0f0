// What all contestants of raw libzmq consist of: two PUSH/PULL pairs, and a
// server that answers on the one what it reads from the other.
//
// Default options but for bounds on waiting. Everything here throws
// zmq::error_t; Guarded makes a Status of it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <zmq.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bench/contestant.h"
#include "bench/socket_folder.h"
#include "bench/zmq_loop.h"

namespace am::bench {

// How long a caller waits for an answer, or for room to send.
inline constexpr std::chrono::milliseconds kZmqPatience{60'000};

// A PULL that is bound, and a PUSH to whoever is to be sent to. One thread,
// but for a move with a full fence.
class ZmqSockets {
 public:
  // `context` must outlive it.
  ZmqSockets(zmq::context_t& context, const Setting& setting, ZmqLoop loop,
             std::chrono::milliseconds patience = kZmqPatience);

  // Of the PULL.
  std::string address() const { return pull_.get(zmq::sockopt::last_endpoint); }

  // From now on sends there alone.
  void Connect(const std::string& address);

  // Sends its own address there, for the server to connect back to.
  void Introduce(const std::string& address);

  // A message there and the same back. DEADLINE_EXCEEDED: no answer;
  // DATA_LOSS: another one.
  absl::Status Exchange(const std::string& payload);

  // False: it could not be done within the patience.
  bool Send(zmq::message_t& message) {
    return push_.send(message, zmq::send_flags::none).has_value();
  }
  bool Receive(zmq::message_t& message);

 private:
  bool Await();

  zmq::context_t& context_;
  const ZmqLoop loop_;
  const bool in_bursts_;
  const std::chrono::milliseconds patience_;
  const SocketFolder folder_;
  zmq::socket_t pull_;
  zmq::socket_t push_;
};

// Whether a message is an introduction and no payload.
bool IsIntroduction(absl::string_view message);

// Serves in a thread of its own: whoever introduced himself last is sent what
// `answer` made of each message. It may change the message, and returns whether
// to send it.
class ZmqServer final : public Server {
 public:
  using Answer = std::function<bool(zmq::message_t&)>;

  ZmqServer(const Setting& setting, ZmqLoop loop, Answer answer);
  ~ZmqServer() override;

  std::string address() const override { return sockets_.address(); }

 private:
  void Serve();

  const Answer answer_;
  zmq::context_t context_;
  ZmqSockets sockets_;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<Server>> MakeZmqServer(const Setting& setting,
                                                      ZmqLoop loop,
                                                      ZmqServer::Answer answer);

// An Answer: the message as it is.
inline bool SendBack(zmq::message_t&) { return true; }

inline absl::string_view BytesOf(const zmq::message_t& message) {
  return {message.data<char>(), message.size()};
}

inline absl::Status NoAnswer() {
  return absl::DeadlineExceededError("libzmq: no answer");
}

// Runs `function`; what it throws becomes an error.
template <typename Function>
auto Guarded(Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const zmq::error_t& error) {
    return absl::UnavailableError(absl::StrCat("libzmq: ", error.what()));
  }
}

}  // namespace am::bench
