#include "am/peer/session_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/peer/handshake.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

// A connect's own deadline comes after its attempt's, whose error says more.
constexpr absl::Duration kAfterAttempt = absl::Seconds(1);

Reply Failure(absl::Status status) { return {std::move(status), {}, {}}; }

// Who listens so can connect so.
PeerInfo::Memory MemoryOf(const PeerInfo& self) {
  const bool shares = std::any_of(
      self.addresses.begin(), self.addresses.end(), [](const auto& address) {
        return address.scheme() == transport::Scheme::kShm;
      });
  return shares ? PeerInfo::Memory::kShared : PeerInfo::Memory::kOwn;
}

}  // namespace

SessionTable::SessionTable(Parts parts)
    : parts_(std::move(parts)),
      memory_(MemoryOf(parts_.peers.self())),
      returns_(parts_.link, parts_.peers.self().id.value()) {}

SessionTable::~SessionTable() { Close(); }

Reply SessionTable::Success(const PeerInfo& info) {
  v1::PeerInfo proto;
  ToProto(info, proto);
  return {absl::OkStatus(), Codec::kProtobuf,
          transport::Buffer(proto.SerializeAsString())};
}

// -- Connecting --------------------------------------------------------------

std::shared_ptr<PendingCall> SessionTable::Connect(
    const transport::Address& address, absl::Time deadline) {
  return Begin({address}, InstanceId(), /*is_final=*/false, deadline);
}

std::shared_ptr<PendingCall> SessionTable::Connect(const PeerInfo& peer,
                                                   absl::Time deadline) {
  absl::StatusOr<Way> way = WayTo(peer);
  if (!way.ok()) return parts_.calls.Ended(way.status());
  return Begin(*way, peer.id, /*is_final=*/true, deadline);
}

absl::Status SessionTable::Approach(const PeerInfo& info, absl::Time deadline) {
  const absl::StatusOr<Way> way = WayTo(info);
  if (!way.ok()) return way.status();
  const std::shared_ptr<Peer> peer = parts_.peers.FindOrAdd(info.id);
  {
    MutexLock lock(mutex_);  // The peer may say HELLO at the same time.
    if (!peer->link().Expect()) return absl::OkStatus();
    peer->set_info(info);
    parts_.peers.SetState(*peer, PeerState::kConnecting);
  }
  Begin(*way, info.id, /*is_final=*/true, deadline);
  return absl::OkStatus();
}

// Where memory cannot be shared after all, there is another way.
absl::StatusOr<SessionTable::Way> SessionTable::WayTo(
    const PeerInfo& info) const {
  const std::shared_ptr<Peer> peer = parts_.peers.Find(info.id);
  const bool spoilt = peer != nullptr && peer->memory_was_spoilt();
  const absl::StatusOr<transport::Address> best =
      info.Choose(spoilt ? PeerInfo::Memory::kOwn : memory_);
  if (!best.ok()) return best.status();
  Way way = {*best};
  if (best->scheme() != transport::Scheme::kShm) return way;
  const transport::Address other = *info.Choose();
  if (other.scheme() != transport::Scheme::kShm) way.fallback = other;
  return way;
}

std::shared_ptr<PendingCall> SessionTable::Begin(const Way& way, InstanceId id,
                                                 bool is_final,
                                                 absl::Time deadline) {
  auto call = parts_.calls.Begin(InstanceId(), deadline + kAfterAttempt);
  Endings endings;
  {
    MutexLock lock(mutex_);
    for (const auto& [session, entry] : attached_) {
      const PeerInfo info = entry.peer->info();
      const bool same = id.is_nobody()
                            ? std::count(info.addresses.begin(),
                                         info.addresses.end(), way.address) > 0
                            : info.id == id;
      if (same) {
        endings.calls.push_back({{call->id}, Success(info)});
        break;
      }
    }
    for (auto& [session, attempt] : attempts_) {
      if (!endings.calls.empty()) break;
      if (attempt.peer == id && attempt.connection->address() == way.address) {
        attempt.waiters.push_back(call->id);
        return call;
      }
    }
    if (endings.calls.empty()) {
      Attempt attempt;
      attempt.peer = id;
      attempt.is_final = is_final;
      attempt.fallback = way.fallback;
      attempt.deadline = deadline;
      attempt.waiters = {call->id};
      Open(way.address, std::move(attempt), endings);
    }
  }
  End(endings);
  return call;
}

void SessionTable::Open(const transport::Address& address, Attempt attempt,
                        Endings& endings) {
  if (closed_) {
    return Fail(std::move(attempt),
                absl::UnavailableError("this instance is shutting down"),
                endings);
  }
  absl::StatusOr<std::shared_ptr<Connection>> connection =
      Connection::Open(parts_.transport, address, ++last_session_, *this);
  if (!connection.ok()) {
    return Fail(std::move(attempt), connection.status(), endings);
  }
  attempt.connection = *std::move(connection);
  // A lane that does not take it is as good as lost: the deadline says so.
  Connection& opened = *attempt.connection;
  const HandshakeRoute route = Route(attempt.peer, opened.session());
  opened.TrySend({HelloFrame(route), {}});
  if (attempt.answer.has_value()) {
    opened.TrySend({HelloAckFrame(route, *attempt.answer), {}});
  }
  parts_.driver.WakeAt(attempt.deadline);
  attempts_.emplace(attempt.connection->session(), std::move(attempt));
}

HandshakeRoute SessionTable::Route(InstanceId target,
                                   std::uint32_t session) const {
  const std::shared_ptr<Peer> peer = parts_.peers.Find(target);
  return {parts_.peers.introduction(), target, session,
          peer == nullptr ? 0 : peer->link().inbound_session(), parts_.link};
}

SessionTable::Attempt SessionTable::TakeAttempt(std::uint32_t session) {
  return std::move(attempts_.extract(session).mapped());
}

// What is left to try of an attempt that failed: an address known to work or,
// if no more than the connection was lost, the same one once more.
std::optional<transport::Address> SessionTable::NextTry(
    Attempt& attempt, const absl::Status& why) const {
  if (attempt.fallback.has_value()) {
    return std::exchange(attempt.fallback, std::nullopt);
  }
  const bool has_spare = std::exchange(attempt.has_spare, false);
  if (!has_spare || attempt.connection == nullptr ||
      !absl::IsUnavailable(why) || parts_.clock.Now() >= attempt.deadline) {
    return std::nullopt;
  }
  return attempt.connection->address();
}

// The peer, if it is known, is lost by that, and tried again later if it was
// connected before.
void SessionTable::Fail(Attempt attempt, absl::Status why, Endings& endings) {
  if (attempt.fallback.has_value()) attempt.detour = std::string(why.message());
  const std::optional<transport::Address> next = NextTry(attempt, why);
  if (attempt.connection != nullptr) Retire(std::move(attempt.connection));
  if (next.has_value()) return Open(*next, std::move(attempt), endings);
  const std::shared_ptr<Peer> peer = parts_.peers.Find(attempt.peer);
  if (peer != nullptr && peer->link().session() == 0) {
    GiveUp(peer, why, endings);
    if (absl::IsFailedPrecondition(why)) returns_.End(attempt.peer);
    returns_.OnFailed(attempt.peer, parts_.clock.Now());
    parts_.driver.WakeAt(returns_.NextDue());
  }
  endings.calls.push_back(
      {std::move(attempt.waiters), Failure(std::move(why))});
}

void SessionTable::GiveUp(const std::shared_ptr<Peer>& peer,
                          const absl::Status& why, Endings& endings) {
  const absl::Status lost = absl::UnavailableError(
      absl::StrCat("lost ", peer->info().ToString(), ": ", why.message()));
  if (parts_.peers.NoteLost(*peer, lost)) endings.lost.push_back({peer, lost});
}

void SessionTable::End(Endings& endings) {
  for (EndedCalls& ended : endings.calls) {
    for (const std::uint64_t waiter : ended.waiters) {
      parts_.calls.Finish(waiter, InstanceId(), ended.reply);
    }
  }
  for (const LostPeer& lost : endings.lost) parts_.on_lost(lost.peer, lost.why);
}

// -- The end of a connection -------------------------------------------------

void SessionTable::Retire(std::shared_ptr<Connection> connection) {
  retired_.push_back(std::move(connection));
  parts_.driver.WakeAt(parts_.clock.Now());
}

void SessionTable::OnWritable(std::uint32_t session) {
  std::shared_ptr<Peer> peer;
  {
    MutexLock lock(mutex_);
    const auto found = attached_.find(session);
    if (found == attached_.end()) return;
    peer = found->second.peer;
  }
  peer->link().OnWritable(session);
}

// The lane is lost. The peer may be well: a try to return is made at once.
void SessionTable::OnLost(std::uint32_t session, std::string why) {
  Endings endings;
  {
    MutexLock lock(mutex_);
    if (attempts_.contains(session)) {
      Attempt attempt = TakeAttempt(session);
      const std::string address = attempt.connection->address().ToString();
      Fail(std::move(attempt),
           absl::UnavailableError(
               absl::StrCat("cannot connect to ", address, ": ", why)),
           endings);
    } else if (const auto entry = attached_.find(session);
               entry != attached_.end()) {
      BreakOff(entry, absl::UnavailableError(why), endings);
    }
  }
  End(endings);
}

// No sign of life: the lane may seem well.
void SessionTable::Lose(const std::shared_ptr<Peer>& peer,
                        const absl::Status& why) {
  Endings endings;
  {
    MutexLock lock(mutex_);
    const auto entry = attached_.find(peer->link().session());
    GiveUp(peer, why, endings);
    if (entry != attached_.end()) {
      Return(entry, why, Loss::kSilent, endings);
    }
  }
  End(endings);
}

void SessionTable::BreakOff(AttachedMap::iterator entry,
                            const absl::Status& why, Endings& endings) {
  const std::shared_ptr<Peer> peer = entry->second.peer;
  peer->link().Suspend(entry->first);
  parts_.peers.SetState(*peer, PeerState::kConnecting, why);
  Return(entry, why, Loss::kBroken, endings);
}

// Not over memory that was shared: whoever spoilt it may do so again, and a
// peer that was silent is first to answer elsewhere. With a spare, what
// interrupts the first try as well does not cost the peer. An answer that broke
// off with the connection would cost the peer its patience.
void SessionTable::Return(AttachedMap::iterator lost, const absl::Status& why,
                          Loss loss, Endings& endings) {
  const std::shared_ptr<Peer> peer = lost->second.peer;
  transport::Address address = lost->second.connection->address();
  if (address.scheme() == transport::Scheme::kShm) {
    if (loss == Loss::kBroken) peer->SpoilMemory(std::string(why.message()));
    address = *peer->info().Choose();
  }
  Attempt attempt;
  attempt.has_spare = loss == Loss::kBroken;
  attempt.answer = std::move(lost->second.told);
  Retire(std::move(lost->second.connection));
  attached_.erase(lost);
  returns_.Begin(peer->id(), address, parts_.clock.Now());
  TryReturn({peer->id(), address}, std::move(attempt), endings);
}

bool SessionTable::MayShareMemory(const PeerInfo& info) const {
  const absl::StatusOr<Way> best = WayTo(info);
  return best.ok() && best->address.scheme() == transport::Scheme::kShm;
}

// Whoever answers elsewhere is offered memory to share.
void SessionTable::TryReturn(const Returns::Try& due, Attempt attempt,
                             Endings& endings) {
  const std::shared_ptr<Peer> peer = parts_.peers.Find(due.peer);
  attempt.peer = due.peer;
  attempt.is_final = peer == nullptr || !MayShareMemory(peer->info());
  attempt.deadline = parts_.clock.Now() + kReturnTimeout;
  Open(due.address, std::move(attempt), endings);
}

absl::Status SessionTable::Disconnect(InstanceId id) {
  const std::shared_ptr<Peer> peer = parts_.peers.Find(id);
  if (peer == nullptr || peer->state() == PeerState::kLost) {
    return absl::NotFoundError(
        absl::StrCat("instance ", id.ToString(), " is not connected"));
  }
  peer->link().SendOwedCounts();
  peer->link().SendControl(MessageKind::kGoodbye, 0, Payload());
  Leave(peer, absl::UnavailableError("disconnected"));
  return absl::OkStatus();
}

void SessionTable::OnGoodbye(const std::shared_ptr<Peer>& peer) {
  Leave(peer, absl::UnavailableError("it said goodbye"));
  peer->link().NotePeerKnows();
}

// For good: no try is made to return.
void SessionTable::Leave(const std::shared_ptr<Peer>& peer,
                         const absl::Status& why) {
  Endings endings;
  {
    MutexLock lock(mutex_);
    LeaveLocked(peer, why, endings);
  }
  End(endings);
}

void SessionTable::LeaveLocked(const std::shared_ptr<Peer>& peer,
                               const absl::Status& why, Endings& endings) {
  const auto entry = attached_.find(peer->link().session());
  if (entry != attached_.end()) {
    Retire(std::move(entry->second.connection));
    attached_.erase(entry);
  }
  returns_.End(peer->id());
  GiveUp(peer, why, endings);
}

// -- Time --------------------------------------------------------------------

absl::Time SessionTable::OnTick(absl::Time now) {
  Endings endings;
  std::vector<std::shared_ptr<Connection>> retired;
  absl::Time next = absl::InfiniteFuture();
  {
    MutexLock lock(mutex_);
    FailLate(now, endings);
    if (now >= next_answer_by_) BreakOffUnanswered(now, endings);
    for (const Returns::Try& due : returns_.TakeDue(now)) {
      TryReturn(due, {}, endings);
    }
    next = std::min(returns_.NextDue(), next_answer_by_);
    for (const auto& [session, attempt] : attempts_) {
      next = std::min(next, attempt.deadline);
    }
    // A link may be in the midst of a send on the others.
    std::erase_if(retired_, [&retired](auto& connection) {
      if (connection.use_count() > 1) return false;
      retired.push_back(std::move(connection));
      return true;
    });
    if (!retired_.empty()) next = std::min(next, now + absl::Milliseconds(1));
  }
  End(endings);
  return next;
}

void SessionTable::FailLate(absl::Time now, Endings& endings) {
  for (auto it = attempts_.begin(); it != attempts_.end();) {
    const auto& [session, pending] = *it++;
    if (pending.deadline > now) continue;
    Attempt attempt = TakeAttempt(session);
    const transport::Address& address = attempt.connection->address();
    const absl::Status why = absl::UnavailableError(absl::StrCat(
        address.ToString(),
        " took our HELLO but did not answer in time. It connects back to us, ",
        parts_.peers.self().ToString(),
        ": check that it can reach one of these addresses, and that it speaks "
        "protocol version ",
        static_cast<int>(kWireMajor)));
    const std::shared_ptr<Peer> peer = parts_.peers.Find(attempt.peer);
    // It had answered elsewhere long enough ago, and no other attempt
    // succeeded.
    if (peer != nullptr && peer->link().session() == 0 &&
        attempt.fallback.has_value() && attempt.waiters.empty() &&
        address.scheme() == transport::Scheme::kShm) {
      peer->SpoilMemory(std::string(why.message()));
    }
    Fail(std::move(attempt), why, endings);
  }
}

// A link that waits to hear what arrived before would wait for ever if the
// answer was lost.
void SessionTable::BreakOffUnanswered(absl::Time now, Endings& endings) {
  next_answer_by_ = absl::InfiniteFuture();
  for (auto it = attached_.begin(); it != attached_.end();) {
    const auto entry = it++;
    Attached& attached = entry->second;
    if (attached.answered) continue;
    if (attached.answer_by > now) {
      next_answer_by_ = std::min(next_answer_by_, attached.answer_by);
    } else if (attached.peer->link().AwaitsSettling()) {
      BreakOff(entry, absl::UnavailableError("it did not answer our HELLO"),
               endings);
    }
  }
}

void SessionTable::Close() {
  std::vector<std::shared_ptr<Connection>> closing;
  Endings endings;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    while (!attempts_.empty()) {
      Attempt attempt = TakeAttempt(attempts_.begin()->first);
      attempt.fallback.reset();
      Fail(std::move(attempt),
           absl::UnavailableError("this instance is shutting down"), endings);
    }
    returns_.Clear();
    for (auto& [session, entry] : attached_) {
      Retire(std::move(entry.connection));
    }
    attached_.clear();
    for (const auto& peer : parts_.peers.List()) {
      parts_.peers.NoteLost(*peer, absl::UnavailableError("shut down"));
    }
    closing.swap(retired_);
  }
  End(endings);
}

void SessionTable::Refuse(Refusal refusal, absl::string_view line) {
  parts_.refusals.Count(refusal);
  Log(absl::StrCat("refused ", line));
}

void SessionTable::Log(absl::string_view line) {
  if (parts_.log) parts_.log(line);
}

}  // namespace am
