#include "am/transport/in_process_transport.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "am/transport/deadline.h"
#include "am/transport/lane_notices.h"
#include "am/transport/mutex.h"

namespace am::transport {
namespace {

struct Station;

// A lane as the network sees it. Guarded by the board's lock.
struct Pipe {
  std::uint64_t id;                 // counts from the first of the network
  std::shared_ptr<Station> sender;  // null once that transport is destroyed
  Station* receiver;                // null once the lane is lost
  std::shared_ptr<LaneNotices::Recipient> recipient;  // at the sender
  std::size_t waiting = 0;  // frames in the receiver's arrivals
  bool refused = false;     // a TrySend was: OnWritable is owed
};

struct Arrival {
  std::shared_ptr<Pipe> pipe;
  InboundFrame frame;
};

// A transport as the network sees it. Guarded by the board's lock, but for
// `notices`, which has its own.
struct Station {
  explicit Station(std::function<void()> stir) : on_stir(std::move(stir)) {}

  void Stir() {
    changed.NotifyAll();
    if (on_stir) on_stir();
  }

  const std::function<void()> on_stir;
  std::deque<Arrival> arrivals;
  bool interrupted = false;
  bool killed = false;
  CondVar changed;
  LaneNotices notices;
};

InboundFrame CopyOf(const OutboundFrame& frame) {
  return InboundFrame{Buffer(std::string(frame.head)),
                      {frame.parts.begin(), frame.parts.end()}};
}

}  // namespace

// Everything the transports of one network share.
class InProcessBoard {
 public:
  absl::StatusOr<Address> Listen(Station& station, const std::string& name) {
    MutexLock lock(mutex_);
    const std::string chosen = name.empty() ? FreeNameLocked() : name;
    if (!listeners_.emplace(chosen, &station).second) {
      return absl::AlreadyExistsError(
          absl::StrCat("somebody listens on inproc://", chosen));
    }
    return Address::InProcess(chosen);
  }

  // The pipe is lost already if nobody listens.
  std::shared_ptr<Pipe> Connect(const std::shared_ptr<Station>& from,
                                const std::string& to, LaneObserver& observer) {
    MutexLock lock(mutex_);
    const auto found = listeners_.find(to);
    const bool nobody = found == listeners_.end() || from->killed;
    Station* receiver = nobody ? nullptr : found->second;
    auto pipe = std::make_shared<Pipe>(
        Pipe{++pipes_opened_, from, receiver, from->notices.Add(observer)});
    pipes_.emplace(pipe->id, pipe);
    if (receiver == nullptr) {
      LoseLocked(*pipe, absl::StrCat("nobody listens on inproc://", to));
    }
    return pipe;
  }

  SendResult TrySend(const std::shared_ptr<Pipe>& pipe,
                     const OutboundFrame& frame, std::size_t lane_frames) {
    MutexLock lock(mutex_);
    if (pipe->receiver == nullptr) return SendResult::kClosed;
    if (pipe->waiting >= lane_frames) {
      pipe->refused = true;
      return SendResult::kWouldBlock;
    }
    ++pipe->waiting;
    pipe->receiver->arrivals.push_back({pipe, CopyOf(frame)});
    pipe->receiver->Stir();
    return SendResult::kSent;
  }

  // What was sent stays with the receiver.
  void Disconnect(Pipe& pipe) {
    std::shared_ptr<Station> sender;
    {
      MutexLock lock(mutex_);
      pipes_.erase(pipe.id);
      sender = pipe.sender;
    }
    if (sender != nullptr) sender->notices.Remove(*pipe.recipient);
  }

  std::size_t Receive(Station& station, absl::Duration timeout,
                      std::size_t limit, std::vector<InboundFrame>& burst) {
    const Deadline deadline = Deadline::After(timeout);
    station.notices.Deliver();
    MutexLock lock(mutex_);
    while (station.arrivals.empty()) {
      const absl::Duration left = deadline.Remaining();
      if (left == absl::ZeroDuration()) return 0;
      if (std::exchange(station.interrupted, false)) return 0;
      if (station.notices.Pending()) {
        mutex_.Unlock();
        station.notices.Deliver();
        mutex_.Lock();
      } else {
        station.changed.WaitFor(mutex_, left);
      }
    }
    return TakeLocked(station, limit, burst);
  }

  void Interrupt(Station& station) {
    MutexLock lock(mutex_);
    station.interrupted = true;
    station.Stir();
  }

  void Remove(Station& station) {
    MutexLock lock(mutex_);
    RemoveLocked(station);
  }

  void Kill(const std::string& name) {
    MutexLock lock(mutex_);
    const auto found = listeners_.find(name);
    if (found == listeners_.end()) return;
    found->second->killed = true;
    RemoveLocked(*found->second);
  }

 private:
  void RemoveLocked(Station& station) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::erase_if(listeners_,
                  [&](const auto& entry) { return entry.second == &station; });
    for (auto& [id, pipe] : pipes_) {
      if (pipe->sender.get() == &station) pipe->sender = nullptr;
      if (pipe->receiver == &station || pipe->sender == nullptr) {
        LoseLocked(*pipe, "the peer is gone");
      }
    }
    station.arrivals.clear();
  }

  std::string FreeNameLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::string name;
    do {
      name = absl::StrCat("unnamed-", ++names_picked_);
    } while (listeners_.contains(name));
    return name;
  }

  void LoseLocked(Pipe& pipe, absl::string_view why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    pipe.receiver = nullptr;
    if (pipe.sender == nullptr) return;
    pipe.sender->notices.OweLost(pipe.recipient, why);
    pipe.sender->Stir();
  }

  std::size_t TakeLocked(Station& station, std::size_t limit,
                         std::vector<InboundFrame>& burst)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::size_t taken = std::min(limit, station.arrivals.size());
    for (std::size_t i = 0; i < taken; ++i) {
      Arrival& arrival = station.arrivals.front();
      burst.push_back(std::move(arrival.frame));
      MakeRoomLocked(*arrival.pipe);
      station.arrivals.pop_front();
    }
    return taken;
  }

  void MakeRoomLocked(Pipe& pipe) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    --pipe.waiting;
    if (!std::exchange(pipe.refused, false) || pipe.sender == nullptr) return;
    pipe.sender->notices.OweWritable(pipe.recipient);
    pipe.sender->Stir();
  }

  Mutex mutex_;
  std::map<std::string, Station*> listeners_ ABSL_GUARDED_BY(mutex_);
  // By the order in which they were opened, which is that of OnLost.
  std::map<std::uint64_t, std::shared_ptr<Pipe>> pipes_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t pipes_opened_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t names_picked_ ABSL_GUARDED_BY(mutex_) = 0;
};

namespace {

class InProcessLane final : public Lane {
 public:
  InProcessLane(std::shared_ptr<InProcessBoard> board,
                std::shared_ptr<Pipe> pipe, const InProcessOptions& options)
      : board_(std::move(board)), pipe_(std::move(pipe)), options_(options) {}
  ~InProcessLane() override { board_->Disconnect(*pipe_); }

  SendResult TrySend(const OutboundFrame& frame) override {
    if (frame.bytes() > options_.max_frame_bytes) return SendResult::kTooLarge;
    return board_->TrySend(pipe_, frame, options_.lane_frames);
  }

 private:
  const std::shared_ptr<InProcessBoard> board_;
  const std::shared_ptr<Pipe> pipe_;
  const InProcessOptions options_;
};

class InProcessTransport final : public Transport, private Inbox {
 public:
  InProcessTransport(std::shared_ptr<InProcessBoard> board,
                     const InProcessOptions& options)
      : board_(std::move(board)),
        options_(options),
        station_(std::make_shared<Station>(options.on_stir)) {}
  ~InProcessTransport() override { board_->Remove(*station_); }

  absl::StatusOr<Address> Listen(const Address& address) override {
    if (address.scheme() != Scheme::kInProcess) return NotOurs(address);
    return board_->Listen(*station_, address.name());
  }

  absl::StatusOr<std::unique_ptr<Lane>> Open(const Address& address,
                                             LaneObserver& observer) override {
    if (address.scheme() != Scheme::kInProcess) return NotOurs(address);
    return std::make_unique<InProcessLane>(
        board_, board_->Connect(station_, address.name(), observer), options_);
  }

  Inbox& inbox() override { return *this; }
  std::size_t max_frame_bytes() const override {
    return options_.max_frame_bytes;
  }

 private:
  static absl::Status NotOurs(const Address& address) {
    return absl::InvalidArgumentError(absl::StrCat(
        address.ToString(), ": the in-process transport needs inproc://name"));
  }

  std::size_t Receive(absl::Duration timeout, std::size_t limit,
                      std::vector<InboundFrame>& burst) override {
    return board_->Receive(*station_, timeout, limit, burst);
  }
  void Interrupt() override { board_->Interrupt(*station_); }

  const std::shared_ptr<InProcessBoard> board_;
  const InProcessOptions options_;
  const std::shared_ptr<Station> station_;
};

}  // namespace

InProcessNetwork::InProcessNetwork()
    : board_(std::make_shared<InProcessBoard>()) {}

InProcessNetwork::~InProcessNetwork() = default;

std::unique_ptr<Transport> InProcessNetwork::MakeTransport(
    const InProcessOptions& options) {
  return std::make_unique<InProcessTransport>(board_, options);
}

void InProcessNetwork::Kill(const std::string& name) { board_->Kill(name); }

}  // namespace am::transport
