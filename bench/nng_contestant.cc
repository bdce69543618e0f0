#include "bench/nng_contestant.h"

#ifdef AM_HAS_NNG

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bench/function_contestant.h"
#include "bench/in_order.h"
#include "bench/socket_folder.h"

namespace am::bench {
namespace {

constexpr nng_duration kPatienceMs = 10'000;
constexpr int kQueued = 4096;  // more than are ever under way

absl::Status StatusOf(int code) {
  return code == 0
             ? absl::OkStatus()
             : absl::InternalError(absl::StrCat("nng: ", nng_strerror(code)));
}

struct FreeMessage {
  void operator()(nng_msg* message) const { nng_msg_free(message); }
};
using Message = std::unique_ptr<nng_msg, FreeMessage>;

absl::string_view BytesOf(nng_msg* message) {
  return {static_cast<const char*>(nng_msg_body(message)),
          nng_msg_len(message)};
}

class Socket final {
 public:
  Socket() : code_(nng_pair0_open(&socket_)) {
    for (const char* const queue : {NNG_OPT_SENDBUF, NNG_OPT_RECVBUF}) {
      if (code_ == 0) code_ = nng_socket_set_int(socket_, queue, kQueued);
    }
    if (code_ == 0) {
      code_ = nng_socket_set_size(socket_, NNG_OPT_RECVMAXSZ, 0);
    }
  }
  ~Socket() { nng_close(socket_); }

  // The result of its making.
  int code() const { return code_; }
  nng_socket get() const { return socket_; }

 private:
  nng_socket socket_ = NNG_SOCKET_INITIALIZER;
  int code_;
};

// Sends back what it receives.
class NngServer final : public Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Make(const Setting& setting) {
    auto server = std::make_unique<NngServer>();
    absl::Status listens = server->Listen(setting.scheme);
    if (!listens.ok()) return listens;
    server->thread_ = std::thread([socket = server->socket_.get()] {
      nng_msg* message = nullptr;
      while (nng_recvmsg(socket, &message, 0) == 0) {
        if (nng_sendmsg(socket, message, 0) != 0) return nng_msg_free(message);
      }
    });
    return server;
  }
  ~NngServer() override {
    nng_close(socket_.get());
    if (thread_.joinable()) thread_.join();
  }

  std::string address() const override { return address_; }

 private:
  absl::Status Listen(const std::string& scheme) {
    if (socket_.code() != 0) return StatusOf(socket_.code());
    const bool is_tcp = scheme == "tcp";
    address_ =
        is_tcp ? "tcp://127.0.0.1:0" : absl::StrCat("ipc://", folder_.socket());
    nng_listener listener = NNG_LISTENER_INITIALIZER;
    int code = nng_listen(socket_.get(), address_.c_str(), &listener, 0);
    if (code != 0 || !is_tcp) return StatusOf(code);
    int port = 0;
    code = nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port);
    address_ = absl::StrCat("tcp://127.0.0.1:", port);
    return StatusOf(code);
  }

  const SocketFolder folder_;
  const Socket socket_;
  std::string address_;
  std::thread thread_;
};

class NngCaller final : public Caller {
 public:
  static absl::StatusOr<std::unique_ptr<Caller>> Make(
      const Setting& setting, const std::string& address) {
    auto caller = std::make_unique<NngCaller>(setting);
    const nng_socket socket = caller->socket_.get();
    int code = caller->socket_.code();
    for (const char* const wait : {NNG_OPT_SENDTIMEO, NNG_OPT_RECVTIMEO}) {
      if (code == 0) code = nng_socket_set_ms(socket, wait, kPatienceMs);
    }
    if (code == 0) code = nng_dial(socket, address.c_str(), nullptr, 0);
    if (code != 0) return StatusOf(code);
    return caller;
  }

  explicit NngCaller(const Setting& setting) : in_order_(setting) {}

  absl::Status Run(Recorder& recorder) override {
    Message answer;
    return in_order_.Run(
        recorder, [&](const std::string& payload) { return Send(payload); },
        [&] { return Receive(answer); },
        [&](const std::string& payload) {
          return BytesOf(answer.get()) == payload;
        });
  }

 private:
  absl::Status Send(const std::string& payload) {
    nng_msg* message = nullptr;
    int code = nng_msg_alloc(&message, 0);
    if (code == 0) {
      code = nng_msg_append(message, payload.data(), payload.size());
    }
    if (code == 0) code = nng_sendmsg(socket_.get(), message, 0);
    if (code != 0) nng_msg_free(message);
    return StatusOf(code);
  }

  absl::Status Receive(Message& answer) {
    nng_msg* message = nullptr;
    const int code = nng_recvmsg(socket_.get(), &message, 0);
    answer.reset(message);
    return StatusOf(code);
  }

  InOrder in_order_;
  const Socket socket_;
};

}  // namespace

bool HasNng() { return true; }

std::unique_ptr<Contestant> MakeNngContestant() {
  return MakeContestant(kNngContestantName, NngServer::Make, NngCaller::Make);
}

}  // namespace am::bench

#else

namespace am::bench {

bool HasNng() { return false; }

std::unique_ptr<Contestant> MakeNngContestant() { return nullptr; }

}  // namespace am::bench

#endif
