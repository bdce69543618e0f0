// PublisherPool: watches the outbound connections of a ZeroMQ transport.
//
// One thread, however many lanes. It waits (epoll) for what monitors report and
// for lanes to become writable, and makes the calls of LaneObserver. It never
// touches a sending socket: that belongs to whoever calls TrySend. The pool has
// only its descriptor, and its monitor.
//
// Threads: any thread may call anything; Forget may block (lane_notices.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "am/transport/deadline.h"
#include "am/transport/descriptors.h"
#include "am/transport/epoll_set.h"
#include "am/transport/lane_notices.h"
#include "am/transport/mutex.h"
#include "am/transport/transport.h"
#include "am/transport/zmq_socket.h"

namespace am::transport {

class PublisherPool final {
 public:
  // The part of a lane that its pool knows.
  class Publisher {
   public:
    // Set before the observer is told.
    bool lost() const { return lost_.load(std::memory_order_acquire); }

   private:
    friend class PublisherPool;

    std::uint64_t id_ = 0;
    std::string address_;
    int send_descriptor_ = -1;
    std::shared_ptr<LaneNotices::Recipient> recipient_;
    std::atomic<bool> lost_ = false;
    std::atomic<bool> awaited_ = false;  // send_descriptor_ is in the epoll

    // Of the pool's thread alone.
    std::unique_ptr<ZmqMonitor> monitor_;
    bool connected_ = false;
  };

  // A lane that is not connected after `connect_timeout`, an hour at the most,
  // is lost. RESOURCE_EXHAUSTED: no descriptors left.
  static absl::StatusOr<std::unique_ptr<PublisherPool>> Make(
      absl::Duration connect_timeout);

  PublisherPool(const PublisherPool&) = delete;
  PublisherPool& operator=(const PublisherPool&) = delete;

  // Ends the thread. Every publisher was forgotten.
  ~PublisherPool();

  // Watches the connection to `address` of the socket whose descriptor and
  // monitor these are, and tells `observer`.
  std::shared_ptr<Publisher> Watch(const Address& address, int send_descriptor,
                                   std::unique_ptr<ZmqMonitor> monitor,
                                   LaneObserver& observer);

  // Calls OnWritable when there is a reason to try again. From the thread that
  // uses the socket, after its Writable() returned false.
  void AwaitWritable(Publisher& publisher);

  // No call of the observer begins after this, and none goes on in another
  // thread. The socket is closed next, which ends the monitor.
  void Forget(Publisher& publisher);

  std::uint64_t lanes_lost() const { return lanes_lost_; }

 private:
  using PublisherPtr = std::shared_ptr<Publisher>;

  PublisherPool(absl::Duration connect_timeout, EpollSet waited,
                EventDescriptor wake);

  void Run();
  void Wait();
  void Handle(std::uint64_t tag);
  void ReadMonitor(const PublisherPtr& publisher);
  void Lose(const PublisherPtr& publisher, absl::string_view why);
  void Retire(const Publisher& publisher);
  void LoseUnconnected();
  PublisherPtr NextOverdue();
  absl::Duration UntilOverdue();
  PublisherPtr Find(std::uint64_t id);

  const absl::Duration connect_timeout_;
  const EpollSet waited_;
  const EventDescriptor wake_;
  LaneNotices notices_;
  std::atomic<std::uint64_t> lanes_lost_ = 0;
  std::atomic<bool> stopping_ = false;

  Mutex mutex_;
  std::uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, PublisherPtr> publishers_ ABSL_GUARDED_BY(mutex_);

  struct Connecting {
    Deadline until;
    std::weak_ptr<Publisher> publisher;
  };
  std::deque<Connecting> connecting_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all the others
};

}  // namespace am::transport
