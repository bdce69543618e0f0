#include "bench/flow.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace am::bench {
namespace {

Setting SettingOf(int in_flight) {
  Setting setting;
  setting.in_flight = in_flight;
  return setting;
}

TEST(Flow, KeepsAsManyUnderWayAsItShould) {
  Flow flow(SettingOf(3));
  std::vector<Flow::Slot*> under_way;
  Recorder recorder({.duration = absl::Seconds(60), .operations = 5});
  std::thread ender;
  const absl::Status status = flow.Run(recorder, [&](Flow::Slot& slot) {
    under_way.push_back(&slot);
    if (under_way.size() != 3) return;
    ender = std::thread([&] {
      // Ending one adds the next.
      for (std::size_t i = 0; i < under_way.size(); ++i) {
        flow.End(*under_way[i], absl::OkStatus());
      }
    });
  });
  ender.join();
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_EQ(under_way.size(), 7);  // 5, and two that were under way by then
  EXPECT_EQ(recorder.operations(), 7);
}

TEST(Flow, PayloadsDiffer) {
  Flow flow(SettingOf(2));
  std::set<std::string> payloads;
  std::vector<std::thread> enders;
  for (int run = 0; run < 2; ++run) {
    Recorder recorder({.duration = absl::Seconds(60), .operations = 1});
    const absl::Status status = flow.Run(recorder, [&](Flow::Slot& slot) {
      payloads.insert(slot.payload());
      enders.emplace_back([&] { flow.End(slot, absl::OkStatus()); });
    });
    EXPECT_EQ(status, absl::OkStatus());
    for (std::thread& ender : enders) ender.join();
    enders.clear();
  }
  EXPECT_EQ(payloads.size(), 4);
}

TEST(Flow, AFailureEndsItAll) {
  Flow flow(SettingOf(1));
  Recorder recorder({.duration = absl::Seconds(60), .operations = 1000});
  std::thread ender;
  const absl::Status status = flow.Run(recorder, [&](Flow::Slot& slot) {
    ender = std::thread([&] { flow.End(slot, absl::DataLossError("x")); });
  });
  ender.join();
  EXPECT_EQ(status, absl::DataLossError("x"));
  EXPECT_EQ(recorder.operations(), 1);
}

}  // namespace
}  // namespace am::bench
