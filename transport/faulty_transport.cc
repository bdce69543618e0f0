#include "am/transport/faulty_transport.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "am/transport/deadline.h"
#include "am/transport/lane_notices.h"
#include "am/transport/mutex.h"

namespace am::transport {
namespace {

// A frame that a lane has taken and not yet sent on.
struct Waiting {
  InboundFrame frame;
  absl::Time due;
  bool until_overtaken;  // or until then
  int copies;
};

}  // namespace

// All of it. A lane's own part is a Road; the inner lane reports to that.
class FaultyTransport::Core final : public Inbox {
 public:
  struct Road;
  class Handle;

  Core(std::unique_ptr<Transport> inner, const FaultOptions& options,
       std::function<absl::Time()> now)
      : options_(options), now_(std::move(now)), inner_(std::move(inner)) {}
  ~Core() override;

  absl::StatusOr<std::unique_ptr<Lane>> Open(const Address& address,
                                             LaneObserver& observer);
  SendResult TrySend(Road& road, const OutboundFrame& frame);
  void Close(const std::shared_ptr<Road>& road);

  void Cut(const Address& address, CutKind kind);
  void Heal(const Address& address);
  absl::Time NextRelease() const;
  void Release();
  FaultCounts counts() const;
  Transport& inner() { return *inner_; }

  // Inbox:
  std::size_t Receive(absl::Duration timeout, std::size_t limit,
                      std::vector<InboundFrame>& burst) override;
  void Interrupt() override;

  // What the inner lane reports.
  void OnInnerWritable(Road& road);
  void OnInnerLost(Road& road, absl::string_view why);

 private:
  bool IsCutLocked(const Road& road, CutKind kind) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  SendResult MeetFateLocked(Road& road, const OutboundFrame& frame,
                            const Fate& fate, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountLocked(Fault fault) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void KeepLocked(Road& road, const OutboundFrame& frame, int copies,
                  const Fate& fate, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FlushLocked(Road& road, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FlushOneLocked(Road& road) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OvertakeLocked(const Road& by, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LoseLocked(Road& road, absl::string_view why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CutOffLocked(Road& road) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OweWritableLocked(Road& road) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DestroyFinished();
  bool TakeInterrupt();

  const FaultOptions options_;
  const std::function<absl::Time()> now_;
  const std::unique_ptr<Transport> inner_;
  LaneNotices notices_;

  mutable Mutex mutex_;
  FaultCounts counts_ ABSL_GUARDED_BY(mutex_);
  std::map<Address, CutKind> cuts_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t roads_opened_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::shared_ptr<Road>> roads_ ABSL_GUARDED_BY(mutex_);
  // Those of them with frames waiting, and how many are closed: mostly few.
  std::map<std::uint64_t, Road*> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t closed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
};

// Guarded by the core's lock, but for what is const.
struct FaultyTransport::Core::Road final : public LaneObserver {
  Road(Core& of, std::uint64_t number, const Address& address,
       std::shared_ptr<LaneNotices::Recipient> notify)
      : core(of),
        id(number),
        to(address),
        recipient(std::move(notify)),
        plan(of.options_, number) {}

  void OnWritable() override { core.OnInnerWritable(*this); }
  void OnLost(absl::string_view why) override { core.OnInnerLost(*this, why); }

  Core& core;
  const std::uint64_t id;
  const Address to;
  const std::shared_ptr<LaneNotices::Recipient> recipient;

  std::unique_ptr<Lane> lane;
  FaultPlan plan;
  std::optional<Fate> next_fate;  // drawn for a frame that was then refused
  std::deque<Waiting> waiting;
  bool blocked = false;  // the inner lane refused, and will call
  bool refused = false;  // TrySend refused: OnWritable is owed
  bool lost = false;
  std::string unreported_loss;  // of the inner lane, during a silent cut
  bool closed = false;          // the user's lane is destroyed
};

class FaultyTransport::Core::Handle final : public Lane {
 public:
  explicit Handle(std::shared_ptr<Road> road) : road_(std::move(road)) {}
  ~Handle() override { road_->core.Close(road_); }

  SendResult TrySend(const OutboundFrame& frame) override {
    return road_->core.TrySend(*road_, frame);
  }

 private:
  const std::shared_ptr<Road> road_;
};

// Inner lanes report to roads, which hence go after them.
FaultyTransport::Core::~Core() {
  std::map<std::uint64_t, std::shared_ptr<Road>> roads;
  {
    MutexLock lock(mutex_);
    roads.swap(roads_);
  }
  for (auto& [id, road] : roads) road->lane.reset();
}

absl::StatusOr<std::unique_ptr<Lane>> FaultyTransport::Core::Open(
    const Address& address, LaneObserver& observer) {
  std::shared_ptr<Road> road;
  {
    MutexLock lock(mutex_);
    road = std::make_shared<Road>(*this, ++roads_opened_, address,
                                  notices_.Add(observer));
  }
  absl::StatusOr<std::unique_ptr<Lane>> lane = inner_->Open(address, *road);
  if (!lane.ok()) return lane.status();
  MutexLock lock(mutex_);
  road->lane = *std::move(lane);
  roads_.emplace(road->id, road);
  if (IsCutLocked(*road, CutKind::kLoud)) CutOffLocked(*road);
  return std::make_unique<Handle>(road);
}

SendResult FaultyTransport::Core::TrySend(Road& road,
                                          const OutboundFrame& frame) {
  if (frame.bytes() > inner_->max_frame_bytes()) return SendResult::kTooLarge;
  const absl::Time now = now_();
  MutexLock lock(mutex_);
  if (road.lost) return SendResult::kClosed;
  if (IsCutLocked(road, CutKind::kSilent)) {
    ++counts_.swallowed;
    return SendResult::kSent;
  }
  if (road.waiting.size() >= options_.waiting_frames) {
    road.refused = true;
    return SendResult::kWouldBlock;
  }
  if (!road.next_fate.has_value()) {
    const bool is_time = now >= options_.from && now < options_.until;
    road.next_fate = is_time ? road.plan.Next() : Fate();
  }
  const SendResult result = MeetFateLocked(road, frame, *road.next_fate, now);
  if (result == SendResult::kWouldBlock) {
    road.refused = true;
    road.blocked = true;
  } else {
    road.next_fate.reset();
  }
  return result;
}

SendResult FaultyTransport::Core::MeetFateLocked(Road& road,
                                                 const OutboundFrame& frame,
                                                 const Fate& fate,
                                                 absl::Time now) {
  if (fate.fault == Fault::kDrop) {
    ++counts_.dropped;
    return SendResult::kSent;
  }
  const bool at_once = road.waiting.empty() && fate.delay == absl::Duration();
  if (at_once) {
    const SendResult result = road.lane->TrySend(frame);
    if (result != SendResult::kSent) return result;
    OvertakeLocked(road, now);
  }
  int copies = at_once ? 0 : 1;
  if (fate.fault == Fault::kDuplicate) ++copies;
  CountLocked(fate.fault);
  if (copies > 0) {
    KeepLocked(road, frame, copies, fate, now);
    FlushLocked(road, now);
  }
  return SendResult::kSent;
}

void FaultyTransport::Core::CountLocked(Fault fault) {
  if (fault == Fault::kDuplicate) ++counts_.duplicated;
  if (fault == Fault::kDelay) ++counts_.delayed;
  if (fault == Fault::kReorder) ++counts_.reordered;
}

// A Receive that waits has to learn of it.
void FaultyTransport::Core::KeepLocked(Road& road, const OutboundFrame& frame,
                                       int copies, const Fate& fate,
                                       absl::Time now) {
  road.waiting.push_back(
      Waiting{InboundFrame{Buffer(std::string(frame.head)),
                           {frame.parts.begin(), frame.parts.end()}},
              now + fate.delay, fate.fault == Fault::kReorder, copies});
  if (waiting_.emplace(road.id, &road).second) inner_->inbox().Interrupt();
}

// Sends on what is due, as far as the inner lane takes it.
void FaultyTransport::Core::FlushLocked(Road& road, absl::Time now) {
  while (!road.waiting.empty() && !road.blocked &&
         road.waiting.front().due <= now) {
    FlushOneLocked(road);
  }
  if (road.waiting.empty()) waiting_.erase(road.id);
  if (road.waiting.size() < options_.waiting_frames && !road.blocked) {
    OweWritableLocked(road);
  }
}

void FaultyTransport::Core::FlushOneLocked(Road& road) {
  Waiting& first = road.waiting.front();
  if (IsCutLocked(road, CutKind::kSilent)) {
    ++counts_.swallowed;
    road.waiting.pop_front();
    return;
  }
  const SendResult result = road.lane->TrySend(
      OutboundFrame{first.frame.head.view(), first.frame.parts});
  if (result == SendResult::kWouldBlock) {
    road.blocked = true;
  } else if (result == SendResult::kClosed) {
    road.waiting.clear();  // OnLost follows
  } else if (--first.copies == 0) {
    road.waiting.pop_front();
  }
}

// Lets go the frames of other lanes that waited for this one to overtake them.
void FaultyTransport::Core::OvertakeLocked(const Road& by, absl::Time now) {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    Road& road = *next++->second;  // FlushLocked may erase it.
    Waiting& first = road.waiting.front();
    if (&road == &by || !first.until_overtaken) continue;
    first.due = now;
    FlushLocked(road, now);
    // What follows it may be due earlier than it was.
    if (!road.waiting.empty()) inner_->inbox().Interrupt();
  }
}

void FaultyTransport::Core::Close(const std::shared_ptr<Road>& road) {
  notices_.Remove(*road->recipient);
  {
    MutexLock lock(mutex_);
    road->closed = true;
    ++closed_;
  }
  DestroyFinished();
}

// Lanes are destroyed without the lock: that waits for a call of the road,
// which takes it.
void FaultyTransport::Core::DestroyFinished() {
  std::vector<std::shared_ptr<Road>> finished;
  {
    MutexLock lock(mutex_);
    if (closed_ == 0) return;
    for (auto& [id, road] : roads_) {
      if (road->closed && road->waiting.empty()) finished.push_back(road);
    }
    for (const std::shared_ptr<Road>& road : finished) roads_.erase(road->id);
    closed_ -= finished.size();
  }
  for (const std::shared_ptr<Road>& road : finished) road->lane.reset();
}

void FaultyTransport::Core::OnInnerWritable(Road& road) {
  MutexLock lock(mutex_);
  road.blocked = false;
  if (road.waiting.empty()) OweWritableLocked(road);
  inner_->inbox().Interrupt();
}

void FaultyTransport::Core::OnInnerLost(Road& road, absl::string_view why) {
  MutexLock lock(mutex_);
  if (!IsCutLocked(road, CutKind::kSilent)) return LoseLocked(road, why);
  road.unreported_loss = std::string(why);
}

void FaultyTransport::Core::OweWritableLocked(Road& road) {
  if (!std::exchange(road.refused, false)) return;
  notices_.OweWritable(road.recipient);
  inner_->inbox().Interrupt();
}

void FaultyTransport::Core::LoseLocked(Road& road, absl::string_view why) {
  if (std::exchange(road.lost, true)) return;
  road.waiting.clear();
  waiting_.erase(road.id);
  notices_.OweLost(road.recipient, why);
  inner_->inbox().Interrupt();
}

void FaultyTransport::Core::CutOffLocked(Road& road) {
  if (road.lost) return;
  ++counts_.lanes_cut;
  LoseLocked(road, road.to.ToString() + ": cut off");
}

bool FaultyTransport::Core::IsCutLocked(const Road& road, CutKind kind) const {
  const auto cut = cuts_.find(road.to);
  return cut != cuts_.end() && cut->second == kind;
}

void FaultyTransport::Core::Cut(const Address& address, CutKind kind) {
  MutexLock lock(mutex_);
  cuts_.insert_or_assign(address, kind);
  if (kind == CutKind::kSilent) return;
  for (auto& [id, road] : roads_) {
    if (road->to == address) CutOffLocked(*road);
  }
}

void FaultyTransport::Core::Heal(const Address& address) {
  MutexLock lock(mutex_);
  cuts_.erase(address);
  for (auto& [id, road] : roads_) {
    if (road->to == address && !road->unreported_loss.empty()) {
      LoseLocked(*road, road->unreported_loss);
    }
  }
}

absl::Time FaultyTransport::Core::NextRelease() const {
  MutexLock lock(mutex_);
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [id, road] : waiting_) {
    if (!road->blocked) next = std::min(next, road->waiting.front().due);
  }
  return next;
}

void FaultyTransport::Core::Release() {
  const absl::Time now = now_();
  {
    MutexLock lock(mutex_);
    for (auto next = waiting_.begin(); next != waiting_.end();) {
      FlushLocked(*next++->second, now);
    }
  }
  DestroyFinished();
  notices_.Deliver();
}

FaultCounts FaultyTransport::Core::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

std::size_t FaultyTransport::Core::Receive(absl::Duration timeout,
                                           std::size_t limit,
                                           std::vector<InboundFrame>& burst) {
  const Deadline deadline = Deadline::After(timeout);
  std::size_t taken = 0;
  Release();
  do {
    const absl::Duration until_release =
        std::max(NextRelease() - now_(), absl::ZeroDuration());
    taken = inner_->inbox().Receive(
        std::min(deadline.Remaining(), until_release), limit, burst);
    Release();
  } while (taken == 0 && !deadline.Passed() && !TakeInterrupt());
  return taken;
}

void FaultyTransport::Core::Interrupt() {
  MutexLock lock(mutex_);
  interrupted_ = true;
  inner_->inbox().Interrupt();
}

bool FaultyTransport::Core::TakeInterrupt() {
  MutexLock lock(mutex_);
  return std::exchange(interrupted_, false);
}

FaultyTransport::FaultyTransport(std::unique_ptr<Transport> inner,
                                 const FaultOptions& options,
                                 std::function<absl::Time()> now)
    : core_(std::make_unique<Core>(std::move(inner), options, std::move(now))) {
}

FaultyTransport::~FaultyTransport() = default;

absl::StatusOr<Address> FaultyTransport::Listen(const Address& address) {
  return core_->inner().Listen(address);
}

absl::StatusOr<std::unique_ptr<Lane>> FaultyTransport::Open(
    const Address& address, LaneObserver& observer) {
  return core_->Open(address, observer);
}

Inbox& FaultyTransport::inbox() { return *core_; }

std::size_t FaultyTransport::max_frame_bytes() const {
  return core_->inner().max_frame_bytes();
}

void FaultyTransport::Cut(const Address& address, CutKind kind) {
  core_->Cut(address, kind);
}

void FaultyTransport::Heal(const Address& address) { core_->Heal(address); }

absl::Time FaultyTransport::NextRelease() const { return core_->NextRelease(); }

void FaultyTransport::Release() { core_->Release(); }

FaultCounts FaultyTransport::counts() const { return core_->counts(); }

}  // namespace am::transport
