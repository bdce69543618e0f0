#include "am/transport/shm_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace am::transport {
namespace {

constexpr std::uint32_t kMagic = 0x31676e72;  // "rng1"
constexpr std::size_t kDescriptors = 3;

struct Packet {
  std::uint32_t magic = kMagic;
  std::uint32_t reserved = 0;
  std::uint64_t ring_bytes = 0;
};

// Room for a packet and its descriptors, as sendmsg and recvmsg want it.
struct Envelope {
  Packet packet;
  iovec bytes = {&packet, sizeof(packet)};
  alignas(cmsghdr) char control[CMSG_SPACE(kDescriptors * sizeof(int))] = {};
  msghdr header = {};

  Envelope() {
    header.msg_iov = &bytes;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
  }
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;
};

absl::Status Unavailable(absl::string_view path) {
  return absl::UnavailableError(absl::ErrnoToStatus(errno, path).message());
}

Descriptor MakeSocket() {
  return Descriptor(
      socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

sockaddr_un At(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(),
              std::min(path.size(), sizeof(address.sun_path) - 1));
  return address;
}

bool IsOfThisUser(const Descriptor& connection) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  return getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) ==
             0 &&
         peer.uid == geteuid();
}

// Anything else might block whoever signals by it, or worse.
bool IsEventDescriptor(const Descriptor& descriptor) {
  char name[64];
  const std::string link = absl::StrCat("/proc/self/fd/", descriptor.get());
  const ssize_t size = readlink(link.c_str(), name, sizeof(name));
  return size > 0 && absl::string_view(name, static_cast<std::size_t>(size)) ==
                         "anon_inode:[eventfd]";
}

// All that came, so that none is left open.
std::array<Descriptor, kDescriptors> DescriptorsOf(msghdr& header) {
  std::array<Descriptor, kDescriptors> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
       part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    std::array<int, kDescriptors> numbers;
    const std::size_t count =
        std::min((part->cmsg_len - CMSG_LEN(0)) / sizeof(int), kDescriptors);
    std::memcpy(numbers.data(), CMSG_DATA(part), count * sizeof(int));
    for (std::size_t i = 0; i < count; ++i) taken[i] = Descriptor(numbers[i]);
  }
  return taken;
}

}  // namespace

absl::StatusOr<Descriptor> ListenOnSocket(const std::string& path,
                                          int backlog) {
  Descriptor listener = MakeSocket();
  const sockaddr_un address = At(path);
  if (!listener.valid() ||
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0 ||
      listen(listener.get(), backlog) != 0) {
    return Unavailable(path);
  }
  return listener;
}

absl::StatusOr<Descriptor> OfferOnSocket(const std::string& path,
                                         const ShmOffer& offer) {
  Descriptor connection = MakeSocket();
  const sockaddr_un address = At(path);
  if (!connection.valid() ||
      connect(connection.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    return Unavailable(path);
  }
  Envelope envelope;
  envelope.packet.ring_bytes = offer.ring_bytes;
  const int numbers[] = {offer.memory.get(), offer.written.get(),
                         offer.read.get()};
  cmsghdr* const part = CMSG_FIRSTHDR(&envelope.header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(numbers));
  std::memcpy(CMSG_DATA(part), numbers, sizeof(numbers));
  if (sendmsg(connection.get(), &envelope.header, MSG_NOSIGNAL) < 0) {
    return Unavailable(path);
  }
  return connection;
}

absl::StatusOr<Descriptor> AcceptOnSocket(const Descriptor& listener) {
  Descriptor connection(
      accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection.valid()) return connection;
  if (errno == EMFILE || errno == ENFILE) {
    return absl::ResourceExhaustedError("no file descriptors left");
  }
  return absl::UnavailableError("nobody connects");
}

absl::StatusOr<ShmOffer> TakeOffer(const Descriptor& connection) {
  Envelope envelope;
  const ssize_t size =
      recvmsg(connection.get(), &envelope.header, MSG_CMSG_CLOEXEC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return absl::UnavailableError("nothing yet");
  }
  if (size < 0) return absl::InvalidArgumentError("a connection that failed");
  auto [memory, written, read] = DescriptorsOf(envelope.header);
  if (!IsOfThisUser(connection)) {
    return absl::PermissionDeniedError("a process of another user");
  }
  if (static_cast<std::size_t>(size) != sizeof(Packet) ||
      envelope.packet.magic != kMagic || !IsEventDescriptor(written) ||
      !IsEventDescriptor(read)) {
    return absl::InvalidArgumentError("not an offer of a ring");
  }
  for (const Descriptor* events : {&written, &read}) {
    fcntl(events->get(), F_SETFL, O_NONBLOCK);
  }
  return ShmOffer{envelope.packet.ring_bytes, std::move(memory),
                  EventDescriptor(std::move(written)),
                  EventDescriptor(std::move(read))};
}

}  // namespace am::transport
