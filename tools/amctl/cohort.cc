// amctl cohort
#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/amctl/cohort_page.h"
#include "tools/amctl/command.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/instance.h"

namespace am::amctl {
namespace {

constexpr char kDescribeCohort[] = "am.v1.Cohort/DescribeCohort";

class CohortCommand final : public Command {
 public:
  explicit CohortCommand(CLI::App& app) {
    app.add_option("leader", leader_,
                   "an id or a name, or their beginning; without one: whoever "
                   "leads");
    app.footer(
        "Of each rank: when it was last heard, how long it takes compared with "
        "the median rank\n  (SLOWNESS; 1 is typical), and what it runs while "
        "an "
        "operation awaits it.");
  }

  absl::Status Run(Session& session, Output& output) override {
    const absl::StatusOr<Node> leader = FindLeader(session);
    if (!leader.ok()) return leader.status();
    const auto cohort = session.Ask<v1::CohortDescription>(
        *leader->caller, kDescribeCohort, v1::DescribeCohortRequest());
    if (absl::IsUnimplemented(cohort.status())) {
      return Fail(
          ExitCode::kNotFound,
          absl::StrCat(Title(leader->record.peer()), " leads no cohort"));
    }
    if (!cohort.ok()) return cohort.status();
    if (output.json) {
      output.Line(CohortJson(*cohort));
    } else {
      output.out << CohortPage(*cohort);
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<Node> FindLeader(Session& session) const {
    if (!leader_.empty() || !session.uses_registry()) {
      return session.FindWithGrpc(leader_);
    }
    v1::InstanceFilter filter;
    filter.set_handler_name(kDescribeCohort);
    const auto leaders = session.Instances(filter);
    if (!leaders.ok()) return leaders.status();
    if (leaders->empty()) {
      return Fail(ExitCode::kNotFound, "nobody leads a cohort");
    }
    if (leaders->size() == 1) {
      return session.FindWithGrpc(IdText(leaders->front().peer()));
    }
    std::vector<std::string> names;
    for (const v1::Instance& leader : *leaders) {
      names.push_back(NameOrId(leader.peer()));
    }
    return Fail(ExitCode::kUsage,
                absl::StrCat("whose cohort? ", absl::StrJoin(names, ", "),
                             " lead one"));
  }

  std::string leader_;
};

}  // namespace

std::unique_ptr<Command> DeclareCohort(CLI::App& app) {
  return std::make_unique<CohortCommand>(app);
}

}  // namespace am::amctl
