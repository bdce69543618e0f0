#include "am/transport/shm_inbox.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "am/transport/deadline.h"
#include "am/transport/shm_segment.h"
#include "am/transport/shm_socket.h"

namespace am::transport {
namespace {

// What an epoll event is about: an interrupt; the other inbox; or, by a number
// from one up, a socket that listens, the socket of a ring, or what was written
// to a ring.
constexpr std::uint64_t kInterrupt = 0;
constexpr std::uint64_t kOther = 1;
enum Kind : std::uint64_t { kListener, kSocket, kWritten, kKinds };
std::uint64_t TagOf(std::uint64_t id, Kind kind) { return id * kKinds + kind; }

// Rings that sleep are heard of this often while others keep us busy.
constexpr unsigned kReceivesBetweenLooks = 16;

void Watch(const Descriptor& epoll, int descriptor, std::uint64_t tag,
           std::uint32_t events = EPOLLIN | EPOLLRDHUP) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = tag;
  epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event);
}

// Kernels before 5.11 count in milliseconds.
int WaitForEvents(const Descriptor& epoll, absl::Duration timeout,
                  std::array<epoll_event, 64>& events) {
  const bool is_endless = timeout == absl::InfiniteDuration();
  const timespec wait = absl::ToTimespec(timeout);
  const int size = static_cast<int>(events.size());
  const int count = epoll_pwait2(epoll.get(), events.data(), size,
                                 is_endless ? nullptr : &wait, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  const absl::Duration rounded = absl::Ceil(timeout, absl::Milliseconds(1));
  return epoll_wait(
      epoll.get(), events.data(), size,
      is_endless ? -1 : static_cast<int>(absl::ToInt64Milliseconds(rounded)));
}

void Clear(const Descriptor& events) {
  eventfd_t ignored;
  eventfd_read(events.get(), &ignored);
}

}  // namespace

struct ShmInbox::Ring {
  std::uint64_t id = 0;
  Descriptor socket;
  bool hung_up = false;
  bool awake = false;

  // Once it was offered.
  std::unique_ptr<ShmSegment> segment;
  Descriptor written;
  Descriptor read;
  std::unique_ptr<FrameStreamReader> reader;
};

absl::StatusOr<std::unique_ptr<ShmInbox>> ShmInbox::Make(
    const StreamLimits& limits, absl::Duration look) {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Descriptor interrupts(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !interrupts.valid()) {
    return absl::ResourceExhaustedError("no file descriptors left");
  }
  return std::unique_ptr<ShmInbox>(
      new ShmInbox(limits, look, std::move(epoll), std::move(interrupts)));
}

ShmInbox::ShmInbox(const StreamLimits& limits, absl::Duration look,
                   Descriptor epoll, Descriptor interrupts)
    : limits_(limits),
      epoll_(std::move(epoll)),
      interrupts_(std::move(interrupts)),
      look_(look) {
  Watch(epoll_, interrupts_.get(), kInterrupt);
}

ShmInbox::~ShmInbox() = default;

// By edge: a connection that cannot be accepted, since no descriptors are left,
// waits for the next one, and does not keep us busy.
void ShmInbox::Listen(Descriptor listener) {
  Watch(epoll_, listener.get(), TagOf(++last_id_, kListener),
        EPOLLIN | EPOLLET);
  listeners_.emplace(last_id_, std::move(listener));
}

void ShmInbox::Join(Inbox& other) {
  if (other_ == nullptr) Watch(epoll_, other.descriptor(), kOther);
  other_ = &other;
  other_may_have_some_ = true;
}

void ShmInbox::Interrupt() { eventfd_write(interrupts_.get(), 1); }

// -- Receiving ---------------------------------------------------------------

std::size_t ShmInbox::Receive(absl::Duration timeout, std::size_t limit,
                              std::vector<InboundFrame>& burst) {
  const Deadline deadline = Deadline::After(timeout);
  if (++receives_ % kReceivesBetweenLooks == 0 ||
      timeout <= absl::ZeroDuration()) {
    Wait(absl::ZeroDuration());
  }
  while (true) {
    if (const std::size_t taken = Take(limit, burst); taken > 0) return taken;
    const absl::Duration left = deadline.Remaining();
    if (left == absl::ZeroDuration()) return 0;
    if (look_.Until([this] { return HasNews(); })) continue;
    if (!PrepareToSleep()) continue;
    if (!Wait(left)) return 0;
  }
}

// Each ring is first in its turn.
std::size_t ShmInbox::Take(std::size_t limit,
                           std::vector<InboundFrame>& burst) {
  std::size_t taken = TakeFromOther(limit, burst);
  std::vector<std::uint64_t> over;
  const std::size_t count = awake_.size();
  if (count > 0) turn_ = (turn_ + 1) % count;
  for (std::size_t i = 0; i < count && taken < limit; ++i) {
    Ring& ring = *awake_[(turn_ + i) % count];
    const std::size_t from_it = TakeFrom(ring, limit - taken, burst);
    taken += from_it;
    const bool is_over =
        ring.reader == nullptr || (ring.hung_up && from_it == 0);
    if (is_over) over.push_back(ring.id);
  }
  for (const std::uint64_t id : over) Close(id);
  return taken;
}

std::size_t ShmInbox::TakeFrom(Ring& ring, std::size_t limit,
                               std::vector<InboundFrame>& burst) {
  std::size_t taken = 0;
  while (taken < limit) {
    InboundFrame frame;
    const FrameStreamReader::Result result = ring.reader->TryRead(frame);
    if (result == FrameStreamReader::Result::kBroken) {
      ++broken_rings_;
      ring.reader = nullptr;
      return taken;
    }
    // Room is made also by a piece of a frame.
    if (result == FrameStreamReader::Result::kNothing) break;
    burst.push_back(std::move(frame));
    ++taken;
  }
  if (ring.reader->ring().Release()) eventfd_write(ring.read.get(), 1);
  return taken;
}

std::size_t ShmInbox::TakeFromOther(std::size_t limit,
                                    std::vector<InboundFrame>& burst) {
  if (!other_may_have_some_) return 0;
  const std::size_t taken = other_->Receive(absl::ZeroDuration(), limit, burst);
  other_may_have_some_ = taken > 0;
  return taken;
}

bool ShmInbox::HasNews() const {
  return std::any_of(awake_.begin(), awake_.end(), [](const Ring* ring) {
    return ring->reader->ring().HasMore();
  });
}

// False: something has been written by now.
bool ShmInbox::PrepareToSleep() {
  bool sleeps = true;
  std::erase_if(awake_, [&sleeps](Ring* ring) {
    if (ring->hung_up || !ring->reader->ring().PrepareToSleep()) {
      sleeps = false;
      return false;
    }
    ring->awake = false;
    return true;
  });
  return sleeps;
}

// False if it was interrupted.
bool ShmInbox::Wait(absl::Duration timeout) {
  std::array<epoll_event, 64> events;
  const int count = WaitForEvents(epoll_, timeout, events);
  bool interrupted = false;
  for (std::size_t i = 0; std::cmp_less(i, count); ++i) {
    const std::uint64_t tag = events[i].data.u64;
    if (tag == kInterrupt) {
      interrupted = true;
    } else if (tag == kOther) {
      other_may_have_some_ = true;
    } else {
      Handle(tag);
    }
  }
  // One that comes while nobody waits is for the next who does.
  if (!interrupted || timeout == absl::ZeroDuration()) return true;
  Clear(interrupts_);
  return false;
}

void ShmInbox::Handle(std::uint64_t tag) {
  const std::uint64_t id = tag / kKinds;
  if (const auto listener = listeners_.find(id); listener != listeners_.end()) {
    return Accept(listener->second);
  }
  const auto found = rings_.find(id);
  if (found == rings_.end()) return;
  Ring& ring = *found->second;
  if (tag % kKinds == kWritten) {
    Clear(ring.written);
    Wake(ring);
  } else if (ring.reader == nullptr) {
    Greet(ring);
  } else if (!std::exchange(ring.hung_up, true)) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, ring.socket.get(), nullptr);
    Wake(ring);
  }
}

// -- Rings that come and go --------------------------------------------------

void ShmInbox::Accept(const Descriptor& listener) {
  for (Descriptor socket = AcceptOnSocket(listener); socket.valid();
       socket = AcceptOnSocket(listener)) {
    auto ring = std::make_unique<Ring>();
    ring->id = ++last_id_;
    ring->socket = std::move(socket);
    Watch(epoll_, ring->socket.get(), TagOf(ring->id, kSocket));
    Ring& greeted = *ring;
    rings_.emplace(ring->id, std::move(ring));
    Greet(greeted);
  }
}

// The offer came with the connection, as a rule.
void ShmInbox::Greet(Ring& ring) {
  absl::StatusOr<ShmOffer> offer = TakeOffer(ring.socket);
  if (absl::IsUnavailable(offer.status())) return;
  if (!offer.ok()) {
    ++broken_rings_;
    return Close(ring.id);
  }
  auto segment = ShmSegment::Adopt(offer->memory, offer->ring_bytes);
  if (!segment.ok()) {
    ++broken_rings_;
    return Close(ring.id);
  }
  ring.segment = *std::move(segment);
  ring.written = std::move(offer->written);
  ring.read = std::move(offer->read);
  ring.reader =
      std::make_unique<FrameStreamReader>(ring.segment->ring(), limits_);
  Watch(epoll_, ring.written.get(), TagOf(ring.id, kWritten));
  Wake(ring);
}

void ShmInbox::Wake(Ring& ring) {
  if (std::exchange(ring.awake, true)) return;
  awake_.push_back(&ring);
}

void ShmInbox::Close(std::uint64_t id) {
  const auto found = rings_.find(id);
  std::erase(awake_, found->second.get());
  rings_.erase(found);
}

}  // namespace am::transport
