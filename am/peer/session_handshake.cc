// The handshake: what SessionTable does with HELLO and HELLO_ACK.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/peer/session_table.h"

namespace am {

void SessionTable::OnHello(const FrameHeader& header,
                           absl::string_view payload) {
  const absl::StatusOr<PeerInfo> info = ReadHello(header, payload);
  if (!info.ok()) {
    return Refuse(Refusal::kBadControl,
                  absl::StrCat("a HELLO that ", info.status().message()));
  }
  Endings endings;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    if (info->id == parts_.peers.self().id) {
      if (!attempts_.contains(header.session)) return;
      Fail(TakeAttempt(header.session),
           absl::InvalidArgumentError("this address is our own"), endings);
    } else if (header.target != 0 &&
               header.target != parts_.peers.self().id.value()) {
      TurnAway(header, *info);
    } else {
      Welcome(header, *info, endings);
    }
  }
  End(endings);
}

// The sender wants another incarnation, most likely the one before us. It is
// told so on a connection that is closed at once.
void SessionTable::TurnAway(const FrameHeader& header, const PeerInfo& info) {
  const absl::StatusOr<transport::Address> address = info.Choose();
  if (!address.ok()) return;
  const absl::StatusOr<std::shared_ptr<Connection>> back =
      Connection::Open(parts_.transport, *address, ++last_session_, *this);
  if (!back.ok()) return;
  HelloReply reply;
  reply.session = header.session;
  reply.status = absl::FailedPreconditionError(
      absl::StrCat("instance ", InstanceId(header.target).ToString(),
                   " is gone; there is now ", parts_.peers.self().ToString()));
  (*back)->TrySend(
      {HelloAckFrame(Route(info.id, (*back)->session()), reply), {}});
  Retire(*back);
}

void SessionTable::Welcome(const FrameHeader& header, const PeerInfo& info,
                           Endings& endings) {
  const std::shared_ptr<Peer> peer = parts_.peers.FindOrAdd(info.id);
  const std::uint32_t before = peer->link().inbound_session();
  if (header.session <= before) {
    return Refuse(Refusal::kWrongSession,
                  absl::StrCat("session ", header.session, " of ",
                               info.ToString(), ", which is in ", before));
  }
  HelloReply reply;
  reply.session = header.session;
  reply.past = peer->link().BeginInbound(header.session);
  peer->set_info(info);
  const auto back = WayBack(header, peer, endings);
  if (back == nullptr) return Log("cannot reach back: " + info.ToString());
  back->TrySend({HelloAckFrame(Route(peer->id(), back->session()), reply), {}});
  NoteTold(back->session(), reply);
}

// Should this connection break before the peer has read it, it is told again on
// the next one.
void SessionTable::NoteTold(std::uint32_t session, const HelloReply& reply) {
  if (const auto entry = attached_.find(session); entry != attached_.end()) {
    entry->second.told = reply;
  } else if (const auto attempt = attempts_.find(session);
             attempt != attempts_.end()) {
    attempt->second.answer = reply;
  }
}

// The connection to answer a HELLO on: the one in use, the one that the HELLO
// answers, one under way, or else a new one.
std::shared_ptr<Connection> SessionTable::WayBack(
    const FrameHeader& hello, const std::shared_ptr<Peer>& peer,
    Endings& endings) {
  const auto in_use = attached_.find(peer->link().session());
  if (in_use != attached_.end()) return in_use->second.connection;
  if (const auto answered = attempts_.find(hello.counted_session);
      answered != attempts_.end()) {
    return answered->second.connection;
  }
  for (const auto& [session, attempt] : attempts_) {
    if (attempt.peer == peer->id()) return attempt.connection;
  }
  const absl::StatusOr<Way> way = WayTo(peer->info());
  if (!way.ok()) return nullptr;
  Attempt attempt;
  attempt.peer = peer->id();
  attempt.is_final = true;
  attempt.fallback = way->fallback;
  attempt.deadline = parts_.clock.Now() + kReturnTimeout;
  Open(way->address, std::move(attempt), endings);
  if (!attempts_.contains(last_session_)) return nullptr;
  // The peer knows this session as soon as it reads its HELLO, so that what we
  // send need not wait for its answer.
  return Attach(peer, TakeAttempt(last_session_), hello, endings).connection;
}

void SessionTable::OnHelloAck(const FrameHeader& header,
                              absl::string_view payload) {
  const absl::StatusOr<HelloReply> reply = ReadHelloAck(header, payload);
  if (!reply.ok()) {
    return Refuse(Refusal::kBadControl,
                  absl::StrCat("a HELLO_ACK that ", reply.status().message()));
  }
  Endings endings;
  {
    MutexLock lock(mutex_);
    if (attempts_.contains(reply->session)) {
      OnAnswered(TakeAttempt(reply->session), header, *reply, endings);
    } else if (const auto entry = attached_.find(reply->session);
               entry != attached_.end()) {
      OnAnsweredAgain(entry, *reply, endings);
    }
  }
  End(endings);
}

void SessionTable::OnAnswered(Attempt attempt, const FrameHeader& header,
                              const HelloReply& reply, Endings& endings) {
  if (!reply.status.ok()) {
    Fail(std::move(attempt), reply.status, endings);
  } else if (!attempt.peer.is_nobody() && attempt.peer != reply.peer.id) {
    Fail(std::move(attempt),
         absl::FailedPreconditionError(absl::StrCat(
             "another instance answers there: ", reply.peer.ToString())),
         endings);
  } else {
    Accept(std::move(attempt), header, reply, endings);
  }
}

// Of a session that is in use. ABORTED: the peer misses messages of it.
void SessionTable::OnAnsweredAgain(AttachedMap::iterator entry,
                                   const HelloReply& reply, Endings& endings) {
  if (absl::IsAborted(reply.status) &&
      entry->second.peer->id() == reply.peer.id) {
    BreakOff(entry, absl::UnavailableError(reply.status.message()), endings);
  } else {
    Settle(entry->second, reply, endings);
  }
}

void SessionTable::OnGap(const Peer& peer, std::uint32_t session) {
  MutexLock lock(mutex_);
  const auto back = attached_.find(peer.link().session());
  if (back == attached_.end()) return;  // The peer will miss our PONGs.
  HelloReply reply;
  reply.session = session;
  reply.status = absl::AbortedError("messages were lost on the way");
  back->second.connection->TrySend(
      {HelloAckFrame(Route(peer.id(), back->first), reply), {}});
}

// The answer to the HELLO of a session that is in use. Another one to the same
// says nothing new.
void SessionTable::Settle(Attached& attached, const HelloReply& reply,
                          Endings& endings) {
  const std::shared_ptr<Peer> peer = attached.peer;
  if (peer->id() != reply.peer.id)
    return parts_.refusals.Count(Refusal::kBadControl);
  if (std::exchange(attached.answered, true)) return;
  if (!reply.status.ok()) return LeaveLocked(peer, reply.status, endings);
  if (peer->link().Settle(reply.past)) return;
  parts_.refusals.Count(Refusal::kBadCounts);
  LeaveLocked(peer,
              absl::UnavailableError("it says that it received what was never "
                                     "sent, or less than before"),
              endings);
}

void SessionTable::Accept(Attempt attempt, const FrameHeader& header,
                          const HelloReply& reply, Endings& endings) {
  const PeerInfo& info = reply.peer;
  const std::shared_ptr<Peer> peer = parts_.peers.FindOrAdd(info.id);
  peer->set_info(info);
  const absl::StatusOr<Way> best = WayTo(info);
  const transport::Address& used = attempt.connection->address();
  if (!attempt.is_final && best.ok() &&
      best->address.scheme() != used.scheme()) {
    attempt.peer = info.id;
    attempt.is_final = true;
    attempt.fallback = used;
    if (attempt.waiters.empty()) {
      attempt.deadline = parts_.clock.Now() + kReturnTimeout;
    }
    Retire(std::move(attempt.connection));
    return Open(best->address, std::move(attempt), endings);
  }
  if (peer->link().session() < attempt.connection->session()) {
    endings.calls.push_back({std::move(attempt.waiters), Success(info)});
    Settle(Attach(peer, std::move(attempt), header, endings), reply, endings);
  } else {
    endings.calls.push_back({std::move(attempt.waiters), Success(info)});
    Retire(std::move(attempt.connection));
  }
}

// The peer refuses sessions that are older than the one it is in.
void SessionTable::EndOvertaken(const Peer& peer, std::uint32_t session,
                                Endings& endings) {
  for (auto it = attempts_.begin(); it != attempts_.lower_bound(session);) {
    const std::uint32_t older = it->first;
    const bool is_overtaken = it->second.peer == peer.id();
    ++it;
    if (!is_overtaken) continue;
    Attempt attempt = TakeAttempt(older);
    endings.calls.push_back({std::move(attempt.waiters), Success(peer.info())});
    Retire(std::move(attempt.connection));
  }
}

SessionTable::Attached& SessionTable::Attach(const std::shared_ptr<Peer>& peer,
                                             Attempt attempt,
                                             const FrameHeader& handshake,
                                             Endings& endings) {
  const std::shared_ptr<Connection>& connection = attempt.connection;
  if (connection->address().scheme() == transport::Scheme::kShm) {
    peer->set_detour("");
  } else if (!attempt.detour.empty()) {
    Log(absl::StrCat("memory is not shared with ", peer->info().ToString(),
                     ": ", attempt.detour));
    peer->set_detour(std::move(attempt.detour));
  }
  const auto before = attached_.find(peer->link().session());
  if (before != attached_.end()) {
    Retire(std::move(before->second.connection));
    attached_.erase(before);
  }
  returns_.End(peer->id());
  EndOvertaken(*peer, connection->session(), endings);
  Attached& entry = attached_[connection->session()];
  entry.peer = peer;
  entry.connection = connection;
  entry.answer_by = parts_.clock.Now() + kReturnTimeout;
  entry.told = std::move(attempt.answer);
  next_answer_by_ = std::min(next_answer_by_, entry.answer_by);
  parts_.driver.WakeAt(next_answer_by_);
  peer->link().Attach(connection, handshake, parts_.clock.Now());
  parts_.peers.SetState(
      *peer, peer->is_draining ? PeerState::kDraining : PeerState::kJoined);
  parts_.peers.GreetJoined(*peer);
  parts_.peers.NoteJoined();
  parts_.peers.NoteOwes();
  return entry;
}

}  // namespace am
