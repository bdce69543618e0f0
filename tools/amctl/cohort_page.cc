#include "tools/amctl/cohort_page.h"

#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "am/instance_id.h"
#include "am/wire/duration_proto.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/maps.h"
#include "tools/amctl/table.h"

namespace am::amctl {
namespace {

std::string PhaseText(const v1::CohortState& state) {
  return absl::AsciiStrToLower(v1::CohortState::Phase_Name(state.phase()));
}

// "1.25s"
std::string Time(const google::protobuf::Duration& duration) {
  return absl::FormatDuration(
      absl::Trunc(FromProto(duration), absl::Milliseconds(10)));
}

std::int64_t Milliseconds(const google::protobuf::Duration& duration) {
  return absl::ToInt64Milliseconds(FromProto(duration));
}

std::string RunningText(const v1::MemberDescription& member) {
  std::vector<std::string> texts;
  for (const v1::RunningHandler& handler : member.running()) {
    texts.push_back(
        absl::StrCat(handler.name(), " for ", Time(handler.busy_for())));
  }
  return absl::StrJoin(texts, ", ");
}

std::string Operations(const v1::CohortDescription& cohort) {
  if (cohort.operations().empty()) return "";
  Table table({"OPERATION", "AWAITS RANKS", "FOR", "LEFT"});
  for (const v1::OperationDescription& operation : cohort.operations()) {
    table.Add({operation.handler(),
               absl::StrJoin(operation.awaited_ranks(), " "),
               Time(operation.running_for()), Time(operation.deadline_in())});
  }
  return absl::StrCat("\n", table.ToString());
}

std::string Members(const v1::CohortDescription& cohort) {
  Table table({"RANK", "WORKER", "ID", "STATE", "HEARD", "SLOWNESS", "RUNS",
               "LABELS", "WHY"});
  for (const v1::MemberDescription& member : cohort.members()) {
    table.Add(
        {absl::StrCat(member.rank()), member.peer().name(),
         member.has_peer() ? IdText(member.peer()) : "", member.state(),
         member.has_last_heard() ? Time(member.last_heard()) + " ago" : "",
         absl::StrFormat("%.2f", member.straggler_score()), RunningText(member),
         LabelsText(member.labels()), member.why()});
  }
  return absl::StrCat("\n", table.ToString());
}

Json MemberJson(const v1::MemberDescription& member) {
  Json json =
      Json::Object().Set("rank", member.rank()).Set("state", member.state());
  if (member.has_peer()) json.Set("worker", ToJson(member.peer()));
  if (member.has_last_heard()) {
    json.Set("last_heard_ms", Milliseconds(member.last_heard()));
  }
  Json running = Json::Array();
  for (const v1::RunningHandler& handler : member.running()) {
    running.Add(Json::Object()
                    .Set("handler", handler.name())
                    .Set("invocations", handler.invocations())
                    .Set("busy_ms", Milliseconds(handler.busy_for())));
  }
  return json.Set("straggler_score", member.straggler_score())
      .Set("running", running)
      .Set("labels", MapJson(member.labels()))
      .Set("joined_epoch", member.joined_epoch())
      .Set("why", member.why());
}

Json OperationJson(const v1::OperationDescription& operation) {
  Json ranks = Json::Array();
  for (const int rank : operation.awaited_ranks()) ranks.Add(rank);
  return Json::Object()
      .Set("handler", operation.handler())
      .Set("awaited_ranks", ranks)
      .Set("running_ms", Milliseconds(operation.running_for()))
      .Set("left_ms", Milliseconds(operation.deadline_in()));
}

}  // namespace

std::string CohortPage(const v1::CohortDescription& cohort) {
  const v1::CohortState& state = cohort.state();
  std::string text = absl::StrCat(
      "cohort \"", state.cohort().name(), "\" is ", PhaseText(state), ", with ",
      state.size(), " ranks, as of epoch ", state.cohort().epoch(), "\n");
  const auto line = [&text](absl::string_view what, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, "  ", what, value, "\n");
  };
  line("led by     ", InstanceId(state.cohort().id()).ToString());
  line("why        ", state.why());
  line("counters   ", CountsText(cohort.counters()));
  return absl::StrCat(text, Operations(cohort), Members(cohort));
}

Json CohortJson(const v1::CohortDescription& cohort) {
  const v1::CohortState& state = cohort.state();
  Json members = Json::Array();
  for (const auto& member : cohort.members()) members.Add(MemberJson(member));
  Json operations = Json::Array();
  for (const auto& operation : cohort.operations()) {
    operations.Add(OperationJson(operation));
  }
  return Json::Object()
      .Set("cohort", state.cohort().name())
      .Set("leader", InstanceId(state.cohort().id()).ToString())
      .Set("epoch", state.cohort().epoch())
      .Set("phase", PhaseText(state))
      .Set("size", state.size())
      .Set("why", state.why())
      .Set("operations", operations)
      .Set("members", members)
      .Set("counters", MapJson(cohort.counters()));
}

}  // namespace am::amctl
