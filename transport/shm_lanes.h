// ShmLanes: the writing ends of rings, and the thread that watches them.
//
// A lane is a ring of its own (transport/byte_ring.h), which whoever calls
// TrySend writes to. One thread, however many lanes, waits for readers that
// have made room, writes what is left of frames larger than their ring, and
// notices hang-ups. It makes the calls of LaneObserver. In the midst of a frame
// it looks for room before it sleeps, if that pays (transport/look.h): the
// reader is at it.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/transport/deadline.h"
#include "am/transport/descriptors.h"
#include "am/transport/epoll_set.h"
#include "am/transport/frame_stream.h"
#include "am/transport/lane_notices.h"
#include "am/transport/look.h"
#include "am/transport/mutex.h"
#include "am/transport/transport.h"

namespace am::transport {

class ShmLanes final {
 public:
  struct Options {
    StreamLimits limits;
    std::size_t ring_bytes = std::size_t{256} << 10;
    // How long what is left of a frame goes on once its lane is destroyed.
    absl::Duration linger = absl::Seconds(1);
    // How long to look for room, at the most.
    absl::Duration look = absl::ZeroDuration();
  };

  // RESOURCE_EXHAUSTED: no descriptors left.
  static absl::StatusOr<std::unique_ptr<ShmLanes>> Make(const Options& options);

  ShmLanes(const ShmLanes&) = delete;
  ShmLanes& operator=(const ShmLanes&) = delete;

  // Waits for what lingers. Every lane was destroyed.
  ~ShmLanes();

  // As Transport::Open.
  absl::StatusOr<std::unique_ptr<Lane>> Open(const std::string& path,
                                             LaneObserver& observer);

 private:
  class Ring;
  class RingLane;
  using RingPtr = std::shared_ptr<Ring>;

  ShmLanes(const Options& options, EpollSet waited, EventDescriptor wake);

  void Forget(const RingPtr& ring);
  void Run();
  void Wait();
  bool GoOn();
  void Handle(std::uint64_t tag);
  void Fill(const RingPtr& ring, bool goes_on);
  void OnHangUp(const RingPtr& ring);
  void LoseIfBroken(const RingPtr& ring);
  void EndLingering();
  absl::Duration UntilLingered();
  RingPtr Find(std::uint64_t id);
  void Erase(std::uint64_t id);

  const Options options_;
  const EpollSet waited_;
  const EventDescriptor wake_;
  LaneNotices notices_;
  std::atomic<bool> stopping_ = false;

  // The thread's: a ring in the midst of a frame, if its reader is at it.
  RingPtr midst_;
  Look look_;

  Mutex mutex_;
  std::uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, RingPtr> rings_ ABSL_GUARDED_BY(mutex_);
  // Those whose lane was destroyed in the midst of a frame.
  std::map<std::uint64_t, Deadline> lingering_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all the others
};

}  // namespace am::transport
