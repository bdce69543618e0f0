#include "am/transport/zmq_socket.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/transport/descriptors.h"
#include "am/transport/tsan.h"

namespace am::transport {
namespace {

// libzmq's own limit, and the size of a table it allocates.
constexpr int kMaxSockets = 65535;

// What a context and a socket may need at once, with some to spare.
constexpr int kContextDescriptors = 16;
constexpr int kSocketDescriptors = 8;

// From here on a part is shared with libzmq and not copied: below, libzmq
// copies it into a batch of this size anyway (its encoder.hpp).
constexpr std::size_t kShareSentBytes = 8192;

// From here on a received part shares libzmq's memory. Small ones are copied,
// since a share pins the whole 8 KiB arena into which libzmq reads; so a kept
// Buffer costs at most eight times its size.
constexpr std::size_t kShareReceivedBytes = 1024;

absl::Status ToStatus(const zmq::error_t& error, absl::string_view what) {
  const std::string text = absl::StrCat(what, ": ", error.what());
  switch (error.num()) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(text);
    case EINVAL:
      return absl::InvalidArgumentError(text);
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::UnavailableError(text);
  }
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

void SetCommonOptions(zmq::socket_t& socket, const ZmqSocketOptions& options) {
  socket.set(zmq::sockopt::linger, Milliseconds(options.linger));
  socket.set(zmq::sockopt::maxmsgsize,
             static_cast<std::int64_t>(options.max_part_bytes));
  socket.set(zmq::sockopt::sndhwm, options.high_water_mark);
  socket.set(zmq::sockopt::rcvhwm, options.high_water_mark);
}

void SetNetworkOptions(zmq::socket_t& socket, const ZmqSocketOptions& options) {
  socket.set(zmq::sockopt::backlog, options.backlog);
  socket.set(zmq::sockopt::handshake_ivl,
             Milliseconds(options.handshake_timeout));
  socket.set(zmq::sockopt::reconnect_ivl, -1);
  if (options.kernel_buffer_bytes > 0) {
    socket.set(zmq::sockopt::sndbuf, options.kernel_buffer_bytes);
    socket.set(zmq::sockopt::rcvbuf, options.kernel_buffer_bytes);
  }
  // No heartbeats of libzmq's at either end: a receiver that is full and whose
  // sender has gone aborts the process, be it that its own is due, or that it
  // reads a PING of the sender's at last (4.3.4, out_event asserts !_io_error).
  // The system lets go of tcp connections whose other end has vanished.
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 10);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, 5);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
}

// libzmq binds to numbers only, and looks names up as IPv4 or IPv6, not both.
std::string EndpointOf(const Address& address) {
  if (address.scheme() == Scheme::kTcp && address.host() == "localhost") {
    return Address::Tcp("127.0.0.1", address.port()).ToString();
  }
  return address.ToString();
}

// The same for who sends there and who receives. For TSan. All unix sockets
// share one: they are bound at another path than where they are found.
std::uint64_t NameOf(const std::string& endpoint) {
  const bool is_ipc = absl::StartsWith(endpoint, "ipc://");
  return std::hash<std::string>()(is_ipc ? "ipc" : endpoint) | 1;
}

bool IsIpv6(const Address& address) {
  return address.scheme() == Scheme::kTcp &&
         address.host().find(':') != std::string::npos;
}

// A Buffer in the care of libzmq, which lets it go on one of its threads. It
// orders that after the sending, too, but out of ThreadSanitizer's sight.
class LentBuffer {
 public:
  explicit LentBuffer(const Buffer& buffer) : buffer_(buffer) {
    lent_.store(true, std::memory_order_release);
  }

  static void Release(void*, void* lent_buffer) noexcept {
    auto* const lent = static_cast<LentBuffer*>(lent_buffer);
    if (lent->lent_.load(std::memory_order_acquire)) delete lent;
  }

 private:
  const Buffer buffer_;
  std::atomic<bool> lent_ = false;
};

zmq::message_t ToMessage(const Buffer& part) {
  if (part.size() < kShareSentBytes) {
    return zmq::message_t(part.data(), part.size());
  }
  return zmq::message_t(const_cast<char*>(part.data()), part.size(),
                        &LentBuffer::Release, new LentBuffer(part));
}

Buffer CopyOf(const zmq::message_t& message) {
  const std::size_t size = message.size();
  if (size == 0) return Buffer();
  auto bytes = std::make_shared_for_overwrite<char[]>(size);
  std::memcpy(bytes.get(), message.data(), size);
  const absl::string_view view(bytes.get(), size);
  return Buffer(view, std::move(bytes));
}

Buffer ToBuffer(zmq::message_t& message) {
  if (message.size() < kShareReceivedBytes) return CopyOf(message);
  auto owner = std::make_shared<zmq::message_t>(std::move(message));
  const absl::string_view view(owner->data<char>(), owner->size());
  return Buffer(view, std::move(owner));
}

absl::string_view Explain(std::uint16_t event) {
  switch (event) {
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_CONNECT_RETRIED:
      return "nobody accepted the connection";
    case ZMQ_EVENT_DISCONNECTED:
      return "the peer broke off the connection";
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return "the peer does not speak ZMTP as expected";
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      return "the peer refused the authentication";
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      return "the handshake failed";
    default:
      return "";
  }
}

}  // namespace

struct ZmqContext::Impl {
  zmq::context_t context;
};

ZmqContext::ZmqContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ZmqContext::~ZmqContext() = default;

absl::StatusOr<std::shared_ptr<ZmqContext>> ZmqContext::Make(int io_threads) {
  if (absl::Status left = CheckDescriptorsLeft(kContextDescriptors);
      !left.ok()) {
    return left;
  }
  try {
    auto impl = std::make_unique<Impl>();
    impl->context.set(zmq::ctxopt::io_threads, io_threads);
    impl->context.set(zmq::ctxopt::max_sockets, kMaxSockets);
    return std::shared_ptr<ZmqContext>(new ZmqContext(std::move(impl)));
  } catch (const zmq::error_t& error) {
    return ToStatus(error, "ZeroMQ context");
  }
}

struct ZmqMonitor::Impl {
  std::shared_ptr<ZmqContext> context;  // outlives the socket
  zmq::socket_t socket;
  int descriptor;
};

ZmqMonitor::ZmqMonitor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ZmqMonitor::~ZmqMonitor() = default;

int ZmqMonitor::descriptor() const { return impl_->descriptor; }

ZmqMonitor::Event ZmqMonitor::TryNext(std::string& why) {
  zmq::message_t event;
  zmq::message_t endpoint;
  if (zmq_msg_recv(event.handle(), impl_->socket.handle(), ZMQ_DONTWAIT) < 0) {
    return errno == EAGAIN || errno == EINTR ? Event::kNone : Event::kEnd;
  }
  // Both parts come together.
  zmq_msg_recv(endpoint.handle(), impl_->socket.handle(), ZMQ_DONTWAIT);
  std::uint16_t number = 0;
  if (event.size() >= sizeof(number)) {
    std::memcpy(&number, event.data(), sizeof(number));
  }
  if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return Event::kUp;
  if (number == ZMQ_EVENT_MONITOR_STOPPED) return Event::kEnd;
  const absl::string_view explanation = Explain(number);
  if (explanation.empty()) return Event::kOther;
  why = absl::StrCat(endpoint.to_string(), ": ", explanation);
  return Event::kLost;
}

struct ZmqSocket::Impl {
  std::shared_ptr<ZmqContext> context;  // outlives the socket
  zmq::socket_t socket;
  zmq::message_t part;  // the last one received
  int descriptor;
  bool monitored = false;
  std::vector<std::uint64_t> names{};  // of where it is bound, or connects to
};

ZmqSocket::ZmqSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ZmqSocket::~ZmqSocket() { StopMonitor(); }

absl::StatusOr<std::unique_ptr<ZmqSocket>> ZmqSocket::Make(
    std::shared_ptr<ZmqContext> context, int type,
    const ZmqSocketOptions& options) {
  if (absl::Status left = CheckDescriptorsLeft(kSocketDescriptors);
      !left.ok()) {
    return left;
  }
  try {
    zmq::socket_t socket(context->impl_->context, type);
    SetCommonOptions(socket, options);
    SetNetworkOptions(socket, options);
    const int descriptor = socket.get(zmq::sockopt::fd);
    return std::unique_ptr<ZmqSocket>(new ZmqSocket(std::make_unique<Impl>(
        Impl{std::move(context), std::move(socket), {}, descriptor})));
  } catch (const zmq::error_t& error) {
    return ToStatus(error, "ZeroMQ socket");
  }
}

absl::StatusOr<std::unique_ptr<ZmqSocket>> ZmqSocket::MakePull(
    std::shared_ptr<ZmqContext> context, const ZmqSocketOptions& options) {
  return Make(std::move(context), ZMQ_PULL, options);
}

absl::StatusOr<std::unique_ptr<ZmqSocket>> ZmqSocket::MakePush(
    std::shared_ptr<ZmqContext> context, const ZmqSocketOptions& options) {
  return Make(std::move(context), ZMQ_PUSH, options);
}

absl::StatusOr<std::string> ZmqSocket::Bind(const Address& address) {
  if (absl::Status left = CheckDescriptorsLeft(kSocketDescriptors);
      !left.ok()) {
    return left;
  }
  try {
    impl_->socket.set(zmq::sockopt::ipv6, IsIpv6(address));
    impl_->socket.bind(EndpointOf(address));
    std::string bound = impl_->socket.get(zmq::sockopt::last_endpoint);
    impl_->names.push_back(NameOf(bound));
    return bound;
  } catch (const zmq::error_t& error) {
    return ToStatus(error, address.ToString());
  }
}

absl::StatusOr<std::unique_ptr<ZmqMonitor>> ZmqSocket::Connect(
    const Address& address) {
  std::unique_ptr<ZmqMonitor> monitor;
  try {
    monitor = StartMonitor();
    impl_->socket.set(zmq::sockopt::ipv6, IsIpv6(address));
    impl_->socket.connect(EndpointOf(address));
    impl_->names.push_back(NameOf(EndpointOf(address)));
    return monitor;
  } catch (const zmq::error_t& error) {
    StopMonitor();
    return ToStatus(error, address.ToString());
  }
}

// Throws.
std::unique_ptr<ZmqMonitor> ZmqSocket::StartMonitor() {
  static std::atomic<std::uint64_t> monitors = 0;
  const std::string endpoint = absl::StrCat("inproc://monitor-", ++monitors);
  ZmqSocketOptions options;
  options.max_part_bytes = 4096;
  options.high_water_mark = 1000;
  zmq::socket_t socket(impl_->context->impl_->context, ZMQ_PAIR);
  SetCommonOptions(socket, options);
  const int descriptor = socket.get(zmq::sockopt::fd);
  if (zmq_socket_monitor(impl_->socket.handle(), endpoint.c_str(),
                         ZMQ_EVENT_ALL) != 0) {
    throw zmq::error_t();
  }
  impl_->monitored = true;
  socket.connect(endpoint);
  std::unique_ptr<ZmqMonitor> monitor(
      new ZmqMonitor(std::make_unique<ZmqMonitor::Impl>(
          ZmqMonitor::Impl{impl_->context, std::move(socket), descriptor})));
  // The first look finds nothing; without it the descriptor would not signal
  // the first event.
  std::string why;
  monitor->TryNext(why);
  return monitor;
}

// Before the monitor goes: libzmq would wait for ever to report to nobody.
void ZmqSocket::StopMonitor() {
  if (!std::exchange(impl_->monitored, false)) return;
  zmq_socket_monitor(impl_->socket.handle(), nullptr, 0);
}

ZmqSocket::Sent ZmqSocket::TrySend(const OutboundFrame& frame) {
  for (const std::uint64_t name : impl_->names) Published(name);
  void* const socket = impl_->socket.handle();
  int more = frame.parts.empty() ? 0 : ZMQ_SNDMORE;
  while (zmq_send(socket, frame.head.data(), frame.head.size(),
                  ZMQ_DONTWAIT | more) < 0) {
    if (errno == EAGAIN) return Sent::kWouldBlock;
    if (errno != EINTR) return Sent::kBroken;
  }
  for (std::size_t i = 0; i < frame.parts.size(); ++i) {
    more = i + 1 < frame.parts.size() ? ZMQ_SNDMORE : 0;
    zmq::message_t message = ToMessage(frame.parts[i]);
    while (zmq_msg_send(message.handle(), socket, ZMQ_DONTWAIT | more) < 0) {
      if (errno != EINTR) return Sent::kBroken;
    }
  }
  return Sent::kWhole;
}

bool ZmqSocket::Writable() {
  int events = 0;
  std::size_t size = sizeof(events);
  return zmq_getsockopt(impl_->socket.handle(), ZMQ_EVENTS, &events, &size) ==
             0 &&
         (events & ZMQ_POLLOUT) != 0;
}

ZmqSocket::Received ZmqSocket::TryReceive(const FrameLimits& limits,
                                          InboundFrame& frame) {
  void* const socket = impl_->socket.handle();
  zmq::message_t& part = impl_->part;
  std::size_t parts = 0;
  std::size_t bytes = 0;
  bool more = true;
  while (more) {
    // Parts come together: only the first can be missing.
    if (zmq_msg_recv(part.handle(), socket, ZMQ_DONTWAIT) < 0) {
      return Received::kNothing;
    }
    for (const std::uint64_t name : impl_->names) Seen(name);
    more = part.more();
    bytes += part.size();
    if (++parts > limits.parts || bytes > limits.bytes) {
      frame = InboundFrame();
    } else if (parts == 1) {
      frame.head = ToBuffer(part);
    } else {
      frame.parts.push_back(ToBuffer(part));
    }
  }
  if (parts > limits.parts) return Received::kTooManyParts;
  return bytes > limits.bytes ? Received::kTooManyBytes : Received::kFrame;
}

void ZmqSocket::DropUnsent() {
  const int none = 0;
  zmq_setsockopt(impl_->socket.handle(), ZMQ_LINGER, &none, sizeof(none));
}

int ZmqSocket::descriptor() const { return impl_->descriptor; }

}  // namespace am::transport
