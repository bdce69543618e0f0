#include "am/transport/zmq_transport.h"

#include <atomic>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "am/transport/descriptors.h"
#include "am/transport/ipc_path.h"
#include "am/transport/publisher_pool.h"
#include "am/transport/zmq_inbox.h"
#include "am/transport/zmq_socket.h"

namespace am::transport {
namespace {

class ZmqLane final : public Lane {
 public:
  ZmqLane(PublisherPool& pool, const FrameLimits& limits,
          std::shared_ptr<PublisherPool::Publisher> publisher,
          std::unique_ptr<ZmqSocket> socket)
      : pool_(pool),
        limits_(limits),
        publisher_(std::move(publisher)),
        socket_(std::move(socket)) {}

  ~ZmqLane() override {
    pool_.Forget(*publisher_);
    if (publisher_->lost()) socket_->DropUnsent();
  }

  SendResult TrySend(const OutboundFrame& frame) override {
    if (frame.bytes() > limits_.bytes ||
        frame.parts.size() + 1 > limits_.parts) {
      return SendResult::kTooLarge;
    }
    if (broken_ || publisher_->lost()) return SendResult::kClosed;
    switch (SendOrFindFull(frame)) {
      case ZmqSocket::Sent::kWhole:
        return SendResult::kSent;
      case ZmqSocket::Sent::kWouldBlock:
        pool_.AwaitWritable(*publisher_);
        return SendResult::kWouldBlock;
      case ZmqSocket::Sent::kBroken:
        break;
    }
    broken_ = true;
    return SendResult::kClosed;
  }

 private:
  // libzmq may refuse without having looked whether there is room by now.
  ZmqSocket::Sent SendOrFindFull(const OutboundFrame& frame) {
    const ZmqSocket::Sent sent = socket_->TrySend(frame);
    if (sent != ZmqSocket::Sent::kWouldBlock || !socket_->Writable()) {
      return sent;
    }
    const ZmqSocket::Sent again = socket_->TrySend(frame);
    if (again == ZmqSocket::Sent::kWouldBlock) socket_->Writable();
    return again;
  }

  PublisherPool& pool_;
  const FrameLimits limits_;
  const std::shared_ptr<PublisherPool::Publisher> publisher_;
  const std::unique_ptr<ZmqSocket> socket_;
  bool broken_ = false;
};

// What a transport is made of, each made before what uses it.
struct Pieces {
  std::shared_ptr<ZmqContext> context;
  std::unique_ptr<PublisherPool> pool;
  std::unique_ptr<ZmqInbox> inbox;
};

class PullPushTransport final : public ZmqTransport {
 public:
  PullPushTransport(const ZmqOptions& options,
                    const ZmqSocketOptions& socket_options, Pieces pieces)
      : options_(options),
        socket_options_(socket_options),
        context_(std::move(pieces.context)),
        pool_(std::move(pieces.pool)),
        inbox_(std::move(pieces.inbox)) {}

  absl::StatusOr<Address> Listen(const Address& address) override;
  absl::StatusOr<std::unique_ptr<Lane>> Open(const Address& address,
                                             LaneObserver& observer) override;
  Inbox& inbox() override { return *inbox_; }
  std::size_t max_frame_bytes() const override {
    return options_.max_frame_bytes;
  }
  ZmqStats stats() const override;

 private:
  absl::StatusOr<Address> ListenOnTcp(const Address& address);
  absl::StatusOr<Address> ListenOnIpc(const Address& address);
  absl::StatusOr<std::string> PrivateIpcPath();

  const ZmqOptions options_;
  const ZmqSocketOptions socket_options_;
  std::atomic<std::uint64_t> lanes_opened_ = 0;

  // Destroyed from the last to the first: paths are given up once nothing
  // listens there, and the context ends last of all.
  std::unique_ptr<IpcFolder> ipc_folder_;
  std::vector<std::unique_ptr<IpcClaim>> ipc_claims_;
  const std::shared_ptr<ZmqContext> context_;
  const std::unique_ptr<PublisherPool> pool_;
  const std::unique_ptr<ZmqInbox> inbox_;
};

absl::Status NotOurs(const Address& address) {
  return absl::InvalidArgumentError(
      absl::StrCat(address.ToString(),
                   ": the ZeroMQ transport needs tcp://host:port or ipc://"));
}

absl::StatusOr<Address> PullPushTransport::Listen(const Address& address) {
  switch (address.scheme()) {
    case Scheme::kTcp:
      return ListenOnTcp(address);
    case Scheme::kIpc:
      return ListenOnIpc(address);
    case Scheme::kShm:
    case Scheme::kInProcess:
      break;
  }
  return NotOurs(address);
}

absl::StatusOr<Address> PullPushTransport::ListenOnTcp(const Address& address) {
  if (!address.IsLocal() && !options_.insecure_allow_remote_peers) {
    return absl::PermissionDeniedError(absl::StrCat(
        address.ToString(),
        " can be reached from other machines, and frames are neither "
        "authenticated nor encrypted: listen on 127.0.0.1 or on ipc, or set "
        "ZmqOptions::insecure_allow_remote_peers"));
  }
  const absl::StatusOr<std::string> endpoint = inbox_->Bind(address);
  if (!endpoint.ok()) return endpoint.status();
  const absl::StatusOr<Address> bound = Address::Parse(*endpoint);
  if (!bound.ok()) return bound.status();
  return Address::Tcp(address.host(), bound->port());
}

absl::StatusOr<Address> PullPushTransport::ListenOnIpc(const Address& address) {
  absl::StatusOr<std::string> path = address.path();
  if (path->empty()) path = PrivateIpcPath();
  if (!path.ok()) return path.status();
  absl::StatusOr<std::unique_ptr<IpcClaim>> claim = IpcClaim::Make(*path);
  if (!claim.ok()) return claim.status();
  const absl::StatusOr<std::string> endpoint =
      inbox_->Bind(Address::Ipc((*claim)->staging_path()));
  if (!endpoint.ok()) return endpoint.status();
  if (absl::Status status = (*claim)->Publish(); !status.ok()) return status;
  ipc_claims_.push_back(*std::move(claim));
  return Address::Ipc(*path);
}

absl::StatusOr<std::string> PullPushTransport::PrivateIpcPath() {
  if (ipc_folder_ == nullptr) {
    absl::StatusOr<std::unique_ptr<IpcFolder>> folder =
        IpcFolder::Make(options_.private_ipc_parent);
    if (!folder.ok()) return folder.status();
    ipc_folder_ = *std::move(folder);
  }
  return ipc_folder_->NextSocketPath();
}

// Good to listen on, yet nowhere to send to.
bool AsksToChoose(const Address& address) {
  return address.scheme() == Scheme::kTcp
             ? address.port() == 0 || address.IsWildcard()
             : address.path().empty();
}

absl::StatusOr<std::unique_ptr<Lane>> PullPushTransport::Open(
    const Address& address, LaneObserver& observer) {
  if (address.scheme() != Scheme::kTcp && address.scheme() != Scheme::kIpc) {
    return NotOurs(address);
  }
  if (AsksToChoose(address)) {
    return absl::InvalidArgumentError(
        absl::StrCat(address.ToString(), " names no peer"));
  }
  absl::StatusOr<std::unique_ptr<ZmqSocket>> socket =
      ZmqSocket::MakePush(context_, socket_options_);
  if (!socket.ok()) return socket.status();
  absl::StatusOr<std::unique_ptr<ZmqMonitor>> monitor =
      (*socket)->Connect(address);
  if (!monitor.ok()) return monitor.status();
  ++lanes_opened_;
  std::shared_ptr<PublisherPool::Publisher> publisher = pool_->Watch(
      address, (*socket)->descriptor(), *std::move(monitor), observer);
  return std::make_unique<ZmqLane>(
      *pool_, FrameLimits{options_.max_parts, options_.max_frame_bytes},
      std::move(publisher), *std::move(socket));
}

ZmqStats PullPushTransport::stats() const {
  return ZmqStats{.dropped_too_many_parts = inbox_->dropped_too_many_parts(),
                  .dropped_too_many_bytes = inbox_->dropped_too_many_bytes(),
                  .lanes_opened = lanes_opened_,
                  .lanes_lost = pool_->lanes_lost()};
}

absl::Status CheckOptions(const ZmqOptions& options) {
  const auto wrong = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("ZmqOptions::", what));
  };
  if (options.max_parts < 1) return wrong("max_parts must be 1 at least");
  if (options.lane_frames < 1) return wrong("lane_frames must be 1 at least");
  const absl::Duration none = absl::ZeroDuration();
  if (options.connect_timeout <= none ||
      options.connect_timeout > absl::Hours(1)) {
    return wrong("connect_timeout must be above zero and at most an hour");
  }
  for (absl::Duration duration : {options.linger, options.handshake_timeout}) {
    if (duration < none || duration > absl::Hours(1)) {
      return wrong("durations must be from zero to an hour");
    }
  }
  return absl::OkStatus();
}

ZmqSocketOptions SocketOptionsOf(const ZmqOptions& options) {
  return ZmqSocketOptions{.max_part_bytes = options.max_frame_bytes,
                          .high_water_mark = options.lane_frames,
                          .kernel_buffer_bytes = options.kernel_buffer_bytes,
                          .backlog = options.backlog,
                          .linger = options.linger,
                          .handshake_timeout = options.handshake_timeout};
}

absl::StatusOr<Pieces> MakePieces(const ZmqOptions& options) {
  Pieces pieces;
  pieces.context = options.context;
  if (pieces.context == nullptr) {
    absl::StatusOr<std::shared_ptr<ZmqContext>> context = MakeZmqContext();
    if (!context.ok()) return context.status();
    pieces.context = *std::move(context);
  }
  absl::StatusOr<std::unique_ptr<PublisherPool>> pool =
      PublisherPool::Make(options.connect_timeout);
  if (!pool.ok()) return pool.status();
  pieces.pool = *std::move(pool);
  absl::StatusOr<std::unique_ptr<ZmqInbox>> inbox = ZmqInbox::Make(
      pieces.context, SocketOptionsOf(options),
      FrameLimits{options.max_parts, options.max_frame_bytes}, options.look);
  if (!inbox.ok()) return inbox.status();
  pieces.inbox = *std::move(inbox);
  return pieces;
}

}  // namespace

absl::StatusOr<std::shared_ptr<ZmqContext>> MakeZmqContext(int io_threads) {
  return ZmqContext::Make(io_threads);
}

absl::StatusOr<std::unique_ptr<ZmqTransport>> MakeZmqTransport(
    const ZmqOptions& options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  if (options.raise_descriptor_limit) RaiseDescriptorLimit();
  absl::StatusOr<Pieces> pieces = MakePieces(options);
  if (!pieces.ok()) return pieces.status();
  return std::make_unique<PullPushTransport>(options, SocketOptionsOf(options),
                                             *std::move(pieces));
}

}  // namespace am::transport
