#include "am/control/examples/playground/processes.h"

#include <sys/wait.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace am::playground {

absl::StatusOr<std::string> Processes::Add(const std::string& name,
                                           std::vector<std::string> command) {
  auto child = examples::ChildProcess::Start(std::move(command));
  if (!child.ok()) return child.status();
  all_.push_back({name, *std::move(child)});
  auto line = all_.back().child.ReadLine(absl::Seconds(20));
  if (line.ok()) return line;
  return absl::UnavailableError(
      absl::StrCat(name, " did not start: ", line.status().message()));
}

std::optional<Processes::Ended> Processes::TakeEnded() {
  for (auto process = all_.begin(); process != all_.end(); ++process) {
    siginfo_t info{};
    const auto pid = static_cast<id_t>(process->child.pid());
    const int seen = waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (seen == 0 && info.si_pid == 0) continue;
    Ended ended{process->name, process->child.Stop(absl::ZeroDuration())};
    all_.erase(process);
    return ended;
  }
  return std::nullopt;
}

absl::Status Processes::Stop() {
  absl::Status result;
  for (; !all_.empty(); all_.pop_back()) {
    const absl::Status stopped = all_.back().child.Stop(absl::Seconds(5));
    if (stopped.ok()) continue;
    result = absl::InternalError(
        absl::StrCat(all_.back().name, " ", stopped.message()));
  }
  return result;
}

}  // namespace am::playground
