#include "tools/amctl/amctl.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/amctl/command.h"
#include "tools/amctl/completer.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/flags.h"

namespace am::amctl {
namespace {

constexpr char kDescription[] =
    "Looks into instances, and calls them. By a registry (--registry), where "
    "an instance is\nmeant by its id or name or their beginning, or by the "
    "address of one instance (--node).";

// The arguments, and what they say.
class CommandLine {
 public:
  CommandLine() : app_(kDescription, "amctl") {
    app_.footer(kExitCodes);
    app_.fallthrough();
    app_.require_subcommand(1);
    DeclareFlags();
    for (const CommandEntry& entry : kCommands) {
      CLI::App* const app = app_.add_subcommand(entry.name, entry.summary);
      app->footer("");
      commands_[app] = entry.declare(*app);
    }
  }

  const CLI::App& app() const { return app_; }

  Flags flags() const {
    Flags flags = flags_;
    absl::ParseDuration(timeout_, &flags.timeout);
    return flags;
  }

  // Throws what is wrong.
  void Parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 wants it so.
    app_.parse(std::move(arguments));
  }

  // REQUIRES: Parse has not thrown.
  Command& command() { return *commands_[app_.get_subcommands().front()]; }

  // Prints the help that was asked for; otherwise returns what is wrong.
  absl::Status Explain(const CLI::ParseError& error, std::ostream& out) const {
    std::ostringstream wrong;
    if (app_.exit(error, out, wrong) == 0) return absl::OkStatus();
    std::string text = wrong.str();
    absl::StripTrailingAsciiWhitespace(&text);
    return Fail(ExitCode::kUsage, text);
  }

 private:
  void DeclareFlags() {
    app_.add_option("--registry", flags_.registry, "HOST:PORT of a registry")
        ->envname("AM_REGISTRY");
    app_.add_option("--node", flags_.node,
                    "HOST:PORT where one instance serves gRPC; for --plane "
                    "zmq, its tcp:// or ipc:// address will do")
        ->envname("AM_NODE");
    app_.add_option("--timeout", timeout_,
                    "how long each wait may take: 250ms, 10s, 1m")
        ->check(CLI::Validator(&CheckDuration, "DURATION"))
        ->capture_default_str();
    app_.add_flag("--json", flags_.json, "prints JSON, a value to a line");
    control::TlsClientFiles& tls = flags_.tls;
    app_.add_option("--tls_ca", tls.ca,
                    "a PEM file: who signs servers; without it, no TLS");
    app_.add_option("--tls_certificate", tls.certificate,
                    "a PEM file: ours, for servers that ask who calls");
    app_.add_option("--tls_key", tls.key, "a PEM file: the key to it");
    app_.add_option("--tls_server_name", tls.server_name,
                    "what the server's certificate names, if not its host");
    app_.add_option("--insecure_listen", flags_.insecure_listen,
                    "tcp://HOST:PORT where a peer on another machine reaches "
                    "amctl back over ZeroMQ, as can everybody else");
  }

  static std::string CheckDuration(const std::string& text) {
    absl::Duration duration;
    const bool is_valid = absl::ParseDuration(text, &duration) &&
                          duration > absl::ZeroDuration() &&
                          duration <= absl::Hours(24);
    return is_valid ? "" : text + " is not a time above 0 and up to 24h";
  }

  CLI::App app_;
  Flags flags_;
  std::string timeout_ = "10s";
  std::map<CLI::App*, std::unique_ptr<Command>> commands_;
};

int Complete(const std::vector<std::string>& arguments, Streams streams,
             const std::stop_token& stop) {
  CommandLine line;
  const Words words = SplitWords(arguments.size() > 1 ? arguments[1] : "");
  std::vector<std::string> finished = words.before;
  // One whose value is yet to come.
  if (!finished.empty() && absl::StartsWith(finished.back(), "-")) {
    finished.pop_back();
  }
  try {
    line.Parse(std::move(finished));
  } catch (const CLI::Error&) {
    // It is not finished yet; what could be read has been.
  }
  Flags flags = line.flags();
  flags.timeout = kCompletionPatience;
  Session session(flags, stop);
  for (const std::string& word : Completions(line.app(), words, session)) {
    streams.out << word << '\n';
  }
  return 0;
}

// Of arguments that do not parse.
bool WantsJson(const std::vector<std::string>& arguments) {
  return std::count(arguments.begin(), arguments.end(), "--json") > 0;
}

void Report(const absl::Status& status, bool is_json, std::ostream& err) {
  const std::string code = absl::StatusCodeToString(status.code());
  if (is_json) {
    err << Json::Object()
               .Set("error", Json::Object()
                                 .Set("code", code)
                                 .Set("message", std::string(status.message())))
               .ToString()
        << std::endl;
  } else {
    err << "amctl: " << code << ": " << std::string(status.message())
        << std::endl;
  }
}

}  // namespace

int Run(const std::vector<std::string>& arguments, Streams streams,
        const std::stop_token& stop) {
  if (!arguments.empty() && arguments.front() == kCompleteCommand) {
    return Complete(arguments, streams, stop);
  }
  CommandLine line;
  try {
    line.Parse(arguments);
  } catch (const CLI::ParseError& error) {
    const absl::Status wrong = line.Explain(error, streams.out);
    if (!wrong.ok()) Report(wrong, WantsJson(arguments), streams.err);
    return static_cast<int>(ExitCodeOf(wrong));
  }
  const Flags flags = line.flags();
  Session session(flags, stop);
  Output output{streams.in, streams.out, streams.err, flags.json};
  const absl::Status status = line.command().Run(session, output);
  if (!status.ok()) Report(status, flags.json, streams.err);
  return static_cast<int>(ExitCodeOf(status));
}

}  // namespace am::amctl
