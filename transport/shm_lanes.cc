#include "am/transport/shm_lanes.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/transport/quiet_thread.h"
#include "am/transport/shm_segment.h"
#include "am/transport/shm_socket.h"

namespace am::transport {
namespace {

// What an epoll event is about: the thread itself, or of ring `id` either the
// socket or the room that its reader has made.
constexpr std::uint64_t kWakeTag = 0;
std::uint64_t SocketTag(std::uint64_t id) { return id << 1; }
std::uint64_t RoomTag(std::uint64_t id) { return id << 1 | 1; }

void Watch(const Descriptor& epoll, const Descriptor& descriptor,
           std::uint32_t events, std::uint64_t tag) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = tag;
  epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor.get(), &event);
}

Descriptor MakeEventDescriptor() {
  return Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

}  // namespace

// One ring, for its lane and for the thread.
class ShmLanes::Ring {
 public:
  Ring(std::unique_ptr<ShmSegment> segment, Descriptor written, Descriptor read)
      : segment_(std::move(segment)),
        written_(std::move(written)),
        read_(std::move(read)),
        writer_(segment_->ring()) {}

  SendResult TrySend(const OutboundFrame& frame) {
    MutexLock lock(mutex_);
    if (lost_) return SendResult::kClosed;
    bool taken = writer_.TryWrite(frame);
    while (!taken && !writer_.ring().AwaitRoom()) {
      taken = writer_.TryWrite(frame);
    }
    if (writer_.ring().broken()) return SendResult::kClosed;
    refused_ = !taken;
    if (!taken) return SendResult::kWouldBlock;
    Flush();
    return SendResult::kSent;
  }

  // There is more room. Returns whether a lane that was refused is to be told.
  bool OnRoom() {
    MutexLock lock(mutex_);
    eventfd_t ignored;
    eventfd_read(read_.get(), &ignored);
    Flush();
    return !writer_.pending() && std::exchange(refused_, false);
  }

  // False: it was lost before.
  bool Lose() {
    MutexLock lock(mutex_);
    return !std::exchange(lost_, true);
  }

  bool broken() {
    MutexLock lock(mutex_);
    return writer_.ring().broken();
  }

  bool pending() {
    MutexLock lock(mutex_);
    return writer_.pending() && !lost_ && !writer_.ring().broken();
  }

  const Descriptor& read() const { return read_; }

  // Set before anybody else knows the ring.
  std::uint64_t id = 0;
  std::string path;
  Descriptor socket;
  std::shared_ptr<LaneNotices::Recipient> recipient;

 private:
  // Writes and publishes as much as there is room for.
  void Flush() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    do {
      writer_.Pump();
      if (writer_.ring().Publish()) eventfd_write(written_.get(), 1);
    } while (writer_.pending() && !writer_.ring().broken() &&
             !writer_.ring().AwaitRoom());
  }

  const std::unique_ptr<ShmSegment> segment_;
  const Descriptor written_;
  const Descriptor read_;
  Mutex mutex_;
  FrameStreamWriter writer_ ABSL_GUARDED_BY(mutex_);
  bool refused_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
};

class ShmLanes::RingLane final : public Lane {
 public:
  RingLane(ShmLanes& lanes, RingPtr ring)
      : lanes_(lanes), ring_(std::move(ring)) {}
  ~RingLane() override { lanes_.Forget(ring_); }

  SendResult TrySend(const OutboundFrame& frame) override {
    const StreamLimits& limits = lanes_.options_.limits;
    if (frame.bytes() > limits.bytes || frame.parts.size() + 1 > limits.parts) {
      return SendResult::kTooLarge;
    }
    const SendResult result = ring_->TrySend(frame);
    if (result == SendResult::kClosed) lanes_.LoseIfBroken(ring_);
    return result;
  }

 private:
  ShmLanes& lanes_;
  const RingPtr ring_;
};

absl::StatusOr<std::unique_ptr<ShmLanes>> ShmLanes::Make(
    const Options& options) {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Descriptor wake = MakeEventDescriptor();
  if (!epoll.valid() || !wake.valid()) {
    return absl::ResourceExhaustedError("no file descriptors left");
  }
  return std::unique_ptr<ShmLanes>(
      new ShmLanes(options, std::move(epoll), std::move(wake)));
}

ShmLanes::ShmLanes(const Options& options, Descriptor epoll, Descriptor wake)
    : options_(options), epoll_(std::move(epoll)), wake_(std::move(wake)) {
  Watch(epoll_, wake_, EPOLLIN, kWakeTag);
  thread_ = StartWithoutSignals([this] { Run(); });
}

ShmLanes::~ShmLanes() {
  stopping_ = true;
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

// A lane to nobody is one that is lost at once.
absl::StatusOr<std::unique_ptr<Lane>> ShmLanes::Open(const std::string& path,
                                                     LaneObserver& observer) {
  absl::StatusOr<ShmSegment::Made> made = ShmSegment::Make(options_.ring_bytes);
  if (!made.ok()) return made.status();
  ShmOffer offer{options_.ring_bytes, std::move(made->file),
                 MakeEventDescriptor(), MakeEventDescriptor()};
  if (!offer.written.valid() || !offer.read.valid()) {
    return absl::ResourceExhaustedError("no file descriptors left");
  }
  absl::StatusOr<Descriptor> socket = OfferOnSocket(path, offer);
  const auto ring =
      std::make_shared<Ring>(std::move(made->segment), std::move(offer.written),
                             std::move(offer.read));
  ring->path = path;
  ring->recipient = notices_.Add(observer);
  if (socket.ok()) ring->socket = *std::move(socket);
  {
    MutexLock lock(mutex_);
    ring->id = ++last_id_;
    rings_.emplace(ring->id, ring);
  }
  if (socket.ok()) {
    Watch(epoll_, ring->read(), EPOLLIN, RoomTag(ring->id));
    Watch(epoll_, ring->socket, EPOLLIN | EPOLLRDHUP, SocketTag(ring->id));
  } else {
    ring->Lose();
    notices_.OweLost(ring->recipient, socket.status().message());
    eventfd_write(wake_.get(), 1);
  }
  return std::make_unique<RingLane>(*this, ring);
}

void ShmLanes::Forget(const RingPtr& ring) {
  notices_.Remove(*ring->recipient);
  if (!ring->pending()) return Erase(ring->id);
  {
    MutexLock lock(mutex_);
    lingering_.emplace(ring->id, Deadline::After(options_.linger));
  }
  eventfd_write(wake_.get(), 1);
}

void ShmLanes::Erase(std::uint64_t id) {
  RingPtr last;  // closed with no lock held
  MutexLock lock(mutex_);
  lingering_.erase(id);
  const auto found = rings_.find(id);
  if (found == rings_.end()) return;
  last = std::move(found->second);
  rings_.erase(found);
}

// -- The thread --------------------------------------------------------------

void ShmLanes::Run() {
  while (true) {
    EndLingering();
    {
      MutexLock lock(mutex_);
      if (stopping_ && lingering_.empty()) return;
    }
    Wait();
    notices_.Deliver();
  }
}

void ShmLanes::Wait() {
  std::array<epoll_event, 64> events;
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                 WaitMilliseconds());
  for (std::size_t i = 0; std::cmp_less(i, count); ++i) {
    Handle(events[i].data.u64);
  }
}

void ShmLanes::Handle(std::uint64_t tag) {
  if (tag == kWakeTag) {
    eventfd_t ignored;
    eventfd_read(wake_.get(), &ignored);
    return;
  }
  const RingPtr ring = Find(tag >> 1);
  if (ring == nullptr) return;
  if (tag == RoomTag(ring->id)) {
    if (ring->OnRoom()) notices_.OweWritable(ring->recipient);
    LoseIfBroken(ring);
  } else {
    OnHangUp(ring);
  }
}

// Its reader, whoever that is, scribbles over the ring.
void ShmLanes::LoseIfBroken(const RingPtr& ring) {
  if (!ring->broken() || !ring->Lose()) return;
  notices_.OweLost(ring->recipient,
                   absl::StrCat(ring->path, ": a count that makes no sense"));
  eventfd_write(wake_.get(), 1);
}

void ShmLanes::OnHangUp(const RingPtr& ring) {
  for (const int watched : {ring->socket.get(), ring->read().get()}) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched, nullptr);
  }
  if (!ring->Lose()) return;
  notices_.OweLost(ring->recipient,
                   absl::StrCat(ring->path, ": the other side hung up"));
}

void ShmLanes::EndLingering() {
  std::vector<std::uint64_t> ended;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, until] : lingering_) {
      if (until.Passed() || !rings_.at(id)->pending()) ended.push_back(id);
    }
  }
  for (const std::uint64_t id : ended) Erase(id);
}

int ShmLanes::WaitMilliseconds() {
  MutexLock lock(mutex_);
  if (lingering_.empty()) return -1;
  absl::Duration left = absl::InfiniteDuration();
  for (const auto& [id, until] : lingering_) {
    left = std::min(left, until.Remaining());
  }
  return static_cast<int>(
      absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))));
}

ShmLanes::RingPtr ShmLanes::Find(std::uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = rings_.find(id);
  return found == rings_.end() ? nullptr : found->second;
}

}  // namespace am::transport
