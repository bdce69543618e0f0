// Command: one subcommand of amctl, and the list of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/amctl/output.h"
#include "tools/amctl/session.h"

namespace CLI {
class App;
}

namespace am::amctl {

class Command {
 public:
  virtual ~Command() = default;

  // Once, after its options have been read. Prints its result; not OK: what
  // is to be said on top of that, and the exit code (ExitCodeOf).
  virtual absl::Status Run(Session& session, Output& output) = 0;
};

// What stands where a command wants a name.
enum class Names { kNone, kInstances, kHandlers, kInstancesAndHandlers };

struct CommandEntry {
  const char* name;
  const char* summary;
  Names names;
  // Adds its options to its App, which must outlive what is returned.
  std::unique_ptr<Command> (*declare)(CLI::App& app);
};

std::unique_ptr<Command> DeclareInstances(CLI::App& app);
std::unique_ptr<Command> DeclareHandlers(CLI::App& app);
std::unique_ptr<Command> DeclareDescribe(CLI::App& app);
std::unique_ptr<Command> DeclareCall(CLI::App& app);
std::unique_ptr<Command> DeclarePing(CLI::App& app);
std::unique_ptr<Command> DeclareWatch(CLI::App& app);
std::unique_ptr<Command> DeclareLedger(CLI::App& app);
std::unique_ptr<Command> DeclareCohort(CLI::App& app);
std::unique_ptr<Command> DeclareDrain(CLI::App& app);
std::unique_ptr<Command> DeclareCompletion(CLI::App& app);

inline constexpr CommandEntry kCommands[] = {
    {"instances", "who there is, and where", Names::kNone, DeclareInstances},
    {"handlers", "what can be called, of one instance or of all",
     Names::kInstances, DeclareHandlers},
    {"describe", "all about an instance, a handler or a type",
     Names::kInstancesAndHandlers, DeclareDescribe},
    {"call", "calls a handler: JSON in, JSON out", Names::kHandlers,
     DeclareCall},
    {"ping", "round trips to an instance, and how long they take",
     Names::kInstances, DeclarePing},
    {"watch", "who comes, changes and goes, as it happens", Names::kNone,
     DeclareWatch},
    {"ledger", "what became of one-way messages, peer by peer",
     Names::kInstances, DeclareLedger},
    {"cohort", "a cohort: its ranks, and whom it waits for", Names::kInstances,
     DeclareCohort},
    {"drain", "has an instance finish its work and shut down",
     Names::kInstances, DeclareDrain},
    {"completion", "prints what a shell needs to complete amctl's arguments",
     Names::kNone, DeclareCompletion},
};

}  // namespace am::amctl
