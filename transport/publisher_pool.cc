#include "am/transport/publisher_pool.h"

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

}  // namespace

absl::StatusOr<std::unique_ptr<PublisherPool>> PublisherPool::Make(
    absl::Duration connect_timeout) {
  absl::StatusOr<EpollSet> waited = EpollSet::Make();
  if (!waited.ok()) return waited.status();
  absl::StatusOr<EventDescriptor> wake = EventDescriptor::Make();
  if (!wake.ok()) return wake.status();
  return std::unique_ptr<PublisherPool>(
      new PublisherPool(connect_timeout, *std::move(waited), *std::move(wake)));
}

PublisherPool::PublisherPool(absl::Duration connect_timeout, EpollSet waited,
                             EventDescriptor wake)
    : connect_timeout_(connect_timeout),
      waited_(std::move(waited)),
      wake_(std::move(wake)) {
  waited_.Add(wake_.get(), EPOLLIN, kWakeTag);
  thread_ = StartWithoutSignals([this] { Run(); });
}

PublisherPool::~PublisherPool() {
  stopping_ = true;
  wake_.Set();
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
  waited_.Add(monitor_descriptor, EPOLLIN, MonitorTag(publisher->id_));
  if (first) wake_.Set();
  return publisher;
}

void PublisherPool::AwaitWritable(Publisher& publisher) {
  constexpr std::uint32_t kOnce = EPOLLIN | EPOLLONESHOT;
  if (publisher.awaited_.exchange(true)) {
    waited_.Change(publisher.send_descriptor_, kOnce, SendTag(publisher.id_));
  } else {
    waited_.Add(publisher.send_descriptor_, kOnce, SendTag(publisher.id_));
  }
}

void PublisherPool::Forget(Publisher& publisher) {
  notices_.Remove(*publisher.recipient_);
  if (publisher.awaited_) waited_.Remove(publisher.send_descriptor_);
}

void PublisherPool::Run() {
  while (!stopping_) {
    Wait();
    LoseUnconnected();
    notices_.Deliver();
  }
}

void PublisherPool::Wait() {
  EpollSet::Ready ready;
  const std::size_t count = waited_.Wait(UntilOverdue(), ready);
  for (std::size_t i = 0; i < count; ++i) Handle(ready[i]);
}

void PublisherPool::Handle(std::uint64_t tag) {
  if (tag == kWakeTag) return wake_.Clear();
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
  waited_.Remove(publisher.monitor_->descriptor());
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

absl::Duration PublisherPool::UntilOverdue() {
  MutexLock lock(mutex_);
  return connecting_.empty() ? absl::InfiniteDuration()
                             : connecting_.front().until.Remaining();
}

PublisherPool::PublisherPtr PublisherPool::Find(std::uint64_t id) {
  MutexLock lock(mutex_);
  const auto found = publishers_.find(id);
  return found == publishers_.end() ? nullptr : found->second;
}

}  // namespace am::transport
