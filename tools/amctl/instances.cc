// amctl instances
#include <CLI/CLI.hpp>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/amctl/command.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/key_values.h"

namespace am::amctl {
namespace {

class InstancesCommand final : public Command {
 public:
  explicit InstancesCommand(CLI::App& app) {
    app.add_option("--handler", handler_, "only those that serve it");
    AddKeyValues(app, "--label", labels_, "only those that have it");
    app.footer(
        "With --node: the instance itself, and its peers as it sees "
        "them.");
  }

  absl::Status Run(Session& session, Output& output) override {
    absl::StatusOr<std::vector<v1::Instance>> instances =
        session.uses_registry() ? FromRegistry(session) : FromNode(session);
    if (!instances.ok()) return instances.status();
    if (output.json) {
      PrintJson(*instances, output);
    } else {
      Print(*instances, output);
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::vector<v1::Instance>> FromRegistry(Session& session) {
    v1::InstanceFilter filter;
    filter.set_handler_name(handler_);
    for (const auto& [key, value] : labels_) {
      (*filter.mutable_labels())[key] = value;
    }
    return session.Instances(filter);
  }

  static absl::StatusOr<std::vector<v1::Instance>> FromNode(Session& session) {
    absl::StatusOr<Node> node = session.FindWithGrpc("");
    if (!node.ok()) return node.status();
    const auto description = session.Ask<v1::DescribeResponse>(
        *node->caller, "am.v1.Node/Describe", v1::DescribeRequest());
    if (!description.ok()) return description.status();
    std::vector<v1::Instance> all{node->record};
    if (description->status() != v1::HealthCheckResponse::SERVING) {
      all.front().set_state(v1::Instance::DRAINING);
    }
    for (const v1::PeerDescription& peer : description->peers()) {
      *all.emplace_back().mutable_peer() = peer.peer();
    }
    return all;
  }

  static Json ToJson(const v1::Instance& instance) {
    Json labels = Json::Object();
    // In order of their keys.
    for (const auto& [key, value] : std::map<std::string, std::string>(
             instance.labels().begin(), instance.labels().end())) {
      labels.Set(key, value);
    }
    Json handlers = Json::Array();
    for (const v1::HandlerInfo& handler : instance.handlers()) {
      handlers.Add(handler.name());
    }
    return amctl::ToJson(instance.peer())
        .Set("state", StateText(instance.state()))
        .Set("control", instance.control_address())
        .Set("labels", labels)
        .Set("handlers", handlers)
        .Set("epoch", instance.epoch());
  }

  static void PrintJson(const std::vector<v1::Instance>& instances,
                        Output& output) {
    Json all = Json::Array();
    for (const v1::Instance& instance : instances) all.Add(ToJson(instance));
    output.Line(all);
  }

  static void Print(const std::vector<v1::Instance>& instances,
                    Output& output) {
    Table table({"ID", "NAME", "STATE", "CONTROL", "DATA"});
    for (const v1::Instance& instance : instances) {
      table.Add({IdText(instance.peer()), instance.peer().name(),
                 StateText(instance.state()), instance.control_address(),
                 absl::StrJoin(instance.peer().addresses(), " ")});
    }
    output.out << table.ToString();
  }

  std::string handler_;
  KeyValues labels_;
};

}  // namespace

std::unique_ptr<Command> DeclareInstances(CLI::App& app) {
  return std::make_unique<InstancesCommand>(app);
}

}  // namespace am::amctl
