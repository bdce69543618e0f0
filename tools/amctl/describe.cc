// amctl describe
#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/control/remote_schema.h"
#include "tools/amctl/command.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/handler_name.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/instance_page.h"
#include "tools/amctl/schema_page.h"

namespace am::amctl {
namespace {

class DescribeCommand final : public Command {
 public:
  explicit DescribeCommand(CLI::App& app) {
    app.add_option("what", what_,
                   "an instance (as everywhere), a handler, a service or a "
                   "message; without it, the instance of --node");
    app.add_option("--instance", instance_,
                   "whose schema to look at, for a service or a message; "
                   "without it, that of whoever has it");
  }

  absl::Status Run(Session& session, Output& output) override {
    const bool is_schema = !instance_.empty() ||
                           absl::StrContains(what_, "/") ||
                           absl::StrContains(what_, ".");
    if (is_schema) return DescribeSchema(session, output);
    const absl::StatusOr<Node> node = session.Find(what_);
    if (node.ok()) return DescribeInstance(session, *node, output);
    if (ExitCodeOf(node.status()) != ExitCode::kNotFound) return node.status();
    // A handler under a bare name looks like the name of an instance.
    const absl::Status described = DescribeSchema(session, output);
    return ExitCodeOf(described) == ExitCode::kNotFound ? node.status()
                                                        : described;
  }

 private:
  static absl::Status DescribeInstance(Session& session, const Node& node,
                                       Output& output) {
    if (node.caller == nullptr) {
      return Fail(ExitCode::kUsage,
                  absl::StrCat(Title(node.record.peer()),
                               " has no gRPC server to ask; `amctl instances` "
                               "tells what the registry knows"));
    }
    const auto description = session.Ask<v1::DescribeResponse>(
        *node.caller, "am.v1.Node/Describe", v1::DescribeRequest());
    if (!description.ok()) return description.status();
    if (output.json) {
      output.Line(InstanceJson(node.record, *description));
    } else {
      output.out << InstancePage(node.record, *description);
    }
    return absl::OkStatus();
  }

  absl::Status DescribeSchema(Session& session, Output& output) {
    const bool is_handler =
        absl::StrContains(what_, "/") || !absl::StrContains(what_, ".");
    const absl::StatusOr<std::string> name =
        is_handler ? HandlerNameOf(what_) : what_;
    if (!name.ok()) return name.status();
    absl::StatusOr<Node> node = !instance_.empty() || !session.uses_registry()
                                    ? session.FindWithGrpc(instance_)
                                : is_handler ? session.FindWithHandler(*name)
                                             : session.FindWithSymbol(*name);
    if (!node.ok()) return node.status();
    if (node->caller == nullptr) {
      return Fail(ExitCode::kUsage, absl::StrCat(Title(node->record.peer()),
                                                 " has no gRPC server to ask"));
    }
    control::RemoteSchema schema(*node->caller, session.options());
    const absl::StatusOr<SchemaPage> page = SchemaPage::Make(schema, *name);
    if (absl::IsNotFound(page.status())) {
      return Fail(ExitCode::kNotFound, page.status().message());
    }
    if (!page.ok()) return session.Explain(page.status(), *node->caller);
    if (output.json) {
      output.Line(page->json);
    } else {
      output.out << page->text;
    }
    return absl::OkStatus();
  }

  std::string what_;
  std::string instance_;
};

}  // namespace

std::unique_ptr<Command> DeclareDescribe(CLI::App& app) {
  return std::make_unique<DescribeCommand>(app);
}

}  // namespace am::amctl
