#include "am/control/examples/playground/playground.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_split.h"

namespace am::playground {

absl::StatusOr<Playground> Playground::Start(
    const std::string& registry_program) {
  absl::StatusOr<examples::TemporaryFolder> folder =
      examples::TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  // Where the processes put their sockets.
  setenv("TMPDIR", folder->path().c_str(), 1);
  setenv("XDG_RUNTIME_DIR", folder->path().c_str(), 1);
  Playground playground(*std::move(folder));
  const absl::StatusOr<std::string> line =
      playground.processes_.Add("the registry", {registry_program});
  if (!line.ok()) return line.status();
  // "am_registry listens on ..."
  const std::vector<std::string> words = absl::StrSplit(*line, ' ');
  playground.registry_ = words.back();
  // Who leads comes first: workers join it.
  for (const auto& [role, name] :
       {std::pair("lead", "leader"), std::pair("work", "worker-1"),
        std::pair("work", "worker-2")}) {
    absl::StatusOr<MemberInfo> added = playground.Add(role, name);
    if (!added.ok()) return added.status();
    playground.members_.push_back(*std::move(added));
  }
  return playground;
}

absl::StatusOr<MemberInfo> Playground::Add(const std::string& role,
                                           const std::string& name) {
  const absl::StatusOr<std::string> line =
      processes_.Add(name, {"/proc/self/exe", "serve", role, name, registry_});
  if (!line.ok()) return line.status();
  const std::vector<std::string> words = absl::StrSplit(*line, ' ');
  if (words.size() != 3) return absl::InternalError(name + " says " + *line);
  return MemberInfo{name, processes_.pid_of_last(), words[0], words[1],
                    words[2]};
}

}  // namespace am::playground
