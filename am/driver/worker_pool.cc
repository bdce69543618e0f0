#include "am/driver/worker_pool.h"

#include <iterator>
#include <utility>

namespace am {
namespace {

constexpr absl::Duration kIdleBeforeLeaving = absl::Seconds(10);

}  // namespace

WorkerPool::WorkerPool(const Clock& clock, int min_threads, int max_threads)
    : clock_(clock), min_threads_(min_threads), max_threads_(max_threads) {}

WorkerPool::~WorkerPool() { Stop(); }

WorkerPool::Posted WorkerPool::Post(Work&& work) {
  MutexLock lock(mutex_);
  if (stopped_) return Posted::kStopped;
  queue_.push_back({std::move(work), clock_.Now()});
  if (threads_ < min_threads_ && idle_ == 0) Spawn();
  const bool taken = idle_ >= static_cast<int>(queue_.size());
  wakeup_.NotifyOne();
  return taken ? Posted::kTaken : Posted::kQueued;
}

void WorkerPool::PostNow(Work work) {
  MutexLock lock(mutex_);
  if (stopped_) return;
  queue_.push_front({std::move(work), clock_.Now()});
  if (idle_ < static_cast<int>(queue_.size())) Spawn();
  wakeup_.NotifyOne();
}

bool WorkerPool::GrowIfStarved(absl::Time limit) {
  MutexLock lock(mutex_);
  Reap();
  if (queue_.empty()) return false;
  if (queue_.front().since <= limit && threads_ < max_threads_) Spawn();
  return true;
}

std::vector<WorkerPool::Work> WorkerPool::Stop() {
  std::list<std::thread> threads;
  std::vector<Work> unrun;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    for (Item& item : queue_) unrun.push_back(std::move(item.work));
    queue_.clear();
    threads.splice(threads.end(), running_);
    threads.splice(threads.end(), finished_);
    wakeup_.NotifyAll();
  }
  for (std::thread& thread : threads) thread.join();
  return unrun;
}

int WorkerPool::threads() const {
  MutexLock lock(mutex_);
  return threads_;
}

void WorkerPool::Spawn() {
  ++threads_;
  running_.emplace_back();
  const auto self = std::prev(running_.end());
  *self = std::thread([this, self] { RunThread(self); });
}

void WorkerPool::RunThread(std::list<std::thread>::iterator self) {
  MutexLock lock(mutex_);
  while (WaitForWork()) {
    Work work = std::move(queue_.front().work);
    queue_.pop_front();
    mutex_.Unlock();
    std::move(work)();
    work = nullptr;
    mutex_.Lock();
  }
  --threads_;
  if (!stopped_) finished_.splice(finished_.end(), running_, self);
}

// Returns whether there is work; if not, the thread is to leave.
bool WorkerPool::WaitForWork() {
  while (queue_.empty() && !stopped_) {
    ++idle_;
    const bool notified = wakeup_.WaitFor(mutex_, kIdleBeforeLeaving);
    --idle_;
    if (!notified && queue_.empty() && threads_ > min_threads_) return false;
  }
  return !queue_.empty();
}

// Threads that left are joined by those that stay.
void WorkerPool::Reap() {
  for (std::thread& thread : finished_) thread.join();
  finished_.clear();
}

}  // namespace am
