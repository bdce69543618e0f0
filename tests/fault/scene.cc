#include "tests/fault/scene.h"

#include <signal.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "am/examples/or_die.h"
#include "tests/fault/fork.h"

namespace am::fault {
namespace {

using examples::ChildProcess;
using examples::OrDie;

// For whatever takes a moment, on a machine that may be busy.
constexpr absl::Duration kPatience = absl::Seconds(60);

// Room in each journal; what is not used costs nothing.
constexpr std::size_t kMostMessages = 16'000'000;

// Short, unlike the folders that a test is given: the path of a unix socket
// has at most 107 characters.
transport::OwnFolder MakeFolder() {
  return OrDie(transport::OwnFolder::Make("/tmp", "am_fault."));
}

// A process that has told its address.
InstanceProcess Started(const std::function<int()>& run) {
  InstanceProcess process = {OrDie(Fork(run)), {}, {}};
  const std::vector<std::string> words =
      absl::StrSplit(process.AwaitLine("at "), ' ');
  process.address = words.at(1);
  process.id = OrDie(InstanceId::Parse(words.at(2)));
  return process;
}

Operation ToOperation(const Sent& sent) {
  Operation operation;
  operation.id = sent.operation;
  operation.pattern = sent.pattern;
  operation.sender = InstanceId(sent.sender);
  operation.target = InstanceId(sent.target);
  operation.ordered = sent.ordered;
  // Whoever was killed within the send may have sent it.
  operation.accepted =
      sent.pattern != Pattern::kNoReturn || sent.ended_ns == 0 || sent.accepted;
  operation.completions = sent.completions;
  operation.code = static_cast<absl::StatusCode>(sent.code);
  operation.value_is_right = sent.value_is_right;
  return operation;
}

}  // namespace

std::string InstanceProcess::AwaitAnyOf(
    const std::vector<std::string>& beginnings) {
  const std::int64_t bound = NowNs() + absl::ToInt64Nanoseconds(kPatience);
  while (NowNs() < bound) {
    std::string line = OrDie(process.ReadLine(kPatience));
    for (const std::string& words : beginnings) {
      if (absl::StartsWith(line, words)) return line;
    }
  }
  OrDie(absl::DeadlineExceededError(
      absl::StrCat("\"", beginnings.front(), "\" never came")));
  return "";
}

InstanceId CallerProcess::AwaitJoined(std::size_t flow) {
  const std::string line = AwaitLine(absl::StrCat("joined ", flow, " "));
  return OrDie(InstanceId::Parse(line.substr(line.rfind(' ') + 1)));
}

std::int64_t CallerProcess::AwaitGone(InstanceId peer) {
  const std::string line =
      AwaitLine(absl::StrCat("gone ", peer.ToString(), " "));
  return std::stoll(line.substr(line.rfind(' ') + 1));
}

void CallerProcess::Await(const std::string& event, std::size_t flow) {
  AwaitLine(absl::StrCat(event, " ", flow));
}

Scene::Scene(std::string name)
    : name_(std::move(name)),
      folder_(MakeFolder()),
      sent_(OrDie(Journal<Sent>::Make(kMostMessages))),
      ran_(OrDie(Journal<Ran>::Make(kMostMessages))) {}

InstanceOptions Scene::At(const std::string& scheme) {
  if (scheme == "tcp") return {};
  if (scheme == "both") return Sharing();
  return {.listen =
              absl::StrCat(scheme, "://", folder_.path(), "/", ++sockets_)};
}

InstanceOptions Scene::Sharing() {
  InstanceOptions options = At("tcp");
  options.memory = At("shm").listen;
  return options;
}

ServerProcess Scene::StartServer(ServerOptions options) {
  options.ran = ran_.get();
  return {Started([&] { return Serve(options); })};
}

CallerProcess Scene::StartCaller(CallerOptions options) {
  options.sent = sent_.get();
  return {Started([&] { return Call(options); })};
}

std::int64_t Scene::Kill(ServerProcess& server) {
  return KillProcess(server.process, server.id);
}

std::int64_t Scene::Kill(CallerProcess& caller) {
  return KillProcess(caller.process, caller.id);
}

std::int64_t Scene::KillProcess(ChildProcess& process, InstanceId id) {
  const std::int64_t now = NowNs();
  kill(process.pid(), SIGKILL);
  process.Stop(kPatience).IgnoreError();  // says that it was killed
  died_.push_back(id);
  return now;
}

void Scene::Await(CallerProcess& caller) {
  std::string line;
  while (line != "end") {
    line = OrDie(caller.process.ReadLine(kPatience));
    if (absl::StartsWith(line, "account ")) {
      accounts_.push_back(OrDie(ParseAccount(line)));
    } else if (absl::StartsWith(line, "way ")) {
      ways_.push_back(line);
    }
  }
  OrDie(caller.process.Stop(kPatience));
}

void Scene::Finish(CallerProcess& caller) {
  kill(caller.process.pid(), SIGTERM);
  Await(caller);
}

void Scene::Finish(ServerProcess& server) {
  OrDie(server.process.Stop(kPatience));
}

std::vector<Sent> Scene::sent() const {
  std::vector<Sent> all;
  sent_->ForEach([&](const Sent& sent) { all.push_back(sent); });
  return all;
}

std::uint64_t Scene::DeliveredBy(InstanceId server) const {
  std::uint64_t sum = 0;
  for (const Account& account : accounts_) {
    if (account.receiver == server) sum += account.ledger.received.delivered;
  }
  return sum;
}

std::uint64_t Scene::link_lost() const {
  std::uint64_t sum = 0;
  for (const Account& account : accounts_) sum += account.ledger.link_lost;
  return sum;
}

std::uint64_t Scene::CountWays(const std::string& text) const {
  return static_cast<std::uint64_t>(std::count_if(
      ways_.begin(), ways_.end(),
      [&](const std::string& way) { return absl::StrContains(way, text); }));
}

History Scene::MakeHistory() const {
  History history;
  history.died = died_;
  history.accounts = accounts_;
  sent_->ForEach([&](const Sent& sent) {
    if (sent.operation >= first_exempt_) return;
    history.operations.push_back(ToOperation(sent));
  });
  ran_->ForEach([&](const Ran& ran) {
    if (ran.operation >= first_exempt_) return;
    history.executions.push_back({ran.operation, InstanceId(ran.instance)});
  });
  return history;
}

Row Scene::Judge() const {
  const History history = MakeHistory();
  Row row;
  row.name = name_;
  row.messages = history.operations.size();
  std::set<std::uint64_t> delivered;
  for (const Execution& execution : history.executions) {
    delivered.insert(execution.operation);
  }
  row.delivered = delivered.size();
  for (const Account& account : accounts_) {
    row.in_doubt += account.ledger.in_doubt;
  }
  row.violations = Check(history);
  if (sent_->overflow() + ran_->overflow() > 0) {
    row.violations.push_back("a journal was too small");
  }
  return row;
}

}  // namespace am::fault
