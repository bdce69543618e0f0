#include "bench/report.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace am::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Outcome Took(double us) {
  const Sample sample = {.metrics = {{"p50_us", us}, {"p99_us", 2 * us}}};
  return {absl::OkStatus(), {sample, sample}};
}

Report ReportOf(const Outcomes& outcomes) {
  Report report;
  AddRows({"ping", "ours", "libzmq", {"recv", "poll"}}, outcomes, report);
  return report;
}

TEST(Report, ComparesWithTheBetterPeer) {
  const Report report =
      ReportOf({{"ours", Took(110)}, {"recv", Took(120)}, {"poll", Took(100)}});
  ASSERT_EQ(report.rows.size(), 2);
  const Row& row = report.rows.front();
  EXPECT_EQ(row.case_name, "ping");
  EXPECT_EQ(row.metric, "p50_us");
  EXPECT_EQ(row.peer, "libzmq");
  EXPECT_EQ(row.peer_contestant, "poll");
  EXPECT_DOUBLE_EQ(row.ours, 110);
  EXPECT_DOUBLE_EQ(row.peer_value, 100);
  EXPECT_DOUBLE_EQ(row.ratio.median, 1.1);
  EXPECT_EQ(row.rounds, 2);
  EXPECT_THAT(report.voids, IsEmpty());
}

TEST(Report, TheBetterPeerHasTheHigherThroughput) {
  const auto did = [](double per_s) {
    return Outcome{absl::OkStatus(), {{.metrics = {{"msgs_per_s", per_s}}}}};
  };
  Report report;
  AddRows({"echo", "ours", "libzmq", {"recv", "poll"}, "msgs_per_s"},
          {{"ours", did(300)}, {"recv", did(200)}, {"poll", did(100)}}, report);
  ASSERT_EQ(report.rows.size(), 1);
  EXPECT_EQ(report.rows.front().peer_contestant, "recv");
  EXPECT_DOUBLE_EQ(report.rows.front().ratio.median, 1.5);
}

TEST(Report, AFailureVoidsTheRow) {
  const Report report = ReportOf({{"ours", {absl::DataLossError("x"), {}}},
                                  {"recv", Took(1)},
                                  {"poll", Took(1)}});
  EXPECT_THAT(report.rows, IsEmpty());
  EXPECT_THAT(report.voids, ElementsAre(HasSubstr("ping: ours: DATA_LOSS")));
}

TEST(Report, APeersFailureVoidsTheRow) {
  const Report report = ReportOf({{"ours", Took(1)}, {"recv", Took(1)}});
  EXPECT_THAT(report.rows, IsEmpty());
  EXPECT_THAT(report.voids, ElementsAre("ping: poll did not run"));
}

TEST(Report, JsonHasTheShapeThatToolsRead) {
  const std::string json = ToJson(ReportOf(
      {{"ours", Took(110)}, {"recv", Took(100)}, {"poll", Took(200)}}));
  EXPECT_THAT(
      json, HasSubstr(R"({"case": "ping", "metric": "p50_us", "ours": )"
                      R"(110.0000, "peer": "libzmq", "peer_value": 100.0000, )"
                      R"("ratio": 1.1000,)"));
}

TEST(Report, CurvesAreMediansOfTheRounds) {
  const auto timed = [](std::vector<double> curve) {
    return Sample{.metrics = {{"p50_us", 1}}, .curve = std::move(curve)};
  };
  const Outcome ours = {absl::OkStatus(),
                        {timed({1, 9}), timed({3, 5}), timed({2, 7})}};
  const Outcome peer = {absl::OkStatus(), {timed({}), timed({}), timed({})}};
  Report report;
  for (int again = 0; again < 2; ++again) {
    AddRows({"ping", "ours", "libzmq", {"recv"}},
            {{"ours", ours}, {"recv", peer}}, report);
  }
  ASSERT_EQ(report.curves.size(), 1);
  EXPECT_THAT(report.curves.front().us, ElementsAre(2, 7));
  EXPECT_THAT(ToJson(report),
              HasSubstr(R"({"case": "ping", "contestant": "ours", )"
                        R"("us": [2.0, 7.0]})"));
}

TEST(Report, ARatioToNothingIsNoNumberInJson) {
  const std::string json = ToJson(
      ReportOf({{"ours", Took(1)}, {"recv", Took(0)}, {"poll", Took(1)}}));
  EXPECT_THAT(json, HasSubstr(R"("ratio": null)"));
}

TEST(Report, TableTellsOfDisturbance) {
  Outcomes outcomes = {{"ours", Took(1)}, {"recv", Took(1)}, {"poll", Took(1)}};
  EXPECT_THAT(ToTable(ReportOf(outcomes)), Not(HasSubstr("disturbed")));
  outcomes["ours"].samples[0].disturbed = true;
  EXPECT_THAT(ToTable(ReportOf(outcomes)), HasSubstr("1 disturbed"));
}

}  // namespace
}  // namespace am::bench
