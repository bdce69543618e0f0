// Words for tests of transports: stations that listen and open lanes, and lanes
// that watch over how their observers are called.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/transport/mutex.h"
#include "am/transport/transport.h"

namespace am::transport {

// Long enough for any machine; only a broken transport ever waits for so long.
inline constexpr absl::Duration kBound = absl::Seconds(30);

// A lane together with an observer that checks the law of LaneObserver at each
// of its calls, and then calls `on_call`. To be used by one thread, but for the
// counts.
class WatchedLane final : private LaneObserver {
 public:
  WatchedLane(
      Transport& transport, const Address& to,
      std::function<void(WatchedLane&)> on_call = [](WatchedLane&) {});
  ~WatchedLane() override { Close(); }

  SendResult TrySend(absl::string_view head,
                     const std::vector<Buffer>& parts = {});
  void Close();

  int writable_calls() const { return writable_calls_; }
  bool lost() const { return lost_calls_ > 0; }

 private:
  void OnWritable() override;
  void OnLost(absl::string_view why) override;
  void CheckLaw();
  void AwaitOpened();

  std::atomic<int> calls_running_ = 0;
  std::atomic<int> refusals_ = 0;
  std::atomic<int> writable_calls_ = 0;
  std::atomic<int> lost_calls_ = 0;
  std::atomic<bool> closed_ = false;
  const std::function<void(WatchedLane&)> on_call_;
  std::unique_ptr<Lane> lane_;

  Mutex mutex_;
  CondVar opened_;
  bool is_open_ ABSL_GUARDED_BY(mutex_) = false;
};

// A transport that receives into a list of its own.
class Station {
 public:
  explicit Station(std::unique_ptr<Transport> transport)
      : transport_(std::move(transport)) {}

  Address Listen(const Address& at);
  WatchedLane Open(const Address& to) { return WatchedLane(*transport_, to); }

  // The next frame, for which it waits; fails the test after kBound.
  InboundFrame Next();
  std::string NextHead() { return std::string(Next().head.view()); }

  // Receives until `condition` holds; fails the test after kBound.
  void Await(const std::function<bool()>& condition);

  Transport& transport() { return *transport_; }

 private:
  std::unique_ptr<Transport> transport_;
  std::deque<InboundFrame> received_;
};

// Sends frames of 4 KiB, numbered from `first` on, until one is refused;
// returns how many were taken.
int Fill(WatchedLane& lane, int first = 0);

}  // namespace am::transport
