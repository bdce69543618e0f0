#include "am/metrics/node_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <memory>
#include <sstream>
#include <string>

#include "tests/am/fake_control_plane.h"
#include "tests/am/manager_fixture.h"

namespace am {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// A client, and what Prometheus would read of it.
class NodeMetricsTest : public PairTest {
 protected:
  std::string Scrape() const {
    const NodeMetrics metrics(*client_);
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, metrics.Collect());
    return text.str();
  }

  // A line of that which begins so.
  std::string LineOf(const std::string& begin) const {
    const std::string text = "\n" + Scrape();
    const std::size_t at = text.find("\n" + begin);
    if (at == std::string::npos) return "none";
    return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  }
};
INSTANTIATE_TEST_SUITE_P(Planes, NodeMetricsTest,
                         testing::Values(Carrier::kInProcess), PlaneName);

TEST_P(NodeMetricsTest, TheLedgerAddsUp) {
  Start({}, {.name = "trainer"});
  ASSERT_TRUE(Tell("nobody").ok());
  ASSERT_TRUE(Tell("nobody").ok());
  SettledLedger();
  EXPECT_THAT(LineOf("am_one_way_accepted_total"), HasSubstr("} 2"));
  EXPECT_THAT(LineOf("am_one_way_in_flight"), HasSubstr("} 0"));
  EXPECT_THAT(Scrape(), HasSubstr("outcome=\"rejected\"} 2"));
  EXPECT_THAT(Scrape(), HasSubstr("outcome=\"delivered\"} 0"));
}

TEST_P(NodeMetricsTest, EveryLineSaysWhoseItIs) {
  Start({}, {.name = "trainer"});
  EXPECT_THAT(LineOf("am_calls_pending"),
              MatchesRegex("am_calls_pending.instance_id=\"[0-9a-f]+\","
                           "instance_name=\"trainer\". 0"));
}

TEST_P(NodeMetricsTest, PeersAreCountedByState) {
  Start();
  EXPECT_THAT(Scrape(), HasSubstr("state=\"joined\"} 1"));
  EXPECT_THAT(Scrape(), HasSubstr("state=\"lost\"} 0"));
}

TEST_P(NodeMetricsTest, WhyMemoryIsNotSharedIsTold) {
  Start();
  EXPECT_EQ(LineOf("am_peer_detour{"), "none");
  client_->node().peers().Find(peer_)->set_detour("no memory");
  EXPECT_THAT(LineOf("am_peer_detour{"), HasSubstr("why=\"no memory\"} 1"));
}

TEST_P(NodeMetricsTest, WhatBefellCallsIsCounted) {
  Start();
  client_->client().AwaitHandler(peer_, "never", absl::Seconds(10)).Cancel();
  EXPECT_THAT(Scrape(), HasSubstr("event=\"calls_cancelled\"} 1"));
}

TEST_P(NodeMetricsTest, MessagesAreCountedByPlane) {
  const auto plane = std::make_shared<FakeControlPlane>();
  Start({}, {.control_plane = plane});
  const InstanceId far(7);
  client_->node().control().NoteAddress(far, "far:1");
  ASSERT_TRUE(Tell("nobody").ok());
  ASSERT_TRUE(Message("nobody").SendDetached(far).ok());
  ASSERT_TRUE(Message("nobody").SendDetached(far).ok());
  plane->Answer(0, "");
  plane->Answer(1, "");
  EXPECT_THAT(Scrape(), HasSubstr("plane=\"data\"} 1"));
  EXPECT_THAT(Scrape(), HasSubstr("plane=\"control\"} 2"));
  EXPECT_THAT(Scrape(), HasSubstr("event=\"fell_back_to_control\"} 2"));
  EXPECT_THAT(Scrape(), HasSubstr("outcome=\"accepted\"} 2"));
  EXPECT_THAT(Scrape(), HasSubstr("outcome=\"delivered\"} 2"));
}

}  // namespace
}  // namespace am
