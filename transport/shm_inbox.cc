#include "am/transport/shm_inbox.h"

#include <algorithm>
#include <optional>
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

// All that has a descriptor is looked at once in so many Receives that bring
// something, and in so many looks at rings that are awake.
constexpr unsigned kReceivesBetweenWaits = 16;
constexpr unsigned kLooksBetweenWaits = 8;

// At each ring that is awake, between two looks at anything else.
constexpr int kLooksAtRings = 32;

constexpr std::uint32_t kSomething = EPOLLIN | EPOLLRDHUP;

}  // namespace

struct ShmInbox::Ring {
  std::uint64_t id = 0;
  Descriptor socket;
  bool hung_up = false;
  bool awake = false;

  // Once it was offered.
  std::unique_ptr<ShmSegment> segment;
  std::optional<EventDescriptor> written;
  std::optional<EventDescriptor> read;
  std::unique_ptr<FrameStreamReader> reader;
};

absl::StatusOr<std::unique_ptr<ShmInbox>> ShmInbox::Make(
    const StreamLimits& limits, absl::Duration look,
    absl::Duration look_at_other) {
  absl::StatusOr<EpollSet> waited = EpollSet::Make();
  if (!waited.ok()) return waited.status();
  absl::StatusOr<EventDescriptor> interrupts = EventDescriptor::Make();
  if (!interrupts.ok()) return interrupts.status();
  absl::StatusOr<EventDescriptor> spare = EventDescriptor::Make();
  if (!spare.ok()) return spare.status();
  return std::unique_ptr<ShmInbox>(
      new ShmInbox(limits, look, look_at_other, *std::move(waited),
                   *std::move(interrupts), *std::move(spare)));
}

ShmInbox::ShmInbox(const StreamLimits& limits, absl::Duration look,
                   absl::Duration look_at_other, EpollSet waited,
                   EventDescriptor interrupts, EventDescriptor spare)
    : limits_(limits),
      most_looking_(look),
      most_looking_at_other_(look_at_other),
      waited_(std::move(waited)),
      interrupts_(std::move(interrupts)),
      spare_(std::move(spare)) {
  waited_.Add(interrupts_.get(), kSomething, kInterrupt);
}

ShmInbox::~ShmInbox() = default;

// By edge: a connection that cannot even be turned away waits for the next one,
// and does not keep us busy.
void ShmInbox::Listen(Descriptor listener) {
  waited_.Add(listener.get(), EPOLLIN | EPOLLET, TagOf(++last_id_, kListener));
  listeners_.emplace(last_id_, std::move(listener));
}

void ShmInbox::Join(Inbox& other) {
  if (other_ == nullptr) waited_.Add(other.descriptor(), kSomething, kOther);
  other_ = &other;
  other_may_have_some_ = true;
}

void ShmInbox::Interrupt() { interrupts_.Set(); }

// -- Receiving ---------------------------------------------------------------

std::size_t ShmInbox::Receive(absl::Duration timeout, std::size_t limit,
                              std::vector<InboundFrame>& burst) {
  const Deadline deadline = Deadline::After(timeout);
  if (++receives_ % kReceivesBetweenWaits == 0 ||
      timeout <= absl::ZeroDuration()) {
    blocks_.FreeOld();
    // An interrupt is for the next who waits.
    bool interrupted = false;
    Wait(absl::ZeroDuration(), interrupted);
  }
  while (true) {
    if (const std::size_t taken = Take(limit, burst); taken > 0) return taken;
    const absl::Duration left = deadline.Remaining();
    if (left == absl::ZeroDuration()) return 0;
    if (!Await(left)) return 0;
  }
}

// Looks, and then sleeps, until there may be something. False: interrupted.
bool ShmInbox::Await(absl::Duration left) {
  bool interrupted = false;
  const auto has_news = [this, &interrupted] { return HasNews(interrupted); };
  const absl::Duration most =
      awake_.empty() ? most_looking_at_other_ : most_looking_;
  if (!look_.Until(std::min(most, left), has_news)) {
    if (!PrepareToSleep()) return true;
    const absl::Duration sleep = std::min(left, blocks_.FreeOld());
    if (Wait(sleep, interrupted) > 0 && !interrupted) look_.Slept();
  }
  if (interrupted) interrupts_.Clear();
  return !interrupted;
}

bool ShmInbox::HasNews(bool& interrupted) {
  for (int i = 0; i < kLooksAtRings && !awake_.empty(); ++i) {
    if (RingsHaveMore()) return true;
    Look::Pause();
  }
  const bool waits = awake_.empty() || ++looks_ % kLooksBetweenWaits == 0;
  return waits && Wait(absl::ZeroDuration(), interrupted) > 0;
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
  const auto wake = [&ring] { ring.read->Set(); };
  std::size_t taken = 0;
  while (taken < limit) {
    InboundFrame frame;
    const FrameStreamReader::Result result = ring.reader->TryRead(frame, wake);
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
  if (ring.reader->ring().Release()) wake();
  return taken;
}

std::size_t ShmInbox::TakeFromOther(std::size_t limit,
                                    std::vector<InboundFrame>& burst) {
  if (!other_may_have_some_) return 0;
  const std::size_t taken = other_->Receive(absl::ZeroDuration(), limit, burst);
  other_may_have_some_ = taken > 0;
  return taken;
}

bool ShmInbox::RingsHaveMore() const {
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

// Takes note of what the descriptors say, and returns of how many.
std::size_t ShmInbox::Wait(absl::Duration timeout, bool& interrupted) {
  EpollSet::Ready ready;
  const std::size_t count = waited_.Wait(timeout, ready);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t tag = ready[i];
    if (tag == kInterrupt) {
      interrupted = true;
    } else if (tag == kOther) {
      other_may_have_some_ = true;
    } else {
      Handle(tag);
    }
  }
  return count;
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
    ring.written->Clear();
    Wake(ring);
  } else if (ring.reader == nullptr) {
    Greet(ring);
  } else if (!std::exchange(ring.hung_up, true)) {
    waited_.Remove(ring.socket.get());
    Wake(ring);
  }
}

// -- Rings that come and go --------------------------------------------------

void ShmInbox::Accept(const Descriptor& listener) {
  while (true) {
    absl::StatusOr<Descriptor> socket = AcceptOnSocket(listener);
    if (absl::IsResourceExhausted(socket.status()) && TurnAway(listener)) {
      continue;
    }
    if (!socket.ok()) return;
    auto ring = std::make_unique<Ring>();
    ring->id = ++last_id_;
    ring->socket = *std::move(socket);
    waited_.Add(ring->socket.get(), kSomething, TagOf(ring->id, kSocket));
    Ring& greeted = *ring;
    rings_.emplace(ring->id, std::move(ring));
    Greet(greeted);
  }
}

// False: nobody connects, or not even for that is there a descriptor.
bool ShmInbox::TurnAway(const Descriptor& listener) {
  spare_.reset();
  const bool is_turned_away = AcceptOnSocket(listener).ok();
  absl::StatusOr<EventDescriptor> spare = EventDescriptor::Make();
  if (spare.ok()) spare_ = *std::move(spare);
  return is_turned_away;
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
  ring.reader = std::make_unique<FrameStreamReader>(ring.segment->ring(),
                                                    limits_, blocks_);
  waited_.Add(ring.written->get(), kSomething, TagOf(ring.id, kWritten));
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
