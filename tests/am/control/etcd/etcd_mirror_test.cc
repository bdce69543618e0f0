// What a registry makes of etcd's keys, against a store of the test's own.
#include "am/control/etcd/etcd_mirror.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/am/control/test_records.h"

namespace am::control {
namespace {

using etcdserverpb::TxnRequest;

// As much of etcd as the mirror speaks of.
class Store {
 public:
  // Whether its comparisons held; what happened is kept for TakeEvents.
  bool Do(const TxnRequest& txn) {
    for (const auto& compare : txn.compare()) {
      const auto place = keys_.find(compare.key());
      const bool is_there = place != keys_.end();
      const std::int64_t is = !is_there ? 0
                              : compare.target() == etcdserverpb::Compare::MOD
                                  ? place->second.mod_revision()
                                  : place->second.create_revision();
      const std::int64_t wanted = compare.target() == etcdserverpb::Compare::MOD
                                      ? compare.mod_revision()
                                      : compare.create_revision();
      if (is != wanted) return false;
    }
    ++revision_;
    for (const auto& op : txn.success()) {
      if (op.has_request_put()) Put(op.request_put());
      if (op.has_request_delete_range()) {
        Delete(op.request_delete_range().key());
      }
    }
    return true;
  }

  // All keys of a lease go, as when it ends.
  void End(std::int64_t lease) {
    ++revision_;
    std::vector<std::string> ended;
    for (const auto& [key, value] : keys_) {
      if (value.lease() == lease) ended.push_back(key);
    }
    for (const std::string& key : ended) Delete(key);
  }

  std::vector<mvccpb::KeyValue> All() const {
    std::vector<mvccpb::KeyValue> all;
    for (const auto& [key, value] : keys_) all.push_back(value);
    return all;
  }
  etcdserverpb::WatchResponse TakeEvents() {
    return std::exchange(events_, {});
  }
  std::int64_t revision() const { return revision_; }

 private:
  void Put(const etcdserverpb::PutRequest& put) {
    mvccpb::KeyValue& key = keys_[put.key()];
    key.set_key(put.key());
    key.set_value(put.value());
    key.set_lease(put.lease());
    key.set_mod_revision(revision_);
    if (key.create_revision() == 0) key.set_create_revision(revision_);
    *events_.add_events()->mutable_kv() = key;
  }
  void Delete(const std::string& key) {
    if (keys_.erase(key) == 0) return;
    mvccpb::Event& event = *events_.add_events();
    event.set_type(mvccpb::Event::DELETE);
    event.mutable_kv()->set_key(key);
    event.mutable_kv()->set_mod_revision(revision_);
  }

  std::map<std::string, mvccpb::KeyValue> keys_;
  etcdserverpb::WatchResponse events_;
  std::int64_t revision_ = 1;
};

class EtcdMirrorTest : public testing::Test {
 protected:
  EtcdMirrorTest() {
    EXPECT_FALSE(Load(mirror_));
    EXPECT_TRUE(store_.Do(mirror_.MarkStore(/*random=*/1, /*now=*/1000)));
    store_.TakeEvents();
    EXPECT_TRUE(Load(mirror_));
  }

  bool Load(EtcdMirror& mirror) {
    return mirror.Load(store_.All(), store_.revision());
  }
  bool Follow() { return mirror_.Apply(store_.TakeEvents()); }

  TxnRequest RegisterTxn(const v1::Instance& record, std::int64_t lease) {
    const auto superseded = mirror_.Admit(record);
    EXPECT_TRUE(superseded.ok()) << superseded.status();
    return mirror_.Register(record, lease, *superseded, /*fence=*/99);
  }

  // Its lease is its id.
  void Register(const v1::Instance& record) {
    const auto lease = static_cast<std::int64_t>(record.peer().id());
    EXPECT_TRUE(store_.Do(RegisterTxn(record, lease)));
    EXPECT_TRUE(Follow());
  }

  RecordPtr Find(std::uint64_t id) {
    return mirror_.view().Find(InstanceId(id));
  }

  v1::Removal::Reason LastReason() {
    const RegistryView& view = mirror_.view();
    return view.ChangesSince(view.revision() - 1, 1)[0].reason;
  }

  Store store_;
  EtcdMirror mirror_{"p/", {}};
};

TEST_F(EtcdMirrorTest, WhatIsPutIsInTheView) {
  Register(Record(7, "seven"));
  ASSERT_NE(Find(7), nullptr);
  EXPECT_EQ(Find(7), mirror_.view().FindByName("seven"));
  EXPECT_EQ(mirror_.LeaseOf(InstanceId(7)), 7);
}

TEST_F(EtcdMirrorTest, EpochsAreRevisionsFromWhereTheStoreBegins) {
  Register(Record(1));
  Register(Record(2));
  EXPECT_GT(Find(1)->epoch(), 1000);
  EXPECT_GT(Find(2)->epoch(), Find(1)->epoch());
  const std::uint64_t epoch = Find(1)->epoch();
  Register(Record(1, "again"));
  EXPECT_EQ(Find(1)->epoch(), epoch);
}

TEST_F(EtcdMirrorTest, OfTwoTransactionsForOneNameOneHolds) {
  const TxnRequest first = RegisterTxn(Record(1, "worker"), 1);
  const TxnRequest second = RegisterTxn(Record(2, "worker"), 2);
  EXPECT_TRUE(store_.Do(first));
  EXPECT_FALSE(store_.Do(second));
  ASSERT_TRUE(Follow());
  EXPECT_TRUE(
      absl::IsAlreadyExists(mirror_.Admit(Record(2, "worker")).status()));
}

TEST_F(EtcdMirrorTest, OfTwoTransactionsForOneEndpointOneHolds) {
  const TxnRequest first = RegisterTxn(RecordAt(1, "tcp://10.0.0.1:5"), 1);
  const TxnRequest second = RegisterTxn(RecordAt(2, "tcp://10.0.0.1:5"), 2);
  EXPECT_TRUE(store_.Do(first));
  EXPECT_FALSE(store_.Do(second));
}

TEST_F(EtcdMirrorTest, SupersededInstanceGoesFirstAndStaysOut) {
  Register(RecordAt(1, "tcp://10.0.0.1:5"));
  const std::uint64_t revision = mirror_.view().revision();
  Register(RecordAt(2, "tcp://10.0.0.1:5"));
  const auto changes = mirror_.view().ChangesSince(revision, 9);
  ASSERT_EQ(changes.size(), 2);
  EXPECT_EQ(changes[0].reason, v1::Removal::SUPERSEDED);
  EXPECT_TRUE(absl::IsFailedPrecondition(mirror_.Admit(Record(1)).status()));
  store_.End(/*lease=*/99);
  ASSERT_TRUE(Follow());
  EXPECT_TRUE(mirror_.Admit(Record(1)).ok());
}

TEST_F(EtcdMirrorTest, NamesThatAreGivenUpAreFree) {
  Register(Record(1, "before"));
  Register(Record(1, "after"));
  EXPECT_EQ(store_.All().size(), 4);  // its three, and the store's mark
  Register(Record(2, "before"));
}

TEST_F(EtcdMirrorTest, WhyAnInstanceIsGone) {
  Register(Record(1, "one"));
  Register(Record(2, "two"));
  ASSERT_TRUE(store_.Do(mirror_.Deregister(*Find(1))));
  ASSERT_TRUE(Follow());
  EXPECT_EQ(LastReason(), v1::Removal::DEREGISTERED);
  store_.End(/*lease=*/2);
  ASSERT_TRUE(Follow());
  EXPECT_EQ(LastReason(), v1::Removal::EXPIRED);
  EXPECT_EQ(mirror_.view().size(), 0);
}

TEST_F(EtcdMirrorTest, LoadingAgainTellsWhatWasMissed) {
  Register(Record(1, "a"));
  Register(Record(2, "b"));
  Register(Record(3, "c"));
  const std::uint64_t revision = mirror_.view().revision();
  const TxnRequest renamed = RegisterTxn(Record(2, "b2"), 2);
  store_.End(/*lease=*/1);
  ASSERT_TRUE(store_.Do(renamed));
  ASSERT_TRUE(Load(mirror_));
  EXPECT_EQ(Find(1), nullptr);
  EXPECT_EQ(Find(2)->peer().name(), "b2");
  EXPECT_EQ(mirror_.view().ChangesSince(revision, 9).size(), 2);
}

TEST_F(EtcdMirrorTest, AnotherMirrorOfTheStoreSeesTheSame) {
  Register(Record(1, "one"));
  EtcdMirror other{"p/", {}};
  ASSERT_TRUE(Load(other));
  EXPECT_EQ(other.view().Find(InstanceId(1))->epoch(), Find(1)->epoch());
}

TEST_F(EtcdMirrorTest, WipedStoreBeginsANewViewAboveAllEpochsBefore) {
  v1::Instance late = Record(1);
  late.set_epoch(5000);
  Register(late);
  store_ = Store();
  EXPECT_FALSE(mirror_.IsSameStore(store_.All()));
  EXPECT_FALSE(Load(mirror_));
  ASSERT_TRUE(store_.Do(mirror_.MarkStore(/*random=*/2, /*now=*/2000)));
  store_.TakeEvents();
  ASSERT_TRUE(Load(mirror_));
  EXPECT_EQ(mirror_.view().revision(), 0);
  Register(Record(2));
  EXPECT_GT(Find(2)->epoch(), 5000);
}

TEST_F(EtcdMirrorTest, OnlyOneMarksAStore) {
  EXPECT_FALSE(store_.Do(mirror_.MarkStore(/*random=*/2, /*now=*/2000)));
}

TEST_F(EtcdMirrorTest, AStoreWithoutItsMarkIsNotTrusted) {
  Register(Record(1));
  TxnRequest wipe;
  for (const auto& key : store_.All()) {
    wipe.add_success()->mutable_request_delete_range()->set_key(key.key());
  }
  ASSERT_TRUE(store_.Do(wipe));
  EXPECT_FALSE(Follow());
  EXPECT_NE(Find(1), nullptr);
}

TEST_F(EtcdMirrorTest, WhatOthersWroteUnderOurKeysIsLeftAlone) {
  TxnRequest nonsense;
  for (const char* const key : {"p/instance/nonsense", "p/what",
                                "p/instance/"
                                "0000000000000009"}) {
    auto& put = *nonsense.add_success()->mutable_request_put();
    put.set_key(key);
    put.set_value("\xff");
  }
  ASSERT_TRUE(store_.Do(nonsense));
  EXPECT_TRUE(Follow());
  EXPECT_EQ(mirror_.view().size(), 0);
}

}  // namespace
}  // namespace am::control
