// Following etcd's keys, against calls that the test answers.
#include "am/control/etcd/etcd_follower.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "am/mutex.h"

namespace am::control {
namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;
using etcdserverpb::TxnRequest;
using etcdserverpb::WatchCreateRequest;
using etcdserverpb::WatchResponse;

// One value that is handed from the follower to the test.
template <typename T>
class Mailbox {
 public:
  void Put(T value) {
    MutexLock lock(mutex_);
    values_.push_back(std::move(value));
    changed_.NotifyAll();
  }
  T Take() {
    MutexLock lock(mutex_);
    while (values_.empty()) changed_.Wait(mutex_);
    T value = std::move(values_.front());
    values_.erase(values_.begin());
    return value;
  }
  bool is_empty() {
    MutexLock lock(mutex_);
    return values_.empty();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<T> values_ ABSL_GUARDED_BY(mutex_);
};

class FakeEtcdCalls final : public EtcdCalls {
 public:
  struct AskedRange {
    RangeRequest request;
    OnDone<RangeResponse> on_done;
  };
  struct Watch {
    WatchCreateRequest request;
    OnResponse<WatchResponse> on_response;
    OnEnd on_end;
  };

  void Range(const RangeRequest& request,
             OnDone<RangeResponse> on_done) override {
    {
      MutexLock lock(mutex_);
      if (!is_closed_) return ranges.Put({request, std::move(on_done)});
    }
    on_done(absl::UnavailableError("closed"), {});
  }

  // Answers what was asked, and whatever is asked from now on.
  void Close() override {
    {
      MutexLock lock(mutex_);
      is_closed_ = true;
    }
    while (!ranges.is_empty()) {
      ranges.Take().on_done(absl::UnavailableError("closed"), {});
    }
  }

  void Txn(const TxnRequest&,
           OnDone<etcdserverpb::TxnResponse> on_done) override {
    txns.Put(std::move(on_done));
  }
  void StartWatch(const WatchCreateRequest& request,
                  OnResponse<WatchResponse> on_response,
                  OnEnd on_end) override {
    {
      MutexLock lock(mutex_);
      on_end_ = on_end;
    }
    watches.Put({request, std::move(on_response), std::move(on_end)});
  }
  void CancelWatch() override {
    OnEnd on_end;
    {
      MutexLock lock(mutex_);
      on_end = std::exchange(on_end_, nullptr);
    }
    if (on_end) on_end(absl::CancelledError());
  }
  // The end comes from etcd.
  void EndWatch() {
    OnEnd on_end;
    {
      MutexLock lock(mutex_);
      on_end = std::exchange(on_end_, nullptr);
    }
    on_end(absl::UnavailableError("killed"));
  }

  void Compact(const etcdserverpb::CompactionRequest&,
               OnDone<etcdserverpb::CompactionResponse>) override {}
  void Grant(absl::Duration,
             OnDone<etcdserverpb::LeaseGrantResponse>) override {}
  void Revoke(std::int64_t) override {}
  void StartKeepAlive(OnResponse<etcdserverpb::LeaseKeepAliveResponse>,
                      OnEnd) override {}
  void SendKeepAlive(std::int64_t) override {}
  void CancelKeepAlive() override {}

  Mailbox<AskedRange> ranges;
  Mailbox<OnDone<etcdserverpb::TxnResponse>> txns;
  Mailbox<Watch> watches;

 private:
  Mutex mutex_;
  OnEnd on_end_ ABSL_GUARDED_BY(mutex_);
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
};

class EtcdFollowerTest : public testing::Test, protected EtcdSink {
 protected:
  void Start(absl::Duration reconcile_interval = absl::Hours(1)) {
    EtcdFollowerOptions options;
    options.key = "p/";
    options.range_end = "p0";
    options.reconcile_interval = reconcile_interval;
    options.retry_min = options.retry_max = absl::Milliseconds(1);
    follower_ = EtcdFollower::Make(calls_, *this, options);
  }

  void TearDown() override {
    calls_.Close();
    follower_.reset();
  }

  std::optional<TxnRequest> OnLoaded(const std::vector<mvccpb::KeyValue>& keys,
                                     std::int64_t) override {
    loaded_.Put(keys.size());
    return std::exchange(first_, std::nullopt);
  }
  bool OnEvents(const WatchResponse& response) override {
    events_ += response.events_size();
    return is_content_;
  }
  void OnLost(const absl::Status&) override { ++lost_; }

  // Answers a read of all keys with `keys` of them.
  void AnswerRange(int keys, bool more = false, std::int64_t revision = 5) {
    const FakeEtcdCalls::AskedRange asked = calls_.ranges.Take();
    last_range_ = asked.request;
    RangeResponse response;
    response.mutable_header()->set_revision(revision);
    for (int i = 0; i < keys; ++i) {
      response.add_kvs()->set_key("p/" + std::to_string(i));
    }
    response.set_more(more);
    asked.on_done(absl::OkStatus(), response);
  }

  FakeEtcdCalls calls_;
  RangeRequest last_range_;
  Mailbox<std::size_t> loaded_;
  std::optional<TxnRequest> first_;
  bool is_content_ = true;
  int events_ = 0;
  int lost_ = 0;
  std::unique_ptr<EtcdFollower> follower_;
};

TEST_F(EtcdFollowerTest, WatchesFromBehindWhatWasRead) {
  Start();
  AnswerRange(2);
  EXPECT_EQ(loaded_.Take(), 2);
  EXPECT_EQ(calls_.watches.Take().request.start_revision(), 6);
}

TEST_F(EtcdFollowerTest, AllPagesAreOfOneRevision) {
  Start();
  AnswerRange(2, /*more=*/true, /*revision=*/5);
  EXPECT_TRUE(loaded_.is_empty());
  AnswerRange(1, /*more=*/false, /*revision=*/8);
  EXPECT_EQ(last_range_.revision(), 5);
  EXPECT_GT(last_range_.key(), "p/1");
  EXPECT_EQ(loaded_.Take(), 3);
  EXPECT_EQ(calls_.watches.Take().request.start_revision(), 6);
}

TEST_F(EtcdFollowerTest, WhatIsToBeDoneFirstIsDoneAndAllReadAgain) {
  first_.emplace();
  Start();
  AnswerRange(0);
  calls_.txns.Take()(absl::OkStatus(), {});
  AnswerRange(1);
  EXPECT_EQ(loaded_.Take(), 0);
  EXPECT_EQ(loaded_.Take(), 1);
}

TEST_F(EtcdFollowerTest, EventsArePassedOn) {
  Start();
  AnswerRange(0);
  WatchResponse response;
  response.set_created(true);
  const auto watch = calls_.watches.Take();
  watch.on_response(response);
  response.add_events();
  watch.on_response(response);
  EXPECT_EQ(events_, 1);
}

TEST_F(EtcdFollowerTest, WhatWasCompactedAwayIsReadAnewAndNotLost) {
  Start();
  AnswerRange(0);
  WatchResponse compacted;
  compacted.set_canceled(true);
  compacted.set_compact_revision(9);
  calls_.watches.Take().on_response(compacted);
  AnswerRange(2, /*more=*/false, /*revision=*/10);
  EXPECT_EQ(calls_.watches.Take().request.start_revision(), 11);
  EXPECT_EQ(lost_, 0);
}

TEST_F(EtcdFollowerTest, EventsThatCannotBeUsedAreReadAnew) {
  is_content_ = false;
  Start();
  AnswerRange(0);
  WatchResponse response;
  response.add_events();
  calls_.watches.Take().on_response(response);
  AnswerRange(1);
  EXPECT_EQ(lost_, 0);
}

TEST_F(EtcdFollowerTest, ALossIsToldOnceHoweverOftenItIsTried) {
  Start();
  AnswerRange(0);
  calls_.watches.Take();
  calls_.EndWatch();
  for (int i = 0; i < 3; ++i) {
    calls_.ranges.Take().on_done(absl::UnavailableError("away"), {});
  }
  AnswerRange(2);
  EXPECT_EQ(calls_.watches.Take().request.start_revision(), 6);
  EXPECT_EQ(lost_, 1);
}

TEST_F(EtcdFollowerTest, AllIsReadAnewOnceInAWhile) {
  Start(/*reconcile_interval=*/absl::Milliseconds(1));
  for (int i = 0; i < 3; ++i) {
    AnswerRange(i);
    EXPECT_EQ(loaded_.Take(), i);
    calls_.watches.Take();
  }
  EXPECT_EQ(lost_, 0);
}

}  // namespace
}  // namespace am::control
