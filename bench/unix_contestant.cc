#include "bench/unix_contestant.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "am/transport/descriptors.h"
#include "bench/function_contestant.h"
#include "bench/payload.h"
#include "bench/socket_folder.h"

namespace am::bench {
namespace {

using transport::Descriptor;

constexpr timeval kPatience = {.tv_sec = 10, .tv_usec = 0};

absl::Status Failed(absl::string_view what) {
  return absl::ErrnoToStatus(errno, what);
}

Descriptor MakeSocket() {
  return Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

sockaddr_un At(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(),
              std::min(path.size(), sizeof(address.sun_path) - 1));
  return address;
}

bool SendAll(const Descriptor& connection, const std::string& bytes) {
  return send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

bool ReceiveAll(const Descriptor& connection, std::string& bytes) {
  return recv(connection.get(), bytes.data(), bytes.size(), MSG_WAITALL) ==
         static_cast<ssize_t>(bytes.size());
}

// Sends back what one caller sends.
class UnixServer final : public Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Make(const Setting& setting) {
    auto server = std::make_unique<UnixServer>();
    const sockaddr_un address = At(server->address());
    const Descriptor& listener = server->listener_;
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)) != 0 ||
        listen(listener.get(), 1) != 0) {
      return Failed(server->address());
    }
    server->thread_ =
        std::thread([&server = *server, bytes = setting.payload_bytes] {
          server.Serve(std::string(bytes, '\0'));
        });
    return server;
  }
  ~UnixServer() override {
    shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

  std::string address() const override { return folder_.socket(); }

 private:
  // Until the caller hangs up, or nobody came.
  void Serve(std::string bytes) {
    const Descriptor connection(accept(listener_.get(), nullptr, nullptr));
    while (ReceiveAll(connection, bytes) && SendAll(connection, bytes)) {
    }
  }

  const SocketFolder folder_;
  const Descriptor listener_ = MakeSocket();
  std::thread thread_;
};

class UnixCaller final : public Caller {
 public:
  static absl::StatusOr<std::unique_ptr<Caller>> Make(const Setting& setting,
                                                      const std::string& path) {
    auto caller = std::make_unique<UnixCaller>(setting);
    const sockaddr_un address = At(path);
    const int socket = caller->connection_.get();
    if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kPatience,
                   sizeof(kPatience)) != 0 ||
        connect(socket, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
      return Failed(path);
    }
    return caller;
  }

  explicit UnixCaller(const Setting& setting)
      : payloads_(setting.payload_bytes),
        answer_(setting.payload_bytes, '\0') {}

  absl::Status Run(Recorder& recorder) override {
    while (!recorder.enough()) {
      const std::string& payload = payloads_.Next();
      const Recorder::Moment begun = recorder.Begin();
      if (!SendAll(connection_, payload) || !ReceiveAll(connection_, answer_)) {
        return Failed("a unix socket");
      }
      recorder.End(begun);
      if (answer_ != payload) return absl::DataLossError("the answer differs");
    }
    return absl::OkStatus();
  }

 private:
  const Descriptor connection_ = MakeSocket();
  PayloadMaker payloads_;
  std::string answer_;
};

}  // namespace

std::unique_ptr<Contestant> MakeUnixContestant() {
  return MakeContestant(kUnixContestantName, UnixServer::Make,
                        UnixCaller::Make);
}

}  // namespace am::bench
