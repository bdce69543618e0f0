// amctl drain
#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "am/clock.h"
#include "tools/amctl/command.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/pause.h"

namespace am::amctl {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(50);

class DrainCommand final : public Command {
 public:
  explicit DrainCommand(CLI::App& app) {
    app.add_option("instance", instance_,
                   "an id or a name, or their beginning");
    app.add_flag("--no_wait", no_wait_, "does not wait until it has stopped");
    app.footer(
        "The instance tells its peers and its registry that it wants no new "
        "work, finishes what\n  it has and shuts down. It must allow that: "
        "ManagerOptions::allow_drain_by_peers.\n  --timeout is how long to "
        "wait; the instance goes on after that.");
  }

  absl::Status Run(Session& session, Output& output) override {
    absl::StatusOr<Node> node = session.FindWithGrpc(instance_);
    if (!node.ok()) return node.status();
    const auto begun = session.Ask<v1::DrainResponse>(
        *node->caller, "am.v1.Node/Drain", v1::DrainRequest());
    if (!begun.ok()) return begun.status();
    const std::string title = Title(node->record.peer());
    if (!output.json) {
      output.Line(absl::StrCat(
          title, " drains; messages to finish: ", begun->handlers_active()));
    }
    absl::Status stopped;
    if (!no_wait_) stopped = AwaitStop(session, *node->caller, title);
    if (output.json) {
      output.Line(ToJson(node->record.peer())
                      .Set("state",
                           no_wait_ || !stopped.ok() ? "draining" : "stopped"));
    } else if (!no_wait_ && stopped.ok()) {
      output.Line(title + " has stopped");
    }
    return stopped;
  }

 private:
  // It has stopped once it says so, or cannot be reached any more.
  static absl::Status AwaitStop(Session& session, control::GrpcCaller& caller,
                                const std::string& title) {
    const SteadyClock clock;
    const absl::Time deadline = clock.Now() + session.flags().timeout;
    for (;;) {
      const auto health = session.Ask<v1::HealthCheckResponse>(
          caller, "am.v1.Node/HealthCheck", v1::HealthCheckRequest());
      if (control::WasNotReached(health.status())) return absl::OkStatus();
      if (!health.ok()) return health.status();
      if (health->status() == v1::HealthCheckResponse::STOPPED) {
        return absl::OkStatus();
      }
      if (clock.Now() >= deadline) {
        return Fail(ExitCode::kTimeout,
                    absl::StrCat(title, " has not stopped within ",
                                 absl::FormatDuration(session.flags().timeout),
                                 "; it goes on with that"));
      }
      if (!Pause(kPoll, session.stop())) {
        return Fail(ExitCode::kInterrupted,
                    "interrupted; it goes on with that");
      }
    }
  }

  std::string instance_;
  bool no_wait_ = false;
};

}  // namespace

std::unique_ptr<Command> DeclareDrain(CLI::App& app) {
  return std::make_unique<DrainCommand>(app);
}

}  // namespace am::amctl
