// amctl completion
#include <CLI/CLI.hpp>

#include "tools/amctl/command.h"

namespace am::amctl {
namespace {

// bash splits words at "=" and ":" too, so the whole line is handed over.
constexpr char kBash[] =
    R"bash(# For this shell: eval "$(amctl completion bash)"
# For all of them: > ~/.local/share/bash-completion/completions/amctl
_amctl() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_LINE:0:COMP_POINT}" \
    2>/dev/null))
}
complete -o default -F _amctl amctl
)bash";

class CompletionCommand final : public Command {
 public:
  explicit CompletionCommand(CLI::App& app) {
    app.add_option("shell", shell_, "bash")
        ->check(CLI::IsMember({"bash"}))
        ->capture_default_str();
    app.footer(
        "  eval \"$(amctl completion bash)\"\n"
        "Completes commands, options, and, by the --registry or --node of the "
        "line or the\nenvironment, instances and handlers. zsh takes it after "
        "`autoload bashcompinit; bashcompinit`.");
  }

  absl::Status Run(Session&, Output& output) override {
    output.out << kBash;
    return absl::OkStatus();
  }

 private:
  std::string shell_ = "bash";
};

}  // namespace

std::unique_ptr<Command> DeclareCompletion(CLI::App& app) {
  return std::make_unique<CompletionCommand>(app);
}

}  // namespace am::amctl
