// amctl handlers
#include <CLI/CLI.hpp>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/amctl/command.h"
#include "tools/amctl/instance.h"

namespace am::amctl {
namespace {

class HandlersCommand final : public Command {
 public:
  explicit HandlersCommand(CLI::App& app) {
    app.add_option("instance", instance_,
                   "an id or a name, or their beginning");
    app.add_flag("--all", all_,
                 "those too that every instance has (am.v1.Node)");
  }

  absl::Status Run(Session& session, Output& output) override {
    absl::Status read = session.uses_registry() && instance_.empty()
                            ? ReadFleet(session)
                            : ReadOne(session);
    if (!read.ok()) return read;
    if (output.json) {
      PrintJson(output);
    } else {
      Print(output);
    }
    return absl::OkStatus();
  }

 private:
  struct Row {
    v1::HandlerInfo info;
    int instances = 0;
  };

  // As the registry has them: nobody else is asked.
  absl::Status ReadFleet(Session& session) {
    const auto instances = session.Instances();
    if (!instances.ok()) return instances.status();
    for (const v1::Instance& instance : *instances) Add(instance.handlers());
    return absl::OkStatus();
  }

  absl::Status ReadOne(Session& session) {
    absl::StatusOr<Node> node = session.Find(instance_);
    if (!node.ok()) return node.status();
    if (node->caller == nullptr) {
      Add(node->record.handlers());
      return absl::OkStatus();
    }
    const auto list = session.Ask<v1::ListHandlersResponse>(
        *node->caller, "am.v1.Node/ListHandlers", v1::ListHandlersRequest());
    if (!list.ok()) return list.status();
    Add(list->handlers());
    return absl::OkStatus();
  }

  template <typename Handlers>
  void Add(const Handlers& handlers) {
    for (const v1::HandlerInfo& info : handlers) {
      if (!all_ && absl::StartsWith(info.name(), "am.v1.Node/")) continue;
      Row& row = rows_[info.name()];
      row.info = info;
      ++row.instances;
    }
  }

  void PrintJson(Output& output) const {
    Json all = Json::Array();
    for (const auto& [name, row] : rows_) {
      all.Add(Json::Object()
                  .Set("name", name)
                  .Set("pattern", PatternText(row.info.pattern()))
                  .Set("input", row.info.input_type())
                  .Set("output", row.info.output_type())
                  .Set("instances", row.instances));
    }
    output.Line(all);
  }

  void Print(Output& output) const {
    Table table({"HANDLER", "PATTERN", "INPUT", "OUTPUT", "INSTANCES"});
    for (const auto& [name, row] : rows_) {
      table.Add({name, PatternText(row.info.pattern()), row.info.input_type(),
                 row.info.output_type(), absl::StrCat(row.instances)});
    }
    output.out << table.ToString();
  }

  std::string instance_;
  bool all_ = false;
  std::map<std::string, Row> rows_;
};

}  // namespace

std::unique_ptr<Command> DeclareHandlers(CLI::App& app) {
  return std::make_unique<HandlersCommand>(app);
}

}  // namespace am::amctl
