#include "bench/zmq_contestant.h"

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <zmq.hpp>

#include "absl/strings/str_cat.h"
#include "bench/payload.h"

namespace am::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kForEver{-1};
constexpr milliseconds kPatience{10'000};

// A private folder for a socket, removed with the object.
class SocketFolder {
 public:
  SocketFolder() {
    char path[] = "/tmp/am-bench.XXXXXX";
    if (mkdtemp(path) != nullptr) path_ = path;
  }
  ~SocketFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  std::string socket() const { return absl::StrCat(path_, "/socket"); }

 private:
  std::string path_;
};

// A PULL that is bound and a PUSH to be connected. Throws zmq::error_t.
class Sockets {
 public:
  Sockets(const Setting& setting, ZmqLoop loop, milliseconds patience)
      : loop_(loop), patience_(patience) {
    push_.set(zmq::sockopt::linger, 0);
    push_.set(zmq::sockopt::sndtimeo, static_cast<int>(patience.count()));
    pull_.set(zmq::sockopt::rcvtimeo, static_cast<int>(patience.count()));
    pull_.bind(setting.scheme == "tcp"
                   ? "tcp://127.0.0.1:*"
                   : absl::StrCat("ipc://", folder_.socket()));
  }

  std::string address() const { return pull_.get(zmq::sockopt::last_endpoint); }

  void Connect(const std::string& address) { push_.connect(address); }

  // False: it could not be done within the patience.
  bool Send(zmq::message_t& message) {
    return push_.send(message, zmq::send_flags::none).has_value();
  }
  bool Receive(zmq::message_t& message) {
    if (loop_ == ZmqLoop::kReceive) {
      return pull_.recv(message, zmq::recv_flags::none).has_value();
    }
    zmq::pollitem_t item = {pull_.handle(), 0, ZMQ_POLLIN, 0};
    return zmq::poll(&item, 1, patience_) == 1 &&
           pull_.recv(message, zmq::recv_flags::dontwait).has_value();
  }

  // Makes whoever waits in Receive throw. Any thread.
  void Interrupt() { context_.shutdown(); }

 private:
  const ZmqLoop loop_;
  const milliseconds patience_;
  const SocketFolder folder_;
  zmq::context_t context_;
  zmq::socket_t pull_{context_, zmq::socket_type::pull};
  zmq::socket_t push_{context_, zmq::socket_type::push};
};

// Sends everything back to the address that comes first.
class ZmqServer final : public Server {
 public:
  ZmqServer(const Setting& setting, ZmqLoop loop)
      : sockets_(setting, loop, kForEver), thread_([this] { Serve(); }) {}
  ~ZmqServer() override {
    sockets_.Interrupt();
    thread_.join();
  }

  std::string address() const override { return sockets_.address(); }

 private:
  void Serve() try {
    zmq::message_t message;
    sockets_.Receive(message);
    sockets_.Connect(message.to_string());
    while (sockets_.Receive(message) && sockets_.Send(message)) {
    }
  } catch (const zmq::error_t&) {
    // Interrupted. A caller that misses an answer will say so.
  }

  Sockets sockets_;
  std::thread thread_;
};

class ZmqCaller final : public Caller {
 public:
  ZmqCaller(const Setting& setting, ZmqLoop loop, const std::string& address)
      : payloads_(setting.payload_bytes), sockets_(setting, loop, kPatience) {
    sockets_.Connect(address);
    zmq::message_t hello(sockets_.address());
    sockets_.Send(hello);
  }

  absl::Status Run(Recorder& recorder) override try {
    while (!recorder.enough()) {
      const std::string& payload = payloads_.Next();
      const Recorder::Moment begun = recorder.Begin();
      zmq::message_t message(payload);
      if (!sockets_.Send(message) || !sockets_.Receive(message)) {
        return absl::DeadlineExceededError("libzmq: no answer");
      }
      recorder.End(begun);
      if (message.to_string_view() != payload) {
        return absl::DataLossError("libzmq: the answer differs");
      }
    }
    return absl::OkStatus();
  } catch (const zmq::error_t& error) {
    return absl::InternalError(absl::StrCat("libzmq: ", error.what()));
  }

 private:
  PayloadMaker payloads_;
  Sockets sockets_;
};

class ZmqContestant final : public Contestant {
 public:
  explicit ZmqContestant(ZmqLoop loop) : loop_(loop) {}

  absl::string_view name() const override {
    return loop_ == ZmqLoop::kReceive ? "libzmq_recv" : "libzmq_poll";
  }

  absl::StatusOr<std::unique_ptr<Server>> Serve(const Setting& setting) override
      try {
    return std::make_unique<ZmqServer>(setting, loop_);
  } catch (const zmq::error_t& error) {
    return absl::UnavailableError(absl::StrCat("libzmq: ", error.what()));
  }

  absl::StatusOr<std::unique_ptr<Caller>> Connect(
      const Setting& setting, const std::string& address) override try {
    return std::make_unique<ZmqCaller>(setting, loop_, address);
  } catch (const zmq::error_t& error) {
    return absl::UnavailableError(absl::StrCat("libzmq: ", error.what()));
  }

 private:
  const ZmqLoop loop_;
};

}  // namespace

std::unique_ptr<Contestant> MakeZmqContestant(ZmqLoop loop) {
  return std::make_unique<ZmqContestant>(loop);
}

}  // namespace am::bench
