#include "am/node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/link/counts.h"
#include "am/wire/wire_status.h"

namespace am {
namespace {

// How long the last messages of a shutdown may take to be counted.
constexpr absl::Duration kSettleTime = absl::Seconds(1);

// How long it may take to connect to an instance that was chosen.
constexpr absl::Duration kConnectTimeout = absl::Seconds(10);

std::size_t SizeOf(const transport::InboundFrame& frame) {
  std::size_t bytes = frame.head.size();
  for (const transport::Buffer& part : frame.parts) bytes += part.size();
  return bytes;
}

}  // namespace

Node::Node(const ManagerOptions& options, PeerInfo self,
           transport::Transport& transport, std::shared_ptr<Driver> driver,
           const Clock& clock)
    : options_(options),
      clock_(clock),
      driver_(std::move(driver)),
      client_(*this),
      counters_(std::make_shared<Counters>()),
      calls_(std::make_shared<CallTable>(driver_, counters_, clock.Now(),
                                         self.id.value(),
                                         options_.planted_bug)),
      dispatcher_({options_, handlers_, *driver_, clock, client_, *counters_,
                   [this] { peers_.NoteOwes(); }}),
      peers_(std::move(self), options_.link, *driver_, clock,
             [this](const std::vector<std::uint64_t>& waiters) {
               for (const std::uint64_t id : waiters) FinishLocal(id);
             }),
      fleet_(peers_, *calls_, dispatcher_),
      control_(
          {options_.control_plane, peers_.self().id, options_.link, *calls_,
           *driver_, clock,
           [this](InstanceId instance) { return ControlAddressOf(instance); }}),
      self_link_(std::make_shared<SelfLink>(SelfLink::Parts{
          peers_.self().id, options_.link, handlers_, dispatcher_, *driver_,
          [this](const MessageHeader& header, absl::string_view metadata,
                 transport::Buffer payload) {
            OnReply(this->self().id, header, metadata, std::move(payload),
                    clock_.Now());
          },
          [this](const std::vector<std::uint64_t>& waiters) {
            for (const std::uint64_t id : waiters) FinishLocal(id);
          }})),
      outbox_(options_, peers_, *self_link_, control_, calls_, *counters_,
              clock),
      hedging_(std::make_shared<Hedging>(Hedging::Parts{
          [this](const AnyInstance& any, const MethodSpec& spec,
                 const CallOptions& call,
                 InstanceId except) { return Choose(any, spec, call, except); },
          outbox_, calls_, *driver_, clock, *counters_})),
      sessions_({options_.link, peers_, transport, *calls_, *driver_, clock,
                 refusals_, options_.log,
                 [this](const std::shared_ptr<Peer>& peer,
                        const absl::Status& why) { OnPeerLost(peer, why); }}),
      planted_bug_(options_.planted_bug),
      awaited_handlers_(*calls_) {
  handlers_.AddListener(
      [this](const HandlerEvent& event) { OnHandlerEvent(event); });
  calls_->SetOnCancel([this](InstanceId peer, std::uint64_t call_id) {
    outbox_.SendCancel(peer, call_id);
  });
  calls_->SetOnRetry([this](const std::shared_ptr<CallTable::Call>& call) {
    outbox_.Repeat(*call);
  });
}

Node::~Node() { Stop(); }

void Node::Start() { driver_->Start(*this); }

// -- Handlers that are awaited -----------------------------------------------

// Ends a call that waited for something here.
void Node::FinishLocal(std::uint64_t call_id) {
  calls_->Finish(call_id, InstanceId(), {});
}

std::shared_ptr<PendingCall> Node::AwaitHandler(const std::string& full_name,
                                                absl::Duration timeout) {
  const auto call = calls_->Begin(InstanceId(), clock_.Now() + timeout);
  awaited_handlers_.Add(full_name, call->id);
  outbox_.CancelWithHandler(call);
  // Looked at after that: a registration in between is not missed.
  if (handlers_.Has(full_name)) FinishLocal(call->id);
  return call;
}

void Node::OnHandlerEvent(const HandlerEvent& event) {
  if (event.kind != HandlerEvent::Kind::kRegistered) return;
  for (const auto& [name, id] : awaited_handlers_.Take(
           [&](const std::string& name) { return name == event.name; })) {
    FinishLocal(id);
  }
}

// As the directory says or, which may be longer ago, the peer said itself.
std::string Node::ControlAddressOf(InstanceId instance) const {
  const InstanceRecordPtr record = fleet_.Find(instance);
  if (record != nullptr && !record->control_address.empty()) {
    return record->control_address;
  }
  const std::shared_ptr<Peer> peer = peers_.Find(instance);
  return peer == nullptr ? "" : peer->info().control_address;
}

absl::StatusOr<InstanceId> Node::Choose(const AnyInstance& any,
                                        const MethodSpec& spec,
                                        const CallOptions& options,
                                        InstanceId except) {
  const absl::StatusOr<InstanceRecordPtr> chosen =
      fleet_.Choose(any, spec.name, except);
  if (!chosen.ok()) return chosen.status();
  const PeerInfo& info = (*chosen)->peer;
  if (info.id == self().id) return info.id;
  const Plane plane = outbox_.PlaneOf(spec, options);
  if (plane == Plane::kControl) return info.id;
  const std::shared_ptr<Peer> peer = peers_.Find(info.id);
  if (peer != nullptr && !peer->link().is_down()) return info.id;
  // With another way the message need not wait for this one.
  const bool has_other = plane == Plane::kAuto && control_.Reaches(info.id);
  const absl::Time now = clock_.Now();
  if (has_other && peer != nullptr && !peer->MayApproach(now)) return info.id;
  absl::Status approached = sessions_.Approach(info, now + kConnectTimeout);
  if (!approached.ok() && !has_other) return approached;
  return info.id;
}

// -- Receiving ---------------------------------------------------------------

void Node::OnFrame(transport::InboundFrame frame, absl::Time now) {
  FrameReader reader;
  if (const WireError error = reader.Read(frame); error != WireError::kNone) {
    refusals_.Count(error);
    if (error == WireError::kOtherMajor && options_.log) {
      options_.log(absl::StrCat("refused a frame of protocol version ",
                                reader.header().major, "; this is version ",
                                kWireMajor));
    }
    return;
  }
  const std::uint64_t target = reader.header().target;
  const bool for_us = target == 0 || target == self().id.value();
  if (!for_us) refusals_.Count(Refusal::kOtherIncarnation);
  bool accepted = false;
  for (MessageView message; reader.Next(message);) {
    if (message.header.kind == MessageKind::kHello) {
      sessions_.OnHello(reader.header(), message.payload);
    } else if (!for_us) {
      return;
    } else if (message.header.kind == MessageKind::kHelloAck) {
      sessions_.OnHelloAck(reader.header(), message.payload);
    } else {
      if (!accepted && !Accept(reader, SizeOf(frame), now)) return;
      accepted = true;
      OnMessage(reader, message, now);
    }
  }
  driver_->Notify();
}

bool Node::Accept(const FrameReader& reader, std::size_t bytes,
                  absl::Time now) {
  const FrameHeader& header = reader.header();
  const InstanceId id(header.sender);
  // One that was lost may have been forgotten, and found anew.
  if (sender_ == nullptr || sender_->id() != id ||
      sender_->state() == PeerState::kLost) {
    sender_ = peers_.Find(id);
  }
  if (sender_ == nullptr) {
    refusals_.Count(Refusal::kUnknownSender);
    return false;
  }
  switch (sender_->link().OnFrame(header, reader.numbered(), bytes, now)) {
    case Link::Verdict::kTake:
      if (reader.numbered() > 0) peers_.NoteOwes();
      return true;
    case Link::Verdict::kWrongSession:
      if (planted_bug_.Strikes(PlantedBug::kOldSession)) return true;
      refusals_.Count(Refusal::kWrongSession);
      return false;
    case Link::Verdict::kGap:
      refusals_.Count(Refusal::kOutOfOrder);
      sessions_.OnGap(*sender_, header.session);
      return false;
    case Link::Verdict::kOutOfOrder:
      refusals_.Count(Refusal::kOutOfOrder);
      return false;
    case Link::Verdict::kBadCounts:
      refusals_.Count(Refusal::kBadCounts);
      return false;
  }
  return false;
}

void Node::OnMessage(const FrameReader& reader, const MessageView& message,
                     absl::Time now) {
  switch (message.header.kind) {
    case MessageKind::kNoReturn:
    case MessageKind::kAckCall:
    case MessageKind::kCall:
      return dispatcher_.Dispatch(sender_, message, reader, now);
    case MessageKind::kReply:
      return OnReply(sender_->id(), message.header, message.metadata,
                     reader.SharePayload(message), now);
    case MessageKind::kCancel:
      return dispatcher_.Cancel(sender_->id(), message.header.call_id);
    default:
      if (IsNumbered(message.header.kind)) {
        return refusals_.Count(Refusal::kUnknownKind);
      }
      return OnControl(message, now);
  }
}

void Node::OnControl(const MessageView& message, absl::Time now) {
  switch (message.header.kind) {
    case MessageKind::kPing:
      return sender_->link().AnswerPing(message.header.call_id);
    case MessageKind::kPong:
      // An answer to another PING, or the second to one that was sent twice,
      // may be an old one that was on its way.
      if (message.header.call_id == sender_->ping && sender_->owes_sign()) {
        sender_->link().OnPong(now);
      }
      return;
    case MessageKind::kCounts: {
      InboundCounts counts;
      if (!DecodeCounts(message.payload, counts)) {
        return refusals_.Count(Refusal::kBadControl);
      }
      if (!sender_->link().OnCounts(counts)) {
        refusals_.Count(Refusal::kBadCounts);
      }
      return;
    }
    case MessageKind::kDraining:
      sender_->is_draining = true;
      peers_.SetState(*sender_, PeerState::kDraining);
      return;
    case MessageKind::kGoodbye:
      return sessions_.OnGoodbye(sender_);
    case MessageKind::kGaveUp:
      return OnPeerLost(sender_, absl::UnavailableError(
                                     absl::StrCat(sender_->info().ToString(),
                                                  " had lost us for a while")));
    default:
      return;  // Of a later minor version.
  }
}

void Node::OnReply(InstanceId from, const MessageHeader& header,
                   absl::string_view metadata, transport::Buffer payload,
                   absl::Time now) {
  if (planted_bug_.Strikes(PlantedBug::kLostReply)) return;
  const bool ran = (header.flags & kNotRun) == 0;
  Reply reply;
  if (header.status != 0) reply.status = DecodeStatus(header.status, metadata);
  if (!reply.status.ok() &&
      calls_->TryAgain(header.call_id, from, reply.status,
                       ran ? AttemptEnd::kRan : AttemptEnd::kUnsent, now)) {
    return;
  }
  reply.codec = header.codec;
  reply.payload = std::move(payload);
  reply.origin = ran ? ReplyOrigin::kHandler : ReplyOrigin::kRefused;
  if (!calls_->Finish(header.call_id, from, std::move(reply))) {
    refusals_.Count(Refusal::kLateReply);
  }
}

absl::Time Node::OnTick(absl::Time now) {
  const absl::Time next_call = calls_->OnTick(now);
  std::vector<std::shared_ptr<Peer>> silent;
  const absl::Time next_peer = peers_.OnTick(now, silent);
  for (const auto& peer : silent) {
    sessions_.Lose(peer, absl::UnavailableError("no sign of life"));
  }
  return std::min({next_call, next_peer, sessions_.OnTick(now),
                   dispatcher_.OnTick(now), hedging_->OnTick(now)});
}

void Node::OnPeerLost(const std::shared_ptr<Peer>& peer,
                      const absl::Status& why) {
  calls_->OnPeerLost(peer->id(), why, clock_.Now());
  dispatcher_.CancelAllOf(*peer);
  driver_->Notify();
}

// -- The end -----------------------------------------------------------------

int Node::AddDrainListener(std::function<void()> listener) {
  MutexLock lock(drain_mutex_);
  drain_listeners_[next_drain_listener_] = std::move(listener);
  return next_drain_listener_++;
}

void Node::RemoveDrainListener(int number) {
  MutexLock lock(drain_mutex_);
  drain_listeners_.erase(number);
}

absl::Status Node::Drain() {
  const absl::Time begin = clock_.Now();
  const absl::Time deadline = begin + options_.shutdown_timeout;
  draining_ = true;
  {
    MutexLock lock(drain_mutex_);
    for (const auto& [number, listener] : drain_listeners_) listener();
  }
  peers_.Announce(MessageKind::kDraining);
  driver_->WaitUntil([] { return false; },
                     std::min(begin + options_.drain_grace, deadline));
  dispatcher_.RefuseNew();
  const auto is_idle = [this] { return dispatcher_.active() == 0; };
  const bool idle = driver_->WaitUntil(is_idle, deadline);
  if (!idle) {
    // Who listens ends now, and is answered.
    dispatcher_.CancelAll();
    driver_->WaitUntil(is_idle, clock_.Now() + kSettleTime);
  }
  const bool settled = driver_->WaitUntil(
      [this] { return peers_.Settled() && control_.Settled(); },
      clock_.Now() + kSettleTime);
  absl::Status result;
  if (!idle || !settled) result = absl::DeadlineExceededError(Unfinished());
  peers_.TellCounts();
  peers_.Announce(MessageKind::kGoodbye);
  driver_->WaitUntil([this] { return peers_.Flushed(); },
                     clock_.Now() + kSettleTime);
  calls_->Close(absl::UnavailableError("this instance has shut down"));
  control_.Close();
  sessions_.Close();
  AwaitTold();
  return result;
}

// The callbacks and coroutines of the calls that ended last run before the
// driver stops, which would drop them. Work is begun in order.
void Node::AwaitTold() {
  const auto told = std::make_shared<std::atomic<bool>>(false);
  driver_->RunQuick([this, told] {
    *told = true;
    driver_->Notify();
  });
  driver_->WaitUntil([&told] { return told->load(); },
                     clock_.Now() + kSettleTime);
}

std::string Node::Unfinished() const {
  std::string text = absl::StrCat("shut down with ", dispatcher_.active(),
                                  " handlers unfinished");
  for (const auto& peer : peers_.List()) {
    if (peer->link().Settled()) continue;
    absl::StrAppend(&text, "; unsent or uncounted messages to ",
                    peer->info().ToString());
  }
  if (const auto in_flight = control_.ledger().in_flight(); in_flight > 0) {
    absl::StrAppend(&text, "; ", in_flight,
                    " one-way messages over the control plane");
  }
  return text;
}

void Node::Stop() {
  dispatcher_.RefuseNew();
  dispatcher_.CancelAll();
  calls_->Close(absl::UnavailableError("this instance has shut down"));
  control_.Close();
  sessions_.Close();
  driver_->Stop();
}

std::string Node::DebugString() const {
  std::string text =
      absl::StrCat(self().ToString(), "\n  calls pending ", calls_->size(),
                   ", handlers active ", dispatcher_.active(), ", queued ",
                   dispatcher_.queued(), "\n");
  for (const auto& peer : peers_.List()) {
    absl::StrAppend(&text, "  peer ", peer->info().ToString(), " ",
                    PeerStateName(peer->state()),
                    "\n    one-way: ", peer->link().ledger().ToString(), "\n");
  }
  if (const Ledger ledger = control_.ledger(); ledger.accepted > 0) {
    absl::StrAppend(&text, "  one-way over control: ", ledger.ToString(), "\n");
  }
  for (const auto& [name, count] : counters_->List()) {
    if (count > 0) absl::StrAppend(&text, "  ", name, " ", count, "\n");
  }
  for (const auto& [name, count] : refusals_.List()) {
    absl::StrAppend(&text, "  refused ", name, " ", count, "\n");
  }
  return text;
}

}  // namespace am
