#include "am/transport/publisher_pool.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/transport/quiet_thread.h"

namespace am::transport {
namespace {

// What an epoll event is about: the pool itself, or of publisher `id` either
// the monitor or the sending socket.
constexpr std::uint64_t kWakeTag = 0;
std::uint64_t MonitorTag(std::uint64_t id) { return id << 1; }
std::uint64_t SendTag(std::uint64_t id) { return id << 1 | 1; }

void Control(const Descriptor& epoll, int operation, int descriptor,
             std::uint32_t events, std::uint64_t tag) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = tag;
  epoll_ctl(epoll.get(), operation, descriptor, &event);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PublisherPool>> PublisherPool::Make(
    absl::Duration connect_timeout) {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !wake.valid()) {
    return absl::ResourceExhaustedError("no file descriptors left");
  }
  return std::unique_ptr<PublisherPool>(
      new PublisherPool(connect_timeout, std::move(epoll), std::move(wake)));
}

PublisherPool::PublisherPool(absl::Duration connect_timeout, Descriptor epoll,
                             Descriptor wake)
    : connect_timeout_(connect_timeout),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)) {
  Control(epoll_, EPOLL_CTL_ADD, wake_.get(), EPOLLIN, kWakeTag);
  thread_ = StartWithoutSignals([this] { Run(); });
}

PublisherPool::~PublisherPool() {
  stopping_ = true;
  Wake();
  thread_.join();
}

std::shared_ptr<PublisherPool::Publisher> PublisherPool::Watch(
    const Address& address, int send_descriptor,
    std::unique_ptr<ZmqMonitor> monitor, LaneObserver& observer) {
  auto publisher = std::make_shared<Publisher>();
  publisher->address_ = address.ToString();
  publisher->send_descriptor_ = send_descriptor;
  publisher->recipient_ = notices_.Add(observer);
  const int monitor_descriptor = monitor->descriptor();
  publisher->monitor_ = std::move(monitor);
  bool first = false;
  {
    MutexLock lock(mutex_);
    publisher->id_ = ++last_id_;
    publishers_.emplace(publisher->id_, publisher);
    first = connecting_.empty();
    connecting_.push_back({Deadline::After(connect_timeout_), publisher});
  }
  Control(epoll_, EPOLL_CTL_ADD, monitor_descriptor, EPOLLIN,
          MonitorTag(publisher->id_));
  if (first) Wake();
  return publisher;
}

void PublisherPool::AwaitWritable(Publisher& publisher) {
  const int operation =
      publisher.awaited_.exchange(true) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  Control(epoll_, operation, publisher.send_descriptor_, EPOLLIN | EPOLLONESHOT,
          SendTag(publisher.id_));
}

void PublisherPool::Forget(Publisher& publisher) {
  notices_.Remove(*publisher.recipient_);
  if (publisher.awaited_) {
    Control(epoll_, EPOLL_CTL_DEL, publisher.send_descriptor_, 0, 0);
  }
}

void PublisherPool::Run() {
  while (!stopping_) {
    Wait();
    LoseUnconnected();
    notices_.Deliver();
  }
}

void PublisherPool::Wait() {
  std::array<epoll_event, 64> events;
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                 WaitMilliseconds());
  for (std::size_t i = 0; std::cmp_less(i, count); ++i) {
    Handle(events[i].data.u64);
  }
}

void PublisherPool::Handle(std::uint64_t tag) {
  if (tag == kWakeTag) {
    eventfd_t ignored;
    eventfd_read(wake_.get(), &ignored);
    return;
  }
  const PublisherPtr publisher = Find(tag >> 1);
  if (publisher == nullptr) return;
  if (tag == SendTag(publisher->id_)) {
    notices_.OweWritable(publisher->recipient_);
  } else {
    ReadMonitor(publisher);
  }
}

// Until there is nothing more, or else the descriptor would signal for ever.
void PublisherPool::ReadMonitor(const PublisherPtr& publisher) {
  std::string why;
  while (true) {
    switch (publisher->monitor_->TryNext(why)) {
      case ZmqMonitor::Event::kNone:
        return;
      case ZmqMonitor::Event::kUp:
        publisher->connected_ = true;
        break;
      case ZmqMonitor::Event::kLost:
        Lose(publisher, why);
        break;
      case ZmqMonitor::Event::kEnd:
        Retire(*publisher);
        return;
      case ZmqMonitor::Event::kOther:
        break;
    }
  }
}

void PublisherPool::Lose(const PublisherPtr& publisher, absl::string_view why) {
  if (publisher->lost_.exchange(true, std::memory_order_acq_rel)) return;
  ++lanes_lost_;
  notices_.OweLost(publisher->recipient_, why);
}

// The caller holds a share, so the monitor is closed after the map is left.
void PublisherPool::Retire(const Publisher& publisher) {
  Control(epoll_, EPOLL_CTL_DEL, publisher.monitor_->descriptor(), 0, 0);
  MutexLock lock(mutex_);
  publishers_.erase(publisher.id_);
}

void PublisherPool::LoseUnconnected() {
  while (const PublisherPtr publisher = NextOverdue()) {
    if (publisher->connected_) continue;
    Lose(publisher, absl::StrCat(publisher->address_, ": not connected after ",
                                 absl::FormatDuration(connect_timeout_)));
  }
}

PublisherPool::PublisherPtr PublisherPool::NextOverdue() {
  MutexLock lock(mutex_);
  while (!connecting_.empty()) {
    const Connecting next = connecting_.front();
    PublisherPtr publisher = next.publisher.lock();
    if (publisher != nullptr && !next.until.Passed()) return nullptr;
    connecting_.pop_front();
    if (publisher != nullptr) return publisher;
  }
  return nullptr;
}

// Rounded up, so that the deadline has passed afterwards.
int PublisherPool::WaitMilliseconds() {
  MutexLock lock(mutex_);
  if (connecting_.empty()) return -1;
  const absl::Duration left = connecting_.front().until.Remaining();
  return static_cast<int>(
      absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))));
}

PublisherPool::PublisherPtr PublisherPool::Find(std::uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = publishers_.find(id);
  return found == publishers_.end() ? nullptr : found->second;
}

void PublisherPool::Wake() { eventfd_write(wake_.get(), 1); }

}  // namespace am::transport
