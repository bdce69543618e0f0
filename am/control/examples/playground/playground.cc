#include "am/control/examples/playground/playground.h"

#include <cstdlib>

#include "absl/strings/str_split.h"

namespace am::playground {

absl::StatusOr<Playground> Playground::Start(
    const std::string& registry_program,
    const std::vector<std::string>& names) {
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
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
  for (const std::string& name : names) {
    const absl::Status added = playground.AddWorker(name);
    if (!added.ok()) return added;
  }
  return playground;
}

absl::Status Playground::AddWorker(const std::string& name) {
  const absl::StatusOr<std::string> line =
      processes_.Add(name, {"/proc/self/exe", "work", name, registry_});
  if (!line.ok()) return line.status();
  const std::vector<std::string> words = absl::StrSplit(*line, ' ');
  if (words.size() != 3) return absl::InternalError(name + " says " + *line);
  workers_.push_back({name, words[0], words[1], words[2]});
  return absl::OkStatus();
}

}  // namespace am::playground
