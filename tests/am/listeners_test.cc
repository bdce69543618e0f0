#include "am/listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace am {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ListenersTest : public testing::Test {
 protected:
  void Listen() {
    listeners_.Add([this](const int& event) { heard_.push_back(event); });
  }

  Listeners<int> listeners_;
  std::vector<int> heard_;
};

TEST_F(ListenersTest, WhatNobodyListensToIsDropped) {
  EXPECT_FALSE(listeners_.Note(1));
  Listen();
  listeners_.Tell();
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(ListenersTest, EventsAreToldInOrder) {
  Listen();
  EXPECT_TRUE(listeners_.Note(1));
  EXPECT_TRUE(listeners_.Note(2));
  EXPECT_THAT(heard_, IsEmpty());
  listeners_.Tell();
  listeners_.Tell();
  EXPECT_THAT(heard_, ElementsAre(1, 2));
}

TEST_F(ListenersTest, AListenerMayCauseEventsAndAddListeners) {
  listeners_.Add([this](const int& event) {
    if (event != 1) return;
    listeners_.Note(2);
    Listen();
    listeners_.Tell();  // The one that is at it goes on.
    EXPECT_THAT(heard_, IsEmpty());
  });
  listeners_.Note(1);
  listeners_.Tell();
  EXPECT_THAT(heard_, ElementsAre(2));
}

}  // namespace
}  // namespace am
