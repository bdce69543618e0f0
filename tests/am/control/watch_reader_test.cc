#include "am/control/watch_reader.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/am/control/test_records.h"

namespace am::control {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(20);

// What a sink has been told, by id.
class KnownSet final : public DirectorySink {
 public:
  void OnInstances(std::vector<InstanceRecord> all) override {
    known.clear();
    for (InstanceRecord& record : all) OnInstance(std::move(record));
    is_current = true;
  }
  void OnInstance(InstanceRecord instance) override {
    known.insert(instance.peer.id.value());
  }
  void OnGone(InstanceId instance, const std::string&) override {
    known.erase(instance.value());
  }
  void OnStale(const std::string&) override { is_current = false; }
  void OnCurrent() override { is_current = true; }
  std::uint64_t outstanding() const override { return 0; }

  std::set<std::uint64_t> known;
  bool is_current = false;
};

class WatchReaderTest : public testing::Test {
 protected:
  using Ids = std::set<std::uint64_t>;

  void Read(std::uint64_t generation, v1::WatchResponse::Kind kind,
            const Ids& instances, const Ids& removals = {}) {
    v1::WatchResponse response;
    response.set_generation(generation);
    response.set_revision(++revision_);
    response.set_kind(kind);
    for (const std::uint64_t id : instances) {
      *response.add_events()->mutable_instance() = Record(id);
    }
    for (const std::uint64_t id : removals) {
      response.add_events()->mutable_removal()->set_id(id);
    }
    reader_.Read(response, now_, sink_);
  }

  static constexpr auto kPart = v1::WatchResponse::SNAPSHOT;
  static constexpr auto kEnd = v1::WatchResponse::SNAPSHOT_END;
  static constexpr auto kChanges = v1::WatchResponse::CHANGES;

  absl::Time now_ = absl::UnixEpoch();
  std::uint64_t revision_ = 0;
  WatchReader reader_{kGrace};
  KnownSet sink_;
};

TEST_F(WatchReaderTest, SnapshotCountsOnceItIsWhole) {
  Read(1, kPart, {1, 2});
  EXPECT_TRUE(sink_.known.empty());
  Read(1, kEnd, {3});
  EXPECT_EQ(sink_.known, (Ids{1, 2, 3}));
  EXPECT_TRUE(sink_.is_current);
}

TEST_F(WatchReaderTest, ChangesAreAddedToIt) {
  Read(1, kEnd, {1, 2});
  Read(1, kChanges, {3}, {1});
  EXPECT_EQ(sink_.known, (Ids{2, 3}));
}

TEST_F(WatchReaderTest, LaterSnapshotDropsWhoIsNotInIt) {
  Read(1, kEnd, {1, 2});
  Read(1, kEnd, {2});
  EXPECT_EQ(sink_.known, (Ids{2}));
}

TEST_F(WatchReaderTest, RestartedRegistryDropsNobodyBeforeTheGraceIsOver) {
  Read(1, kEnd, {1, 2});
  Read(2, kEnd, {});
  EXPECT_EQ(sink_.known, (Ids{1, 2}));
  EXPECT_TRUE(sink_.is_current);
  EXPECT_EQ(reader_.grace_end(), now_ + kGrace);
  Read(2, kChanges, {1});
  now_ = reader_.grace_end();
  Read(2, kEnd, {1});
  EXPECT_EQ(sink_.known, (Ids{1}));
  EXPECT_EQ(reader_.grace_end(), absl::InfiniteFuture());
}

TEST_F(WatchReaderTest, WhoLeavesWithinTheGraceIsGone) {
  Read(1, kEnd, {1, 2});
  Read(2, kEnd, {1});
  Read(2, kChanges, {}, {1});
  EXPECT_EQ(sink_.known, (Ids{2}));
}

TEST_F(WatchReaderTest, GoesOnAfterTheLastRevision) {
  Read(7, kEnd, {1});
  Read(7, kPart, {2});  // interrupted
  const v1::WatchRequest request = reader_.Resume(/*anew=*/false);
  EXPECT_EQ(request.generation(), 7);
  EXPECT_EQ(request.revision(), 1);
  EXPECT_EQ(reader_.Resume(/*anew=*/true).generation(), 0);
  Read(7, kEnd, {3});
  EXPECT_EQ(sink_.known, (Ids{3}));
}

TEST_F(WatchReaderTest, RecordsThatMakeNoSenseAreLeftOut) {
  Read(1, kEnd, {0, 1});
  EXPECT_EQ(sink_.known, (Ids{1}));
}

}  // namespace
}  // namespace am::control
