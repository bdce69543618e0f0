#include "tools/amctl/completer.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tools/amctl/command.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/plane.h"

namespace am::amctl {
namespace {

using Candidates = std::vector<std::string>;

// Null: none has been named yet.
const CommandEntry* CommandIn(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    for (const CommandEntry& entry : kCommands) {
      if (word == entry.name) return &entry;
    }
  }
  return nullptr;
}

void AddOptions(const CLI::App& app, Candidates& candidates) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      candidates.push_back("--" + name);
    }
  }
}

// An id is for whoever has begun one: the names come first to mind.
void AddInstances(Session& session, const std::string& begun,
                  Candidates& candidates) {
  const auto instances = session.Instances();
  if (!instances.ok()) return;
  for (const v1::Instance& instance : *instances) {
    candidates.push_back(NameOrId(instance.peer()));
    if (!begun.empty()) candidates.push_back(IdText(instance.peer()));
  }
}

template <typename Handlers>
void AddHandlerNames(const Handlers& handlers, Candidates& candidates) {
  for (const v1::HandlerInfo& handler : handlers) {
    candidates.push_back(handler.name());
    // As people call those under bare names.
    absl::string_view bare = handler.name();
    if (absl::ConsumePrefix(&bare, "am.v1.Handlers/")) {
      candidates.emplace_back(bare);
    }
  }
}

void AddHandlers(Session& session, Candidates& candidates) {
  if (session.uses_registry()) {
    const auto instances = session.Instances();
    if (!instances.ok()) return;
    for (const v1::Instance& instance : *instances) {
      AddHandlerNames(instance.handlers(), candidates);
    }
    return;
  }
  const auto node = session.FindWithGrpc("");
  if (!node.ok()) return;
  const auto list = session.Ask<v1::ListHandlersResponse>(
      *node->caller, "am.v1.Node/ListHandlers", v1::ListHandlersRequest());
  if (list.ok()) AddHandlerNames(list->handlers(), candidates);
}

void AddNames(Names names, Session& session, const std::string& begun,
              Candidates& candidates) {
  if (names == Names::kInstances || names == Names::kInstancesAndHandlers) {
    AddInstances(session, begun, candidates);
  }
  if (names == Names::kHandlers || names == Names::kInstancesAndHandlers) {
    AddHandlers(session, candidates);
  }
}

// Whether `option` takes what follows it; then its candidates are added.
bool AddValues(const CLI::App& app, const std::string& option, Session& session,
               const std::string& begun, Candidates& candidates) {
  const CLI::Option* const found = app.get_option_no_throw(option);
  if (found == nullptr || found->get_expected_max() == 0) return false;
  if (option == "--plane") {
    candidates.assign(std::begin(kPlanes), std::end(kPlanes));
  } else if (option == "--instance") {
    AddNames(Names::kInstances, session, begun, candidates);
  } else if (option == "--handler") {
    AddNames(Names::kHandlers, session, begun, candidates);
  }
  return true;
}

Candidates Matching(Candidates candidates, const std::string& begun) {
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()),
                   candidates.end());
  std::erase_if(candidates, [&begun](const std::string& candidate) {
    return !absl::StartsWith(candidate, begun);
  });
  return candidates;
}

}  // namespace

Words SplitWords(absl::string_view line) {
  Words words;
  char quote = '\0';
  for (const char c : line) {
    if (quote == '\0' && c == ' ') {
      if (!words.last.empty()) words.before.push_back(words.last);
      words.last.clear();
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else {
      words.last += c;
    }
  }
  // The first is the program.
  if (!words.before.empty()) words.before.erase(words.before.begin());
  return words;
}

std::vector<std::string> Completions(const CLI::App& app, const Words& words,
                                     Session& session) {
  const CommandEntry* const command = CommandIn(words.before);
  const CLI::App* const sub =
      command == nullptr ? &app : app.get_subcommand(command->name);
  Candidates candidates;
  std::string begun = words.last;
  const std::size_t equals = begun.find('=');
  if (absl::StartsWith(begun, "--") && equals != std::string::npos) {
    // What bash takes for the word begins after the sign.
    const std::string option = begun.substr(0, equals);
    begun.erase(0, equals + 1);
    AddValues(*sub, option, session, begun, candidates);
    return Matching(std::move(candidates), begun);
  }
  if (!words.before.empty() && absl::StartsWith(words.before.back(), "-") &&
      (AddValues(*sub, words.before.back(), session, begun, candidates) ||
       AddValues(app, words.before.back(), session, begun, candidates))) {
    return Matching(std::move(candidates), begun);
  }
  if (absl::StartsWith(begun, "-")) {
    AddOptions(app, candidates);
    if (command != nullptr) AddOptions(*sub, candidates);
  } else if (command == nullptr) {
    for (const CommandEntry& entry : kCommands)
      candidates.push_back(entry.name);
  } else if (command->name == std::string("completion")) {
    candidates.push_back("bash");
  } else {
    AddNames(command->names, session, begun, candidates);
  }
  return Matching(std::move(candidates), begun);
}

}  // namespace am::amctl
