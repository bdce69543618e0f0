#include "tests/fault/caller.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "am/examples/or_die.h"
#include "am/node.h"
#include "am/v1/node.pb.h"
#include "tests/fault/flow.h"

namespace am::fault {
namespace {

constexpr absl::Duration kSettleTime = absl::Seconds(10);

// The numbers of an account, in the order of its line.
std::vector<std::uint64_t*> Columns(Account& account) {
  Ledger& ledger = account.ledger;
  InboundCounts& received = ledger.received;
  return {&ledger.accepted,   &received.delivered,  &received.expired,
          &received.rejected, &received.overloaded, &received.draining,
          &ledger.link_lost,  &ledger.in_doubt,     &ledger.refused};
}

bool IsConnected(const Peer& peer) {
  return peer.state() == PeerState::kJoined;
}

// Waits, round trip by round trip, until nothing is in flight to `peer`, or
// it is gone.
void Settle(Manager& manager, const Peer& peer) {
  const std::int64_t bound = NowNs() + absl::ToInt64Nanoseconds(kSettleTime);
  while (peer.link().ledger().in_flight() > 0 && NowNs() < bound) {
    const auto health = manager.client().HealthCheck(peer.id()).Await();
    if (absl::IsUnavailable(health.status())) return;
  }
}

std::string ToWay(const Peer& peer) {
  const std::string detour = peer.detour();
  return absl::StrCat("way ", peer.link().address(),
                      detour.empty() ? "" : " because ", detour);
}

void TellIfGone(const PeerEvent& event) {
  if (event.state != PeerState::kLost) return;
  Tell(absl::StrCat("gone ", event.peer.id.ToString(), " ", NowNs()));
}

// Sends until all flows have ended, or SIGTERM.
void SendAll(const CallerOptions& options, Manager& manager,
             const Signals& signals) {
  std::atomic<std::uint64_t> next_operation = options.first_operation;
  std::atomic<std::size_t> running = options.servers.size();
  std::vector<std::unique_ptr<Flow>> flows;
  for (std::size_t i = 0; i < options.servers.size(); ++i) {
    flows.push_back(
        std::make_unique<Flow>(options, i, manager, next_operation, [&] {
          if (--running == 0) kill(getpid(), SIGTERM);
        }));
  }
  signals.ActUntilTerm(options.actions);
  for (const auto& flow : flows) flow->Stop();
}

}  // namespace

int Call(const CallerOptions& options) {
  const Signals signals;
  const auto manager = examples::OrDie(MakeInstance(options.instance));
  const InstanceId self = manager->instance_id();
  manager->OnPeerEvent(TellIfGone);
  TellAddress(*manager);
  SendAll(options, *manager, signals);
  // Whoever was given up, but lives, is to tell what it received.
  for (const std::string& server : options.servers) {
    manager->client().Connect(server).status().IgnoreError();
  }
  for (const auto& peer : manager->node().peers().List()) {
    Settle(*manager, *peer);
    Tell(ToWay(*peer));
    Tell(ToLine({self, peer->id(), peer->link().ledger(), IsConnected(*peer)}));
  }
  Tell("end");
  return manager->Shutdown().ok() ? 0 : 1;
}

std::string ToLine(const Account& account) {
  Account copy = account;
  return absl::StrCat(
      "account ", account.sender.ToString(), " ", account.receiver.ToString(),
      " ", account.connected ? 1 : 0, " ",
      absl::StrJoin(Columns(copy), " ",
                    [](std::string* text, const std::uint64_t* number) {
                      absl::StrAppend(text, *number);
                    }));
}

absl::StatusOr<Account> ParseAccount(absl::string_view line) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  Account account;
  const std::vector<std::uint64_t*> columns = Columns(account);
  if (words.size() != 4 + columns.size() || words[0] != "account") {
    return absl::InvalidArgumentError(absl::StrCat("no account: ", line));
  }
  const absl::StatusOr<InstanceId> sender = InstanceId::Parse(words[1]);
  if (!sender.ok()) return sender.status();
  const absl::StatusOr<InstanceId> receiver = InstanceId::Parse(words[2]);
  if (!receiver.ok()) return receiver.status();
  account.sender = *sender;
  account.receiver = *receiver;
  account.connected = words[3] == "1";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!absl::SimpleAtoi(words[4 + i], columns[i])) {
      return absl::InvalidArgumentError(absl::StrCat("no account: ", line));
    }
  }
  return account;
}

}  // namespace am::fault
