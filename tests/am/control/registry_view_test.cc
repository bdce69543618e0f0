#include "am/control/registry_view.h"

#include <gtest/gtest.h>

#include "tests/am/control/test_records.h"

namespace am::control {
namespace {

class RegistryViewTest : public testing::Test {
 protected:
  void Put(v1::Instance record) { view_.Put(Share(std::move(record))); }

  std::vector<std::uint64_t> Page(std::uint64_t after, std::size_t max) {
    std::vector<std::uint64_t> ids;
    for (const auto& record :
         view_.Page(filter_, InstanceId(after), max, more_)) {
      ids.push_back(record->peer().id());
    }
    return ids;
  }

  using Ids = std::vector<std::uint64_t>;

  RegistryView view_{3};
  v1::InstanceFilter filter_;
  bool more_ = false;
};

TEST_F(RegistryViewTest, FindsByIdNameAndEndpoint) {
  Put(Record(7, "seven"));
  EXPECT_EQ(view_.Find(InstanceId(7)), view_.FindByName("seven"));
  EXPECT_EQ(view_.FindByEndpoint("tcp://10.0.0.7:5555"),
            view_.Find(InstanceId(7)));
  EXPECT_EQ(view_.FindByName(""), nullptr);
}

TEST_F(RegistryViewTest, ReplacedRecordIsFoundByWhatIsNewAlone) {
  Put(RecordWith(7, "s/Old"));
  Put(RecordWith(7, "s/New"));
  EXPECT_TRUE(view_.WithHandler("s/Old").empty());
  EXPECT_EQ(view_.WithHandler("s/New").size(), 1);
  EXPECT_EQ(view_.size(), 1);
}

TEST_F(RegistryViewTest, RemovedRecordIsFoundByNothing) {
  v1::Instance record = RecordWith(7, "s/M");
  record.mutable_peer()->set_name("seven");
  Put(record);
  view_.Remove(InstanceId(7), v1::Removal::EXPIRED);
  EXPECT_EQ(view_.Find(InstanceId(7)), nullptr);
  EXPECT_EQ(view_.FindByName("seven"), nullptr);
  EXPECT_EQ(view_.FindByEndpoint("tcp://10.0.0.7:5555"), nullptr);
  EXPECT_TRUE(view_.WithHandler("s/M").empty());
}

TEST_F(RegistryViewTest, NameThatHasGoneToAnotherStaysWithIt) {
  Put(Record(7, "worker"));
  Put(Record(8, "worker"));
  view_.Remove(InstanceId(7), v1::Removal::EXPIRED);
  EXPECT_EQ(view_.FindByName("worker"), view_.Find(InstanceId(8)));
}

TEST_F(RegistryViewTest, PagesGoOnAfterTheLastId) {
  for (const int id : {5, 3, 9}) Put(Record(static_cast<std::uint64_t>(id)));
  EXPECT_EQ(Page(0, 2), (Ids{3, 5}));
  EXPECT_TRUE(more_);
  EXPECT_EQ(Page(5, 2), (Ids{9}));
  EXPECT_FALSE(more_);
}

TEST_F(RegistryViewTest, FullPageWithNothingAfterItIsTheLast) {
  for (const int id : {3, 5}) Put(Record(static_cast<std::uint64_t>(id)));
  Page(0, 2);
  EXPECT_FALSE(more_);
}

TEST_F(RegistryViewTest, FilterWantsHandlerAndLabelsAndName) {
  v1::Instance record = RecordWith(1, "s/M");
  (*record.mutable_labels())["zone"] = "a";
  Put(record);
  Put(RecordWith(2, "s/M"));
  filter_.set_handler_name("s/M");
  (*filter_.mutable_labels())["zone"] = "a";
  EXPECT_EQ(Page(0, 9), (Ids{1}));
  filter_.set_name("somebody");
  EXPECT_EQ(Page(0, 9), (Ids{}));
}

TEST_F(RegistryViewTest, ChangesSinceARevisionComeInOrder) {
  Put(Record(1));
  const std::uint64_t seen = view_.revision();
  Put(Record(2));
  view_.Remove(InstanceId(1), v1::Removal::DEREGISTERED);
  const auto changes = view_.ChangesSince(seen, 10);
  ASSERT_EQ(changes.size(), 2);
  EXPECT_EQ(changes[0].before, nullptr);
  EXPECT_EQ(IdOf(*changes[0].after), InstanceId(2));
  EXPECT_EQ(changes[1].after, nullptr);
  EXPECT_EQ(changes[1].reason, v1::Removal::DEREGISTERED);
  EXPECT_EQ(changes[1].revision, view_.revision());
}

TEST_F(RegistryViewTest, ChangesAreGivenInPortions) {
  for (const int id : {1, 2, 3}) Put(Record(static_cast<std::uint64_t>(id)));
  EXPECT_EQ(view_.ChangesSince(0, 2).back().revision, 2);
  EXPECT_EQ(view_.ChangesSince(2, 2).back().revision, 3);
}

TEST_F(RegistryViewTest, OldChangesAreForgotten) {
  for (const int id : {1, 2, 3, 4}) Put(Record(static_cast<std::uint64_t>(id)));
  EXPECT_FALSE(view_.Remembers(0));
  EXPECT_TRUE(view_.Remembers(1));
  EXPECT_TRUE(view_.Remembers(4));
  EXPECT_FALSE(view_.Remembers(5));
}

}  // namespace
}  // namespace am::control
