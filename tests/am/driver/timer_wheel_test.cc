#include "am/driver/timer_wheel.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace am {
namespace {

constexpr absl::Duration kMs = absl::Milliseconds(1);

struct Timer : TimerNode {
  char name = '?';
};

// A wheel with timers 'a' to 'z', at the beginning of time.
class World {
 public:
  World() {
    for (char name = 'a'; name <= 'z'; ++name) timers_[name].name = name;
  }
  ~World() {
    for (auto& [name, timer] : timers_) wheel_.Remove(timer);
  }

  void Add(char name, absl::Duration at) {
    wheel_.Add(timers_[name], begin_ + at);
  }
  void Remove(char name) { wheel_.Remove(timers_[name]); }
  bool Has(char name) { return timers_[name].is_in_wheel(); }

  // Who is due at `at`, in order.
  std::string Due(absl::Duration at) {
    std::vector<TimerNode*> due;
    wheel_.Advance(begin_ + at, due);
    std::string names;
    for (TimerNode* node : due) names += static_cast<Timer*>(node)->name;
    return names;
  }
  absl::Duration Next() const { return wheel_.NextDue() - begin_; }

 private:
  const absl::Time begin_ = absl::UnixEpoch() + absl::Hours(7);
  std::map<char, Timer> timers_;
  TimerWheel wheel_{begin_};
};

TEST(TimerWheel, IsNeverDueWhenEmpty) {
  World world;
  EXPECT_EQ(world.Next(), absl::InfiniteDuration());
  EXPECT_EQ(world.Due(absl::Hours(1)), "");
}

TEST(TimerWheel, TellsWhatIsDueOnce) {
  World world;
  world.Add('a', 5 * kMs);
  EXPECT_EQ(world.Next(), 5 * kMs);
  EXPECT_EQ(world.Due(4 * kMs), "");
  EXPECT_TRUE(world.Has('a'));
  EXPECT_EQ(world.Due(5 * kMs), "a");
  EXPECT_FALSE(world.Has('a'));
  EXPECT_EQ(world.Due(absl::Hours(1)), "");
}

TEST(TimerWheel, IsNeverEarly) {
  World world;
  world.Add('a', 5 * kMs + absl::Nanoseconds(1));
  EXPECT_EQ(world.Due(5 * kMs + absl::Nanoseconds(1)), "");
  EXPECT_EQ(world.Next(), 6 * kMs);
  EXPECT_EQ(world.Due(6 * kMs), "a");
}

TEST(TimerWheel, KeepsTheOrderOfTicksAndThenOfAdd) {
  World world;
  world.Add('a', 7 * kMs);
  world.Add('b', 3 * kMs);
  world.Add('c', 7 * kMs);
  world.Add('d', 3 * kMs);
  EXPECT_EQ(world.Due(10 * kMs), "bdac");
}

TEST(TimerWheel, ForgetsWhatIsRemoved) {
  World world;
  world.Add('a', 3 * kMs);
  world.Add('b', 3 * kMs);
  world.Add('c', 3 * kMs);
  world.Remove('b');
  world.Remove('b');
  EXPECT_EQ(world.Due(3 * kMs), "ac");
  world.Add('d', 9 * kMs);
  world.Remove('d');
  EXPECT_EQ(world.Next(), absl::InfiniteDuration());
}

TEST(TimerWheel, MovesWhatIsAddedAgain) {
  World world;
  world.Add('a', 3 * kMs);
  world.Add('a', 9 * kMs);
  EXPECT_EQ(world.Due(8 * kMs), "");
  EXPECT_EQ(world.Due(9 * kMs), "a");
}

TEST(TimerWheel, WhatIsLateIsDueAtOnce) {
  World world;
  EXPECT_EQ(world.Due(10 * kMs), "");
  world.Add('a', 10 * kMs);
  world.Add('b', -absl::InfiniteDuration());
  world.Add('c', 4 * kMs);
  world.Remove('c');
  EXPECT_EQ(world.Next(), 10 * kMs);
  EXPECT_EQ(world.Due(10 * kMs), "ab");
  EXPECT_EQ(world.Next(), absl::InfiniteDuration());
}

TEST(TimerWheel, LateOnesComeBeforeThoseOfTheirSlot) {
  World world;
  EXPECT_EQ(world.Due(10 * kMs), "");
  world.Add('a', 11 * kMs);
  world.Add('b', 9 * kMs);
  EXPECT_EQ(world.Due(11 * kMs), "ba");
}

TEST(TimerWheel, FarOnesWaitForMoreRounds) {
  World world;
  world.Add('a', (4096 + 5) * kMs);
  world.Add('b', 5 * kMs);
  world.Add('c', (3 * 4096 + 5) * kMs);
  EXPECT_EQ(world.Due(5 * kMs), "b");
  EXPECT_EQ(world.Next(), (4096 + 5) * kMs);
  EXPECT_EQ(world.Due((4096 + 5) * kMs), "a");
  EXPECT_EQ(world.Due((3 * 4096 + 4) * kMs), "");
  EXPECT_EQ(world.Due((3 * 4096 + 5) * kMs), "c");
}

TEST(TimerWheel, WakesNoMoreThanOnceARound) {
  World world;
  world.Add('a', absl::Seconds(30));
  int wakes = 0;
  while (world.Has('a')) {
    ++wakes;
    world.Due(world.Next());
  }
  EXPECT_EQ(wakes, 8);
}

TEST(TimerWheel, KeepsTheOrderOverAJumpOfManyRounds) {
  World world;
  world.Add('a', (2 * 4096 + 5) * kMs);
  world.Add('b', 5 * kMs);
  world.Add('c', (4096 + 5) * kMs);
  world.Add('d', 4095 * kMs);
  world.Add('e', (4096 + 5) * kMs);
  EXPECT_EQ(world.Due(absl::Hours(1)), "bdcea");
}

TEST(TimerWheel, DoesNotMindTimeThatStandsOrGoesBack) {
  World world;
  EXPECT_EQ(world.Due(10 * kMs), "");
  world.Add('a', 12 * kMs);
  EXPECT_EQ(world.Due(10 * kMs), "");
  EXPECT_EQ(world.Due(3 * kMs), "");
  EXPECT_EQ(world.Due(12 * kMs), "a");
}

TEST(TimerWheel, InfinityNeverComes) {
  World world;
  world.Add('a', absl::InfiniteDuration());
  EXPECT_EQ(world.Due(absl::Hours(24 * 365 * 200)), "");
  EXPECT_TRUE(world.Has('a'));
}

// The same as a sorted map, over many random steps.
TEST(TimerWheel, AgreesWithASortedMap) {
  std::mt19937 random(1);
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    World world;
    std::map<std::pair<int, int>, char> model;
    int now = 0;
    for (int step = 0; step < 100; ++step) {
      const char name = static_cast<char>('a' + below(26));
      std::erase_if(model, [&](const auto& e) { return e.second == name; });
      world.Remove(name);
      if (below(4) != 0) {
        const int at = now + below(below(2) != 0 ? 50 : 20000);
        world.Add(name, at * kMs);
        model[{at, step}] = name;
      }
      now += below(below(10) != 0 ? 20 : 30000);
      std::string expected;
      while (!model.empty() && model.begin()->first.first <= now) {
        expected += model.begin()->second;
        model.erase(model.begin());
      }
      ASSERT_EQ(world.Due(now * kMs), expected) << round << " " << step;
      if (!model.empty()) {
        ASSERT_LE(world.Next(), model.begin()->first.first * kMs);
        ASSERT_GT(world.Next(), now * kMs);
      }
    }
  }
}

}  // namespace
}  // namespace am
