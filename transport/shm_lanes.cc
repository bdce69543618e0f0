#include "am/transport/shm_lanes.h"

#include <algorithm>
#include <utility>
#include <vector>

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

}  // namespace

// One ring, for its lane and for the thread.
class ShmLanes::Ring {
 public:
  Ring(std::unique_ptr<ShmSegment> segment, EventDescriptor written,
       EventDescriptor read)
      : segment_(std::move(segment)),
        written_(std::move(written)),
        read_(std::move(read)),
        writer_(segment_->ring()) {}

  SendResult TrySend(const OutboundFrame& frame) {
    MutexLock lock(mutex_);
    if (lost_) return SendResult::kClosed;
    bool taken = writer_.TryWrite(frame);
    while (!taken && !writer_.ring().broken() && !writer_.ring().AwaitRoom()) {
      taken = writer_.TryWrite(frame);
    }
    refused_ = !taken;
    if (taken) {
      Flush();
      FlushUntilFull();
    }
    if (writer_.ring().broken()) return SendResult::kClosed;
    return taken ? SendResult::kSent : SendResult::kWouldBlock;
  }

  // There may be more room. Returns whether a lane that was refused is to be
  // told. The reader signals once there is more, unless the caller `goes_on` to
  // look for it.
  bool OnRoom(bool goes_on) {
    MutexLock lock(mutex_);
    Flush();
    if (!goes_on) FlushUntilFull();
    return !writer_.pending() && std::exchange(refused_, false);
  }

  bool HasRoom() {
    MutexLock lock(mutex_);
    return writer_.ring().Room(1) > 0;
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

  const EventDescriptor& read() const { return read_; }

  // Set before anybody else knows the ring.
  std::uint64_t id = 0;
  std::string path;
  Descriptor socket;
  std::shared_ptr<LaneNotices::Recipient> recipient;

 private:
  // Writes and publishes as much as there is room for.
  void Flush() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto wake = [this] { written_.Set(); };
    writer_.Pump(wake);
    if (writer_.ring().Publish()) wake();
  }

  // Until the reader will signal that there is more room.
  void FlushUntilFull() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (writer_.pending() && !writer_.ring().broken() &&
           !writer_.ring().AwaitRoom()) {
      Flush();
    }
  }

  const std::unique_ptr<ShmSegment> segment_;
  const EventDescriptor written_;
  const EventDescriptor read_;
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

  bool has_cheap_frames() const override { return true; }

 private:
  ShmLanes& lanes_;
  const RingPtr ring_;
};

absl::StatusOr<std::unique_ptr<ShmLanes>> ShmLanes::Make(
    const Options& options) {
  absl::StatusOr<EpollSet> waited = EpollSet::Make();
  if (!waited.ok()) return waited.status();
  absl::StatusOr<EventDescriptor> wake = EventDescriptor::Make();
  if (!wake.ok()) return wake.status();
  return std::unique_ptr<ShmLanes>(
      new ShmLanes(options, *std::move(waited), *std::move(wake)));
}

ShmLanes::ShmLanes(const Options& options, EpollSet waited,
                   EventDescriptor wake)
    : options_(options), waited_(std::move(waited)), wake_(std::move(wake)) {
  waited_.Add(wake_.get(), EPOLLIN, kWakeTag);
  thread_ = StartWithoutSignals([this] { Run(); });
}

ShmLanes::~ShmLanes() {
  stopping_ = true;
  wake_.Set();
  thread_.join();
}

// A lane to nobody is one that is lost at once.
absl::StatusOr<std::unique_ptr<Lane>> ShmLanes::Open(const std::string& path,
                                                     LaneObserver& observer) {
  absl::StatusOr<ShmSegment::Made> made = ShmSegment::Make(options_.ring_bytes);
  if (!made.ok()) return made.status();
  absl::StatusOr<EventDescriptor> written = EventDescriptor::Make();
  if (!written.ok()) return written.status();
  absl::StatusOr<EventDescriptor> read = EventDescriptor::Make();
  if (!read.ok()) return read.status();
  ShmOffer offer{options_.ring_bytes, std::move(made->file),
                 *std::move(written), *std::move(read)};
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
    waited_.Add(ring->read().get(), EPOLLIN, RoomTag(ring->id));
    waited_.Add(ring->socket.get(), EPOLLIN | EPOLLRDHUP, SocketTag(ring->id));
  } else {
    ring->Lose();
    notices_.OweLost(ring->recipient, socket.status().message());
    wake_.Set();
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
  wake_.Set();
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
  const bool has_looked = midst_ != nullptr;
  const bool sleeps = !GoOn();
  EpollSet::Ready ready;
  const std::size_t count =
      waited_.Wait(sleeps ? UntilLingered() : absl::ZeroDuration(), ready);
  if (has_looked && sleeps && count > 0) look_.Slept();
  for (std::size_t i = 0; i < count; ++i) Handle(ready[i]);
}

// With a frame in the midst. False: there is nothing to do but to wait.
bool ShmLanes::GoOn() {
  const RingPtr ring = std::exchange(midst_, nullptr);
  if (ring == nullptr) return false;
  const bool has_room =
      look_.Until(options_.look, [&ring] { return ring->HasRoom(); });
  Fill(ring, has_room);
  return has_room || notices_.Pending();
}

void ShmLanes::Fill(const RingPtr& ring, bool goes_on) {
  if (ring->OnRoom(goes_on)) notices_.OweWritable(ring->recipient);
  LoseIfBroken(ring);
  if (goes_on && ring->pending()) midst_ = ring;
}

void ShmLanes::Handle(std::uint64_t tag) {
  if (tag == kWakeTag) return wake_.Clear();
  const RingPtr ring = Find(tag >> 1);
  if (ring == nullptr) return;
  if (tag == RoomTag(ring->id)) {
    ring->read().Clear();
    Fill(ring, midst_ == nullptr || midst_ == ring);
  } else {
    OnHangUp(ring);
  }
}

// Its reader, whoever that is, scribbles over the ring.
void ShmLanes::LoseIfBroken(const RingPtr& ring) {
  if (!ring->broken() || !ring->Lose()) return;
  notices_.OweLost(ring->recipient,
                   absl::StrCat(ring->path, ": a count that makes no sense"));
  wake_.Set();
}

void ShmLanes::OnHangUp(const RingPtr& ring) {
  waited_.Remove(ring->socket.get());
  waited_.Remove(ring->read().get());
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

absl::Duration ShmLanes::UntilLingered() {
  MutexLock lock(mutex_);
  absl::Duration left = absl::InfiniteDuration();
  for (const auto& [id, until] : lingering_) {
    left = std::min(left, until.Remaining());
  }
  return left;
}

ShmLanes::RingPtr ShmLanes::Find(std::uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = rings_.find(id);
  return found == rings_.end() ? nullptr : found->second;
}

}  // namespace am::transport
