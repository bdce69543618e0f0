#include "tests/fault/incarnation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "am/future.h"
#include "am/node.h"
#include "am/v1/wire.pb.h"

namespace am::fault {
namespace {

template <typename Response, Pattern pattern>
constexpr Method<std::string, Response, pattern> Token(
    absl::string_view name, bool ordered = false, bool idempotent = false) {
  MethodSpec spec;
  spec.name = name;
  spec.id = HandlerId(name);
  spec.pattern = pattern;
  spec.ordered = ordered;
  spec.idempotent = idempotent;
  return {spec};
}

// One ordered handler of each pattern: that is what the checker expects.
constexpr auto kNote = Token<void, Pattern::kNoReturn>("am.fault.Sim/Note");
constexpr auto kNoteInOrder =
    Token<void, Pattern::kNoReturn>("am.fault.Sim/NoteInOrder", true);
constexpr auto kNoteSlowly =
    Token<void, Pattern::kNoReturn>("am.fault.Sim/NoteSlowly");
constexpr auto kCheck = Token<void, Pattern::kAck>("am.fault.Sim/Check");
constexpr auto kCheckInOrder =
    Token<void, Pattern::kAck>("am.fault.Sim/CheckInOrder", true);
constexpr auto kCompute =
    Token<std::string, Pattern::kResponse>("am.fault.Sim/Compute");
constexpr auto kComputeAgain = Token<std::string, Pattern::kResponse>(
    "am.fault.Sim/ComputeAgain", false, /*idempotent=*/true);
constexpr auto kComputeInOrder =
    Token<std::string, Pattern::kResponse>("am.fault.Sim/ComputeInOrder", true);
constexpr auto kComputeSlowly =
    Token<std::string, Pattern::kResponse>("am.fault.Sim/ComputeSlowly");
constexpr auto kNobodys =
    Token<std::string, Pattern::kResponse>("am.fault.Sim/Nobodys");
constexpr auto kNobodysNote =
    Token<void, Pattern::kNoReturn>("am.fault.Sim/NobodysNote");

std::string ToText(const Errand& errand) {
  return absl::StrCat(
      errand.operation, " ", absl::ToInt64Microseconds(errand.wait), " ",
      errand.relay_to.value(), " ", std::string(errand.padding, 'x'));
}

Errand FromText(const std::string& text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  Errand errand;
  std::int64_t wait = 0;
  std::uint64_t relay_to = 0;
  if (words.size() == 4 && absl::SimpleAtoi(words[0], &errand.operation) &&
      absl::SimpleAtoi(words[1], &wait) &&
      absl::SimpleAtoi(words[2], &relay_to)) {
    errand.wait = absl::Microseconds(wait);
    errand.relay_to = InstanceId(relay_to);
  }
  return errand;
}

std::string ValueOf(std::uint64_t operation) {
  return absl::StrCat("value of ", operation);
}

}  // namespace

const std::vector<MethodSpec>& HandlersOfAll() {
  static const auto* const handlers = new std::vector<MethodSpec>{
      kNote.spec,          kNoteInOrder.spec,    kNoteSlowly.spec,
      kCheck.spec,         kCheckInOrder.spec,   kCompute.spec,
      kComputeSlowly.spec, kComputeInOrder.spec, kNobodys.spec,
      kComputeAgain.spec,  kNobodysNote.spec};
  return *handlers;
}

MethodSpec ProbeHandler() { return kCheck.spec; }

Incarnation::Incarnation(SimulatedWorld& world, const std::string& name,
                         ManagerOptions options, Recorder& recorder)
    : name_(name),
      world_(world),
      recorder_(recorder),
      manager_(world.MakeManager(name, std::move(options))),
      id_(manager_->instance_id()) {
  recorder_.Log(name, " begins as ", id().ToString());
  Register();
}

// -- Handlers ----------------------------------------------------------------

template <typename Response, Pattern pattern, typename F>
void Incarnation::Add(const Method<std::string, Response, pattern>& method,
                      F function) {
  manager_->Register(method, std::move(function)).IgnoreError();
}

void Incarnation::Register() {
  const auto note = [this](Context&, const std::string& text) { Begin(text); };
  const auto compute =
      [this](Context&, const std::string& text) -> absl::StatusOr<std::string> {
    return ValueOf(Begin(text).operation);
  };
  Add(kNote, note);
  Add(kNoteInOrder, note);
  Add(kNoteSlowly, [this](Context& context, const std::string& text) {
    return Work(context, text);
  });
  Add(kCheck, [this](Context&, const std::string& text) {
    Begin(text);
    return absl::OkStatus();
  });
  Add(kCheckInOrder,
      [this](Context& context, const std::string& text) -> Task<absl::Status> {
        co_await Work(context, text);
        co_return absl::OkStatus();
      });
  Add(kCompute, compute);
  Add(kComputeAgain, compute);
  Add(kComputeInOrder, compute);
  Add(kComputeSlowly,
      [this](Context& context,
             const std::string& text) -> Task<absl::StatusOr<std::string>> {
        co_await Work(context, text);
        co_return ValueOf(FromText(text).operation);
      });
}

Errand Incarnation::Begin(const std::string& text) {
  const Errand errand = FromText(text);
  recorder_.Ran(errand.operation, id());
  return errand;
}

Task<void> Incarnation::Work(Context& context, const std::string& text) {
  const Errand errand = Begin(text);
  if (!errand.relay_to.is_nobody()) co_await Relay(context, errand);
  if (errand.wait > absl::ZeroDuration()) {
    // Nobody has it: that takes as long as it may.
    Future<void> timer(manager_->node().AwaitHandler("never", errand.wait));
    const absl::Status expired = co_await timer;
    expired.IgnoreError();
  }
}

Task<void> Incarnation::Relay(Context& context, const Errand& errand) {
  Order order{.handler = kCompute.spec,
              .target = errand.relay_to,
              .errand = {},
              .options = {}};
  Operation operation = Describe(order);
  operation.deadline = context.deadline();
  order.errand.operation = recorder_.Sent(operation, order.handler.name);
  const std::string text = ToText(order.errand);
  Future<std::string> call(context.client().StartCall(
      order.handler, order.target, Payload::Borrow(text), order.options));
  const absl::StatusOr<std::string> value = co_await call;
  recorder_.Ended(order.errand.operation, value.status(),
                  !value.ok() || *value == ValueOf(order.errand.operation));
}

// -- Peers -------------------------------------------------------------------

InstanceId Incarnation::Known(const std::string& name) const {
  const auto found = known_.find(name);
  return found == known_.end() ? InstanceId() : found->second;
}

void Incarnation::Connect(const std::string& name) {
  Future<v1::PeerInfo> peer(manager_->node().sessions().Connect(
      transport::Address::InProcess(name),
      world_.clock().Now() + absl::Seconds(2)));
  std::move(peer).OnDone([this, name](absl::StatusOr<v1::PeerInfo> proto) {
    if (!alive) return;
    if (!proto.ok()) {
      recorder_.Log(name_, " cannot connect to ", name, ": ",
                    proto.status().ToString());
      return;
    }
    const absl::StatusOr<PeerInfo> info = FromProto(*proto);
    if (!info.ok() || info->id == Known(name)) return;
    recorder_.Log(name_, " is connected to ", info->ToString());
    known_[name] = info->id;
  });
}

// -- Messages ----------------------------------------------------------------

Operation Incarnation::Describe(const Order& order) const {
  Operation operation;
  operation.pattern = order.handler.pattern;
  operation.sender = id();
  operation.target = order.target;
  operation.ordered = order.handler.ordered;
  operation.idempotent = order.handler.idempotent;
  operation.unhindered = order.unhindered;
  if (operation.pattern != Pattern::kNoReturn) {
    operation.deadline = world_.clock().Now() + order.options.timeout;
  }
  return operation;
}

void Incarnation::Send(const Order& order, const OnCancellable& cancel) {
  Errand errand = order.errand;
  errand.operation = recorder_.Sent(Describe(order), order.handler.name);
  const std::uint64_t id = errand.operation;
  const std::string text = ToText(errand);
  if (order.handler.pattern == Pattern::kNoReturn) {
    recorder_.Queued(id, manager_->client().SendOneWay(
                             order.handler, order.target, Payload::Borrow(text),
                             order.options));
    return;
  }
  const auto call = manager_->client().StartCall(
      order.handler, order.target, Payload::Borrow(text), order.options);
  call->SetContinuation([this, id, call, pattern = order.handler.pattern] {
    const Reply reply = call->TakeReply();
    const bool right = !reply.status.ok() || pattern == Pattern::kAck ||
                       reply.payload.view() == ValueOf(id);
    recorder_.Ended(id, reply.status, right);
  });
  if (!cancel) return;
  cancel([this, id, call] {
    if (!runs() || call->done()) return;
    recorder_.Log("  ", id, " is cancelled");
    call->Cancel();
  });
}

void Incarnation::Leave() {
  const absl::Status status = manager_->Shutdown();
  recorder_.Log(name_, " has left: ", status.ToString());
  alive = false;
  manager_.reset();
}

Account Incarnation::AccountWith(InstanceId receiver) const {
  Account account{.sender = id(), .receiver = receiver};
  if (const auto peer = manager_->node().peers().Find(receiver)) {
    account.ledger = peer->link().ledger();
    account.connected = peer->state() == PeerState::kJoined;
  }
  return account;
}

}  // namespace am::fault
