#include "am/control/watch_cursor.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/am/control/test_records.h"

namespace am::control {
namespace {

constexpr std::uint64_t kGeneration = 9;

// A watcher, and what it believes to be there.
class WatchCursorTest : public testing::Test {
 protected:
  void Put(v1::Instance record) { view_.Put(Share(std::move(record))); }
  void Remove(std::uint64_t id) {
    view_.Remove(InstanceId(id), v1::Removal::EXPIRED);
  }

  // Reads one response.
  bool Next() {
    if (!cursor_->Next(view_, response_)) return false;
    for (const v1::WatchEvent& event : response_.events()) {
      if (event.has_instance()) {
        seen_[event.instance().peer().id()] = "here";
      } else {
        seen_.erase(event.removal().id());
        last_reason_ = event.removal().reason();
      }
    }
    return true;
  }
  void ReadAll() {
    while (Next()) {
    }
  }

  void Restart(std::uint64_t generation, std::uint64_t revision) {
    v1::WatchRequest request;
    *request.mutable_filter() = filter_;
    request.set_generation(generation);
    request.set_revision(revision);
    cursor_.emplace(request, kGeneration);
    seen_.clear();
  }

  v1::InstanceFilter filter_;
  RegistryView view_{100};
  std::optional<WatchCursor> cursor_{std::in_place, v1::WatchRequest(),
                                     kGeneration};
  v1::WatchResponse response_;
  std::map<std::uint64_t, std::string> seen_;
  v1::Removal::Reason last_reason_ = v1::Removal::REASON_UNSPECIFIED;
};

TEST_F(WatchCursorTest, EmptyViewHasAnEmptySnapshot) {
  ASSERT_TRUE(Next());
  EXPECT_EQ(response_.kind(), v1::WatchResponse::SNAPSHOT_END);
  EXPECT_EQ(response_.generation(), kGeneration);
  EXPECT_FALSE(Next());
}

TEST_F(WatchCursorTest, ChangesFollowTheSnapshot) {
  Put(Record(1));
  ReadAll();
  Put(Record(2));
  Remove(1);
  ASSERT_TRUE(Next());
  EXPECT_EQ(response_.kind(), v1::WatchResponse::CHANGES);
  EXPECT_EQ(seen_.size(), 1);
  EXPECT_TRUE(seen_.contains(2));
  EXPECT_EQ(last_reason_, v1::Removal::EXPIRED);
  EXPECT_FALSE(Next());
}

TEST_F(WatchCursorTest, InstanceThatWentAndCameAgainIsThere) {
  Put(Record(1));
  ReadAll();
  Remove(1);
  Put(Record(1));
  ReadAll();
  EXPECT_TRUE(seen_.contains(1));
}

TEST_F(WatchCursorTest, LargeSnapshotComesInPartsWhileTheViewChanges) {
  for (std::uint64_t id = 1; id <= 2500; ++id) Put(Record(id));
  ASSERT_TRUE(Next());
  EXPECT_EQ(response_.kind(), v1::WatchResponse::SNAPSHOT);
  Remove(1);            // told already
  Remove(2500);         // not told yet
  Put(Record(50'000));  // told at the end, and again
  ReadAll();
  EXPECT_EQ(seen_.size(), 2499);
  EXPECT_FALSE(seen_.contains(1));
}

TEST_F(WatchCursorTest, LargeRecordsMakeSmallParts) {
  for (std::uint64_t id = 1; id <= 40; ++id) {
    v1::Instance record = Record(id);
    (*record.mutable_labels())["x"] = std::string(60'000, 'x');
    Put(record);
  }
  ASSERT_TRUE(Next());
  EXPECT_LT(response_.ByteSizeLong(), 2 * 1024 * 1024);
  ReadAll();
  EXPECT_EQ(seen_.size(), 40);
}

TEST_F(WatchCursorTest, ResumesAfterARevision) {
  Put(Record(1));
  const std::uint64_t revision = view_.revision();
  Put(Record(2));
  Restart(kGeneration, revision);
  ASSERT_TRUE(Next());
  EXPECT_EQ(response_.kind(), v1::WatchResponse::CHANGES);
  EXPECT_EQ(response_.revision(), view_.revision());
  EXPECT_EQ(seen_.size(), 1);
}

TEST_F(WatchCursorTest, NothingNewSinceTheRevisionIsToldOnce) {
  Put(Record(1));
  Restart(kGeneration, view_.revision());
  ASSERT_TRUE(Next());
  EXPECT_EQ(response_.kind(), v1::WatchResponse::CHANGES);
  EXPECT_EQ(response_.events_size(), 0);
  EXPECT_FALSE(Next());
}

TEST_F(WatchCursorTest, OtherGenerationOrRevisionOfTheFutureGetsASnapshot) {
  Put(Record(1));
  for (const auto& [generation, revision] :
       {std::pair{kGeneration + 1, 1}, std::pair{kGeneration, 2}}) {
    Restart(generation, static_cast<std::uint64_t>(revision));
    ASSERT_TRUE(Next());
    EXPECT_EQ(response_.kind(), v1::WatchResponse::SNAPSHOT_END);
    EXPECT_TRUE(seen_.contains(1));
  }
}

TEST_F(WatchCursorTest, TooSlowAWatcherGetsAnotherSnapshot) {
  ReadAll();
  for (std::uint64_t id = 1; id <= 200; ++id) Put(Record(id));
  ASSERT_TRUE(Next());
  EXPECT_EQ(response_.kind(), v1::WatchResponse::SNAPSHOT_END);
  EXPECT_EQ(seen_.size(), 200);
}

TEST_F(WatchCursorTest, FilterTellsOfThoseThatMatchAndCeaseTo) {
  filter_.set_handler_name("s/M");
  Restart(0, 0);
  ReadAll();
  Put(Record(1));
  Put(RecordWith(2, "s/M"));
  ReadAll();
  EXPECT_EQ(seen_.size(), 1);
  Put(Record(2));
  ReadAll();
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(last_reason_, v1::Removal::UNMATCHED);
}

}  // namespace
}  // namespace am::control
