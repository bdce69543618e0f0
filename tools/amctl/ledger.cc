// amctl ledger
#include <CLI/CLI.hpp>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "tools/amctl/command.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/instance.h"

namespace am::amctl {
namespace {

// What became of messages, in the words of am.v1.PeerDescription.
struct Account {
  const char* name;
  std::uint64_t (v1::PeerDescription::*count)() const;
};
constexpr Account kAccounts[] = {
    {"accepted", &v1::PeerDescription::accepted},
    {"delivered", &v1::PeerDescription::delivered},
    {"expired", &v1::PeerDescription::expired},
    {"rejected", &v1::PeerDescription::rejected},
    {"overloaded", &v1::PeerDescription::overloaded},
    {"draining", &v1::PeerDescription::draining},
    {"link_lost", &v1::PeerDescription::link_lost},
    {"in_doubt", &v1::PeerDescription::in_doubt},
    {"in_flight", &v1::PeerDescription::in_flight},
    {"refused", &v1::PeerDescription::refused},
};

class LedgerCommand final : public Command {
 public:
  explicit LedgerCommand(CLI::App& app) {
    app.add_option("instance", instance_,
                   "an id or a name, or their beginning; without one: all");
    app.footer(
        "For each peer: accepted = delivered + expired + rejected + overloaded "
        "+ draining\n  + link_lost + in_doubt + in_flight. Those refused were "
        "not accepted, and their\n  senders know. Under DETOUR: why memory is "
        "not "
        "shared with the peer, where it\n  could be.");
  }

  absl::Status Run(Session& session, Output& output) override {
    absl::StatusOr<std::vector<v1::Instance>> all = Everybody(session);
    if (!all.ok()) return all.status();
    absl::Status failed;
    for (const v1::Instance& instance : *all) {
      const absl::Status read = Read(session, instance);
      if (!read.ok()) failed = read;
    }
    if (output.json) {
      output.Line(json_);
    } else {
      output.out << table_.ToString();
    }
    return failed;
  }

 private:
  absl::StatusOr<std::vector<v1::Instance>> Everybody(Session& session) {
    if (session.uses_registry() && instance_.empty()) {
      return session.Instances();
    }
    const absl::StatusOr<Node> node = session.FindWithGrpc(instance_);
    if (!node.ok()) return node.status();
    return std::vector<v1::Instance>{node->record};
  }

  absl::Status Read(Session& session, const v1::Instance& instance) {
    // Without one there is nobody to ask.
    if (instance.control_address().empty()) return absl::OkStatus();
    const auto caller = session.Connect(instance.control_address());
    if (!caller.ok()) return caller.status();
    const auto description = session.Ask<v1::DescribeResponse>(
        **caller, "am.v1.Node/Describe", v1::DescribeRequest());
    if (!description.ok()) return description.status();
    for (const v1::PeerDescription& peer : description->peers()) {
      Add(description->self(), peer);
    }
    return absl::OkStatus();
  }

  void Add(const v1::PeerInfo& self, const v1::PeerDescription& peer) {
    Json row = Json::Object()
                   .Set("instance", ToJson(self))
                   .Set("peer", ToJson(peer.peer()))
                   .Set("state", peer.state());
    std::vector<std::string> cells{NameOrId(self), NameOrId(peer.peer()),
                                   peer.state()};
    for (const Account& account : kAccounts) {
      const std::uint64_t count = (peer.*account.count)();
      row.Set(account.name, count);
      cells.push_back(absl::StrCat(count));
    }
    row.Set("detour", peer.detour());
    cells.push_back(peer.detour());
    json_.Add(row);
    table_.Add(std::move(cells));
  }

  std::string instance_;
  Json json_ = Json::Array();
  Table table_{{"INSTANCE", "PEER", "STATE", "ACCEPTED", "DELIVERED", "EXPIRED",
                "REJECTED", "OVERLOADED", "DRAINING", "LINK_LOST", "IN_DOUBT",
                "IN_FLIGHT", "REFUSED", "DETOUR"}};
};

}  // namespace

std::unique_ptr<Command> DeclareLedger(CLI::App& app) {
  return std::make_unique<LedgerCommand>(app);
}

}  // namespace am::amctl
