#include "tests/transport/station.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "am/transport/deadline.h"
#include "gtest/gtest.h"

namespace am::transport {
namespace {

// Whether this thread is within a call of TrySend or Open.
thread_local bool in_call = false;

class InCall {
 public:
  InCall() { in_call = true; }
  ~InCall() { in_call = false; }
};

}  // namespace

WatchedLane::WatchedLane(Transport& transport, const Address& to,
                         std::function<void(WatchedLane&)> on_call)
    : on_call_(std::move(on_call)) {
  InCall guard;
  absl::StatusOr<std::unique_ptr<Lane>> lane = transport.Open(to, *this);
  EXPECT_TRUE(lane.ok()) << lane.status();
  MutexLock lock(mutex_);
  if (lane.ok()) lane_ = *std::move(lane);
  is_open_ = true;
  opened_.NotifyAll();
}

SendResult WatchedLane::TrySend(absl::string_view head,
                                const std::vector<Buffer>& parts) {
  ++refusals_;  // first, since OnWritable may come at once
  InCall guard;
  const SendResult result = lane_->TrySend({head, parts});
  if (result != SendResult::kWouldBlock) --refusals_;
  return result;
}

void WatchedLane::Close() {
  lane_.reset();
  closed_ = true;
}

void WatchedLane::OnWritable() {
  CheckLaw();
  EXPECT_LE(++writable_calls_, refusals_) << "more calls than refusals";
  on_call_(*this);
  --calls_running_;
}

void WatchedLane::OnLost(absl::string_view why) {
  CheckLaw();
  EXPECT_FALSE(why.empty());
  EXPECT_EQ(++lost_calls_, 1) << "lost twice";
  on_call_(*this);
  --calls_running_;
}

void WatchedLane::CheckLaw() {
  EXPECT_FALSE(in_call) << "called from within TrySend or Open";
  EXPECT_EQ(++calls_running_, 1) << "two calls at a time";
  EXPECT_FALSE(lost()) << "called after OnLost";
  EXPECT_FALSE(closed_) << "called after the lane was destroyed";
  AwaitOpened();
}

// A call may overtake the end of Open.
void WatchedLane::AwaitOpened() {
  MutexLock lock(mutex_);
  while (!is_open_) opened_.Wait(mutex_);
}

Address Station::Listen(const Address& at) {
  const absl::StatusOr<Address> bound = transport_->Listen(at);
  EXPECT_TRUE(bound.ok()) << bound.status();
  return bound.value_or(at);
}

void Station::Await(const std::function<bool()>& condition) {
  const Deadline deadline = Deadline::After(kBound);
  std::vector<InboundFrame> burst;
  while (!condition()) {
    ASSERT_FALSE(deadline.Passed()) << "waited in vain";
    transport_->inbox().Receive(absl::Milliseconds(1), 64, burst);
  }
  for (InboundFrame& frame : burst) received_.push_back(std::move(frame));
}

InboundFrame Station::Next() {
  const Deadline deadline = Deadline::After(kBound);
  std::vector<InboundFrame> burst;
  while (received_.empty() && !deadline.Passed()) {
    transport_->inbox().Receive(kBound, 64, burst);
    for (InboundFrame& frame : burst) received_.push_back(std::move(frame));
    burst.clear();
  }
  if (received_.empty()) {
    ADD_FAILURE() << "no frame came";
    return {};
  }
  InboundFrame frame = std::move(received_.front());
  received_.pop_front();
  return frame;
}

int Fill(WatchedLane& lane, int first) {
  const std::vector<Buffer> parts = {Buffer(std::string(4096, 'x'))};
  const Deadline deadline = Deadline::After(kBound);
  int sent = 0;
  while (lane.TrySend(absl::StrCat(first + sent), parts) == SendResult::kSent) {
    ++sent;
    if (deadline.Passed()) {
      ADD_FAILURE() << "never refused";
      break;
    }
  }
  return sent;
}

}  // namespace am::transport
