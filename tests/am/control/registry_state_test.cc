#include "am/control/registry_state.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/am/control/test_records.h"

namespace am::control {
namespace {

constexpr absl::Duration kTtl = absl::Seconds(10);

class RegistryStateTest : public testing::Test {
 protected:
  static RegistryOptions Options() {
    RegistryOptions options;
    options.max_instances = 4;
    options.max_superseded = 2;
    return options;
  }

  absl::Status Register(const v1::Instance& record) {
    return state_.Register(record, kTtl, now_).status();
  }

  std::uint64_t EpochOf(std::uint64_t id) {
    return state_.view().Find(InstanceId(id))->epoch();
  }

  bool Knows(std::uint64_t id) {
    return state_.view().Find(InstanceId(id)) != nullptr;
  }

  bool KeepAlive(std::uint64_t id, std::uint64_t load = 0) {
    const std::uint64_t epoch = Knows(id) ? EpochOf(id) : 0;
    return state_.KeepAlive(InstanceId(id), epoch, load, now_) >
           absl::ZeroDuration();
  }

  // Lets time pass as a registry sees it that is always awake.
  void Pass(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Seconds(1)) {
      now_ += std::min(time, absl::Seconds(1));
      state_.Expire(now_);
    }
  }

  v1::Removal::Reason LastReason() {
    return state_.view()
        .ChangesSince(state_.view().revision() - 1, 1)[0]
        .reason;
  }

  // The id of the instance that is chosen; 0 if none is.
  std::uint64_t Resolve(v1::ResolveRequest::Choice choice) {
    v1::ResolveRequest request = resolve_;
    request.set_choice(choice);
    const auto found = state_.Resolve(request, now_);
    return found.ok() ? found->front()->peer().id() : 0;
  }

  absl::Time now_ = absl::UnixEpoch();
  RegistryState state_{Options(), /*first_epoch=*/100, /*seed=*/1};
  v1::ResolveRequest resolve_;
};

// -- Names, endpoints, epochs ------------------------------------------------

TEST_F(RegistryStateTest, EpochsGrow) {
  ASSERT_TRUE(Register(Record(1)).ok());
  ASSERT_TRUE(Register(Record(2)).ok());
  EXPECT_GT(EpochOf(1), 100);
  EXPECT_GT(EpochOf(2), EpochOf(1));
}

TEST_F(RegistryStateTest, RegisteringAgainReplacesTheRecordAndKeepsTheEpoch) {
  ASSERT_TRUE(Register(Record(1)).ok());
  const std::uint64_t epoch = EpochOf(1);
  ASSERT_TRUE(Register(RecordWith(1, "s/M")).ok());
  EXPECT_EQ(EpochOf(1), epoch);
  EXPECT_EQ(state_.view().WithHandler("s/M").size(), 1);
}

TEST_F(RegistryStateTest, NameOfALiveInstanceIsRefused) {
  ASSERT_TRUE(Register(Record(1, "worker")).ok());
  const absl::Status refused = Register(Record(2, "worker"));
  EXPECT_TRUE(absl::IsAlreadyExists(refused)) << refused;
  EXPECT_FALSE(Knows(2));
}

TEST_F(RegistryStateTest, NameIsFreeOnceItsLeaseHasEnded) {
  ASSERT_TRUE(Register(Record(1, "worker")).ok());
  Pass(kTtl);
  EXPECT_TRUE(Register(Record(2, "worker")).ok());
}

TEST_F(RegistryStateTest, ManyInstancesMayHaveNoName) {
  EXPECT_TRUE(Register(Record(1)).ok());
  EXPECT_TRUE(Register(Record(2)).ok());
}

TEST_F(RegistryStateTest, SuccessorAtTheSameAddressSupersedesEvenByName) {
  v1::Instance before = Record(1, "worker");
  v1::Instance after = Record(2, "worker");
  *after.mutable_peer()->mutable_addresses() = before.peer().addresses();
  ASSERT_TRUE(Register(before).ok());
  ASSERT_TRUE(Register(after).ok());
  EXPECT_FALSE(Knows(1));
  EXPECT_GT(EpochOf(2), 101);
}

TEST_F(RegistryStateTest, SupersededInstanceStaysOut) {
  ASSERT_TRUE(Register(RecordAt(1, "tcp://10.0.0.1:5")).ok());
  ASSERT_TRUE(Register(RecordAt(2, "tcp://10.0.0.1:5")).ok());
  EXPECT_FALSE(KeepAlive(1));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Register(RecordAt(1, "tcp://10.0.0.1:5"))));
  EXPECT_TRUE(absl::IsFailedPrecondition(Register(Record(1))));
  EXPECT_TRUE(Knows(2));
}

TEST_F(RegistryStateTest, ListIsToldWhyTheOneBeforeIsGone) {
  ASSERT_TRUE(Register(RecordAt(1, "tcp://10.0.0.1:5")).ok());
  ASSERT_TRUE(Register(RecordAt(2, "tcp://10.0.0.1:5")).ok());
  const auto changes = state_.view().ChangesSince(1, 9);
  ASSERT_EQ(changes.size(), 2);
  EXPECT_EQ(changes[0].reason, v1::Removal::SUPERSEDED);
}

TEST_F(RegistryStateTest, LoopbackAddressesOfTwoHostsAreTwo) {
  ASSERT_TRUE(Register(RecordAt(1, "tcp://127.0.0.1:5", "host a")).ok());
  ASSERT_TRUE(Register(RecordAt(2, "tcp://127.0.0.1:5", "host b")).ok());
  EXPECT_TRUE(Knows(1));
  ASSERT_TRUE(Register(RecordAt(3, "tcp://127.0.0.1:5", "host a")).ok());
  EXPECT_FALSE(Knows(1));
  EXPECT_TRUE(Knows(2));
}

TEST_F(RegistryStateTest, AfterARestartInstancesKeepTheirEpochs) {
  v1::Instance record = Record(1);
  record.set_epoch(5000);
  ASSERT_TRUE(Register(record).ok());
  EXPECT_EQ(EpochOf(1), 5000);
  ASSERT_TRUE(Register(Record(2)).ok());
  EXPECT_GT(EpochOf(2), 5000);
}

TEST_F(RegistryStateTest, AfterARestartTheEarlierOfTwoDoesNotComeBack) {
  ASSERT_TRUE(Register(RecordAt(2, "tcp://10.0.0.1:5")).ok());
  v1::Instance earlier = RecordAt(1, "tcp://10.0.0.1:5");
  earlier.set_epoch(EpochOf(2) - 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(Register(earlier)));
  EXPECT_TRUE(Knows(2));
}

TEST_F(RegistryStateTest, FullRegistryRefusesButLetsSuccessorsIn) {
  for (const int id : {1, 2, 3, 4}) {
    ASSERT_TRUE(Register(Record(static_cast<std::uint64_t>(id))).ok());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Register(Record(5))));
  EXPECT_TRUE(Register(RecordAt(6, "tcp://10.0.0.1:5555")).ok());
}

// -- Bad records -------------------------------------------------------------

TEST_F(RegistryStateTest, TooLargeARecordIsRefused) {
  v1::Instance record = Record(1);
  (*record.mutable_labels())["x"] = std::string(64 * 1024, 'x');
  const absl::Status refused = Register(record);
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_NE(refused.message().find("65536"), absl::string_view::npos)
      << refused;
}

TEST_F(RegistryStateTest, RecordsThatMakeNoSenseAreRefused) {
  std::vector<v1::Instance> records(6, Record(1));
  records[0].mutable_peer()->set_id(0);
  records[1].mutable_peer()->clear_addresses();
  records[2].mutable_peer()->set_addresses(0, "tcp://0.0.0.0:5");
  records[3].mutable_peer()->set_addresses(0, "nonsense");
  records[4].add_handlers()->set_name("no slash");
  records[5].set_epoch(~std::uint64_t{0});
  for (const v1::Instance& record : records) {
    EXPECT_TRUE(absl::IsInvalidArgument(Register(record)))
        << record.ShortDebugString();
  }
  EXPECT_EQ(state_.view().size(), 0);
}

// -- Leases ------------------------------------------------------------------

TEST_F(RegistryStateTest, LeaseEndsUnlessKeptAlive) {
  ASSERT_TRUE(Register(Record(1)).ok());
  ASSERT_TRUE(Register(Record(2)).ok());
  Pass(kTtl / 2);
  EXPECT_TRUE(KeepAlive(2));
  Pass(kTtl / 2);
  EXPECT_FALSE(Knows(1));
  EXPECT_EQ(LastReason(), v1::Removal::EXPIRED);
  EXPECT_TRUE(Knows(2));
}

TEST_F(RegistryStateTest, EndedLeaseCannotBeKeptAlive) {
  ASSERT_TRUE(Register(Record(1)).ok());
  Pass(kTtl);
  EXPECT_FALSE(KeepAlive(1));
}

TEST_F(RegistryStateTest, LeaseOfAnotherEpochIsNotKeptAlive) {
  ASSERT_TRUE(Register(Record(1)).ok());
  EXPECT_EQ(state_.KeepAlive(InstanceId(1), EpochOf(1) + 1, 0, now_),
            absl::ZeroDuration());
}

TEST_F(RegistryStateTest, LeaseTimesAreKeptWithinBounds) {
  const auto ttl = [this](absl::Duration asked) {
    return state_.Register(Record(1), asked, now_)->ttl;
  };
  EXPECT_EQ(ttl(absl::ZeroDuration()), Options().default_ttl);
  EXPECT_EQ(ttl(absl::Milliseconds(1)), Options().min_ttl);
  EXPECT_EQ(ttl(absl::Hours(1000)), Options().max_ttl);
}

TEST_F(RegistryStateTest, ExpireTellsWhenTheNextLeaseEnds) {
  EXPECT_EQ(state_.Expire(now_), absl::InfiniteFuture());
  ASSERT_TRUE(Register(Record(1)).ok());
  EXPECT_EQ(state_.Expire(now_), now_ + kTtl);
}

TEST_F(RegistryStateTest, RegistryThatSleptStartsAllLeasesAnew) {
  ASSERT_TRUE(Register(Record(1)).ok());
  state_.Expire(now_);
  now_ += absl::Minutes(10);
  EXPECT_EQ(state_.Expire(now_), now_ + kTtl);
  EXPECT_TRUE(KeepAlive(1));
  Pass(kTtl);
  EXPECT_FALSE(Knows(1));
}

TEST_F(RegistryStateTest, DeregisterNeedsTheEpoch) {
  ASSERT_TRUE(Register(Record(1)).ok());
  const std::uint64_t epoch = EpochOf(1);
  EXPECT_TRUE(
      absl::IsFailedPrecondition(state_.Deregister(InstanceId(1), epoch + 1)));
  EXPECT_TRUE(state_.Deregister(InstanceId(1), epoch).ok());
  EXPECT_TRUE(absl::IsNotFound(state_.Deregister(InstanceId(1), epoch)));
  EXPECT_EQ(LastReason(), v1::Removal::DEREGISTERED);
}

// -- Resolving ---------------------------------------------------------------

class ResolveTest : public RegistryStateTest {
 protected:
  ResolveTest() {
    resolve_.set_handler_name("compute");
    for (const int id : {1, 2, 3}) {
      v1::Instance record =
          RecordWith(static_cast<std::uint64_t>(id), "am.v1.Handlers/compute");
      (*record.mutable_labels())["odd"] = id % 2 == 1 ? "yes" : "no";
      EXPECT_TRUE(Register(record).ok());
    }
  }

  // The ids of all, by what they have outstanding.
  static std::string Order(
      const absl::StatusOr<std::vector<RecordPtr>>& resolved) {
    return absl::StrJoin(*resolved, " ", [](std::string* out, const auto& one) {
      absl::StrAppend(out, one->peer().id());
    });
  }
};

TEST_F(ResolveTest, RandomFindsEverybodyInTheEnd) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i)
    seen.insert(Resolve(v1::ResolveRequest::RANDOM));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{1, 2, 3}));
}

TEST_F(ResolveTest, RoundRobinTakesTurns) {
  for (const std::uint64_t expected : {1, 2, 3, 1}) {
    EXPECT_EQ(Resolve(v1::ResolveRequest::ROUND_ROBIN), expected);
  }
}

TEST_F(ResolveTest, LeastOutstandingGoesByWhatTheyLastSaid) {
  KeepAlive(1, 5);
  KeepAlive(2, 3);
  KeepAlive(3, 4);
  EXPECT_EQ(Resolve(v1::ResolveRequest::LEAST_OUTSTANDING), 2);
  KeepAlive(2, 9);
  EXPECT_EQ(Resolve(v1::ResolveRequest::LEAST_OUTSTANDING), 3);
}

// As those do that keep their leases alive at another registry of one store.
TEST_F(ResolveTest, WhoHasSaidNothingCountsAsTheAverage) {
  resolve_.set_choice(v1::ResolveRequest::LEAST_OUTSTANDING);
  resolve_.set_limit(3);
  KeepAlive(1, 9);
  KeepAlive(3, 2);
  EXPECT_EQ(Order(state_.Resolve(resolve_, now_)), "3 2 1");
}

TEST_F(ResolveTest, WhatIsOutstandingIsGoodUntilTheLeaseEnds) {
  resolve_.set_choice(v1::ResolveRequest::LEAST_OUTSTANDING);
  resolve_.set_limit(3);
  Resolver resolver(1);
  const auto order = [&](absl::Duration after) {
    return Order(resolver.Resolve(state_.view(), resolve_, now_ + after));
  };
  for (const auto& [id, load, lease] :
       {std::tuple(1u, 9u, 1), std::tuple(2u, 4u, 3), std::tuple(3u, 6u, 3)}) {
    resolver.NoteOutstanding(InstanceId(id), load, absl::Seconds(lease), now_);
  }
  EXPECT_EQ(order(absl::ZeroDuration()), "2 3 1");
  EXPECT_EQ(order(absl::Seconds(2)), "2 1 3");
}

TEST_F(ResolveTest, InstanceAndLabelChooseThose) {
  resolve_.set_id(2);
  EXPECT_EQ(Resolve(v1::ResolveRequest::INSTANCE), 2);
  (*resolve_.mutable_labels())["odd"] = "no";
  EXPECT_EQ(Resolve(v1::ResolveRequest::LABEL), 2);
  (*resolve_.mutable_labels())["odd"] = "perhaps";
  EXPECT_EQ(Resolve(v1::ResolveRequest::LABEL), 0);
}

TEST_F(ResolveTest, LimitSaysHowMany) {
  resolve_.set_limit(2);
  EXPECT_EQ(state_.Resolve(resolve_, now_)->size(), 2);
  resolve_.set_limit(9);
  EXPECT_EQ(state_.Resolve(resolve_, now_)->size(), 3);
}

TEST_F(ResolveTest, DrainingInstancesAreNotChosen) {
  v1::Instance draining = RecordWith(1, "am.v1.Handlers/compute");
  draining.set_state(v1::Instance::DRAINING);
  ASSERT_TRUE(Register(draining).ok());
  for (int i = 0; i < 20; ++i) {
    EXPECT_NE(Resolve(v1::ResolveRequest::RANDOM), 1);
  }
}

TEST_F(ResolveTest, NobodyHasItIsNotFound) {
  resolve_.set_handler_name("other");
  EXPECT_TRUE(absl::IsNotFound(state_.Resolve(resolve_, now_).status()));
}

TEST_F(ResolveTest, IncompleteChoicesAreRefused) {
  resolve_.set_choice(v1::ResolveRequest::INSTANCE);
  EXPECT_TRUE(absl::IsInvalidArgument(state_.Resolve(resolve_, now_).status()));
  resolve_.set_choice(v1::ResolveRequest::LABEL);
  EXPECT_TRUE(absl::IsInvalidArgument(state_.Resolve(resolve_, now_).status()));
  resolve_.set_choice(v1::ResolveRequest::RANDOM);
  resolve_.set_handler_name("not a name");
  EXPECT_TRUE(absl::IsInvalidArgument(state_.Resolve(resolve_, now_).status()));
}

}  // namespace
}  // namespace am::control
