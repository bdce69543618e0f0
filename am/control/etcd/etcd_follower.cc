#include "am/control/etcd/etcd_follower.h"

#include <random>
#include <thread>
#include <utility>

#include "am/clock.h"
#include "am/control/client_calls.h"
#include "am/fraction.h"
#include "am/instance_id.h"
#include "am/mutex.h"
#include "am/peer/backoff.h"

namespace am::control {
namespace {

using etcdserverpb::RangeResponse;
using etcdserverpb::WatchResponse;

constexpr int kPage = 1000;

class ThreadedEtcdFollower final : public EtcdFollower {
 public:
  ThreadedEtcdFollower(EtcdCalls& calls, EtcdSink& sink,
                       const EtcdFollowerOptions& options)
      : calls_(calls),
        sink_(sink),
        options_(options),
        backoff_(options.retry_min, options.retry_max),
        random_(InstanceId::Random().value()),
        thread_([this] { Run(); }) {}

  ~ThreadedEtcdFollower() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      wake_.NotifyAll();
    }
    thread_.join();
    calls_.CancelWatch();
    under_way_.AwaitNone();
  }

 private:
  enum class Phase { kWaiting, kLoading, kWatching };

  // What has been read of all keys.
  struct Loading {
    std::vector<mvccpb::KeyValue> keys;
    std::int64_t revision = 0;
    std::string next;
  };

  // -- The thread ------------------------------------------------------------

  void Run() {
    for (;;) {
      bool load = false;
      bool renew = false;
      {
        MutexLock lock(mutex_);
        if (stopping_) return;
        const absl::Duration wait = due_ - clock_.Now();
        if (wait > absl::ZeroDuration()) {
          wake_.WaitFor(mutex_, wait);
          continue;
        }
        load = phase_ == Phase::kWaiting;
        renew = phase_ == Phase::kWatching;
        if (load) phase_ = Phase::kLoading;
        if (renew) read_anew_ = true;
        due_ = absl::InfiniteFuture();  // Until something ends.
      }
      if (load) Load();
      if (renew) calls_.CancelWatch();
    }
  }

  void WaitUntil(absl::Time due) {
    MutexLock lock(mutex_);
    phase_ = Phase::kWaiting;
    due_ = due;
    wake_.NotifyAll();
  }

  // Not all at the same time.
  absl::Time NextReconcile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const double part = 0.75 + Fraction(random_) / 2;
    return clock_.Now() + part * options_.reconcile_interval;
  }

  // -- Reading ---------------------------------------------------------------

  void Load() {
    auto loading = std::make_shared<Loading>();
    loading->next = options_.key;
    LoadPage(std::move(loading));
  }

  void LoadPage(const std::shared_ptr<Loading>& loading) {
    etcdserverpb::RangeRequest request;
    request.set_key(loading->next);
    request.set_range_end(options_.range_end);
    request.set_limit(kPage);
    request.set_revision(loading->revision);
    under_way_.Begin();
    calls_.Range(request, [this, loading](const absl::Status& status,
                                          const RangeResponse& response) {
      if (status.ok()) {
        OnPage(loading, response);
      } else {
        Lose(status);
      }
      under_way_.End();
    });
  }

  // All pages are of the revision of the first.
  void OnPage(const std::shared_ptr<Loading>& loading,
              const RangeResponse& response) {
    if (loading->revision == 0) {
      loading->revision = response.header().revision();
    }
    loading->keys.insert(loading->keys.end(), response.kvs().begin(),
                         response.kvs().end());
    if (response.more()) {
      loading->next = loading->keys.back().key() + '\0';
      return LoadPage(loading);
    }
    const auto first = sink_.OnLoaded(loading->keys, loading->revision);
    if (first.has_value()) return Make(*first);
    Watch(loading->revision + 1);
  }

  void Make(const etcdserverpb::TxnRequest& txn) {
    under_way_.Begin();
    calls_.Txn(txn, [this](const absl::Status& status, const auto&) {
      if (status.ok()) {
        Load();
      } else {
        Lose(status);
      }
      under_way_.End();
    });
  }

  // -- Watching --------------------------------------------------------------

  void Watch(std::int64_t revision) {
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      is_lost_ = false;
      read_anew_ = false;
      backoff_.Reset();
      phase_ = Phase::kWatching;
      due_ = NextReconcile();
      wake_.NotifyAll();
    }
    etcdserverpb::WatchCreateRequest request;
    request.set_key(options_.key);
    request.set_range_end(options_.range_end);
    request.set_start_revision(revision);
    under_way_.Begin();
    calls_.StartWatch(
        request, [this](WatchResponse& response) { OnWatched(response); },
        [this](const absl::Status& status) {
          OnWatchEnded(status);
          under_way_.End();
        });
    MutexLock lock(mutex_);
    if (stopping_) calls_.CancelWatch();
  }

  // A watch that is cancelled is behind what etcd remembers (it was compacted),
  // or otherwise of no more use: all is read anew.
  void OnWatched(const WatchResponse& response) {
    bool is_well = !response.canceled();
    if (is_well && response.events_size() > 0) {
      is_well = sink_.OnEvents(response);
    }
    if (is_well) return;
    {
      MutexLock lock(mutex_);
      read_anew_ = true;
    }
    calls_.CancelWatch();
  }

  void OnWatchEnded(const absl::Status& status) {
    bool read_anew = false;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      read_anew = read_anew_;
    }
    if (read_anew) return WaitUntil(clock_.Now());
    Lose(status.ok() ? absl::UnavailableError("the watch has ended") : status);
  }

  void Lose(const absl::Status& why) {
    bool is_news = false;
    absl::Time due;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      is_news = !std::exchange(is_lost_, true);
      due = clock_.Now() + backoff_.Next(Fraction(random_));
    }
    if (is_news) sink_.OnLost(why);
    WaitUntil(due);
  }

  EtcdCalls& calls_;
  EtcdSink& sink_;
  const EtcdFollowerOptions options_;
  const SteadyClock clock_;
  CallsUnderWay under_way_;

  Mutex mutex_;
  CondVar wake_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kWaiting;
  absl::Time due_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  bool read_anew_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<EtcdFollower> EtcdFollower::Make(
    EtcdCalls& calls, EtcdSink& sink, const EtcdFollowerOptions& options) {
  return std::make_unique<ThreadedEtcdFollower>(calls, sink, options);
}

}  // namespace am::control
