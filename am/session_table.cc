#include "am/session_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/handshake.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

// How long a handshake that nobody waits for may take.
constexpr absl::Duration kReturnTimeout = absl::Seconds(5);

// A connect's own deadline comes after its attempt's, whose error says more.
constexpr absl::Duration kAfterAttempt = absl::Seconds(1);

Reply Failure(absl::Status status) { return {std::move(status), {}, {}}; }

Reply Success(const PeerInfo& info) {
  v1::PeerInfo proto;
  ToProto(info, proto);
  return {absl::OkStatus(), Codec::kProtobuf,
          transport::Buffer(proto.SerializeAsString())};
}

}  // namespace

SessionTable::SessionTable(Parts parts) : parts_(std::move(parts)) {}

SessionTable::~SessionTable() { Close(); }

// -- Connecting --------------------------------------------------------------

std::shared_ptr<PendingCall> SessionTable::Connect(
    const transport::Address& address, absl::Time deadline) {
  return Begin(address, InstanceId(), /*is_final=*/false, deadline);
}

std::shared_ptr<PendingCall> SessionTable::Connect(const PeerInfo& peer,
                                                   absl::Time deadline) {
  absl::StatusOr<transport::Address> address = peer.Choose();
  if (!address.ok()) {
    return parts_.calls.Ended(address.status());
  }
  return Begin(*address, peer.id, /*is_final=*/true, deadline);
}

std::shared_ptr<PendingCall> SessionTable::Begin(
    const transport::Address& address, InstanceId id, bool is_final,
    absl::Time deadline) {
  auto call = parts_.calls.Begin(InstanceId(), deadline + kAfterAttempt);
  Endings endings;
  {
    MutexLock lock(mutex_);
    for (const auto& [session, entry] : attached_) {
      const PeerInfo info = entry.peer->info();
      const bool same = id.is_nobody()
                            ? std::count(info.addresses.begin(),
                                         info.addresses.end(), address) > 0
                            : info.id == id;
      if (same) {
        endings.push_back({{call->id}, Success(info)});
        break;
      }
    }
    for (auto& [session, attempt] : attempts_) {
      if (!endings.empty()) break;
      if (attempt.peer == id && attempt.connection->address() == address) {
        attempt.waiters.push_back(call->id);
        return call;
      }
    }
    if (endings.empty()) {
      Attempt attempt;
      attempt.peer = id;
      attempt.is_final = is_final;
      attempt.deadline = deadline;
      attempt.waiters = {call->id};
      Open(address, std::move(attempt), endings);
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
  opened.TrySend({HelloFrame(Route(attempt.peer, opened.session())), {}});
  parts_.driver.WakeAt(attempt.deadline);
  attempts_.emplace(attempt.connection->session(), std::move(attempt));
}

HandshakeRoute SessionTable::Route(InstanceId target,
                                   std::uint32_t session) const {
  const std::shared_ptr<Peer> peer = parts_.peers.Find(target);
  return {parts_.peers.self(), target, session,
          peer == nullptr ? 0 : peer->link().inbound_session(), parts_.link};
}

SessionTable::Attempt SessionTable::TakeAttempt(std::uint32_t session) {
  return std::move(attempts_.extract(session).mapped());
}

void SessionTable::Fail(Attempt attempt, absl::Status why, Endings& endings) {
  if (attempt.connection != nullptr) Retire(std::move(attempt.connection));
  if (!attempt.fallback.empty()) {
    const auto address =
        transport::Address::Parse(std::exchange(attempt.fallback, {}));
    if (address.ok()) return Open(*address, std::move(attempt), endings);
  }
  if (const auto peer = parts_.peers.Find(attempt.peer);
      peer != nullptr && peer->link().session() == 0) {
    parts_.peers.NoteLost(*peer);
  }
  endings.push_back({std::move(attempt.waiters), Failure(std::move(why))});
}

void SessionTable::End(Endings& endings) {
  for (Ending& ending : endings) {
    for (const std::uint64_t waiter : ending.waiters) {
      parts_.calls.Finish(waiter, InstanceId(), ending.reply);
    }
  }
}

// -- The handshake -----------------------------------------------------------

void SessionTable::OnHello(const FrameHeader& header, absl::string_view payload,
                           absl::Time now) {
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
      Welcome(header, *info, now, endings);
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
                           absl::Time now, Endings& endings) {
  const std::shared_ptr<Peer> peer = parts_.peers.FindOrAdd(info.id);
  const std::uint32_t before = peer->link().inbound_session();
  if (header.session <= before) {
    return Refuse(Refusal::kWrongSession,
                  absl::StrCat("session ", header.session, " of ",
                               info.ToString(), ", which is in ", before));
  }
  HelloReply reply;
  reply.session = header.session;
  reply.closed_session = before;
  reply.closed_count = peer->link().BeginInbound(header.session, now);
  peer->set_info(info);
  const auto back = WayBack(header, peer, endings);
  if (back == nullptr) return Log("cannot reach back: " + info.ToString());
  back->TrySend({HelloAckFrame(Route(peer->id(), back->session()), reply), {}});
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
  const absl::StatusOr<transport::Address> address = peer->info().Choose();
  if (!address.ok()) return nullptr;
  Attempt attempt;
  attempt.peer = peer->id();
  attempt.is_final = true;
  attempt.deadline = parts_.clock.Now() + kReturnTimeout;
  Open(*address, std::move(attempt), endings);
  const auto opened = attempts_.find(last_session_);
  if (opened == attempts_.end()) return nullptr;
  // The peer knows this session as soon as it reads its HELLO, so that what we
  // send need not wait for its answer.
  std::shared_ptr<Connection> connection = std::move(opened->second.connection);
  attempts_.erase(opened);
  Attach(peer, connection, hello);
  return connection;
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
    if (!attempts_.contains(reply->session)) return;  // Over already.
    Attempt attempt = TakeAttempt(reply->session);
    if (!reply->status.ok()) {
      Fail(std::move(attempt), reply->status, endings);
    } else if (!attempt.peer.is_nobody() && attempt.peer != reply->peer.id) {
      Fail(std::move(attempt),
           absl::FailedPreconditionError(absl::StrCat(
               "another instance answers there: ", reply->peer.ToString())),
           endings);
    } else {
      Accept(std::move(attempt), header, reply->peer, endings);
    }
  }
  End(endings);
}

void SessionTable::Accept(Attempt attempt, const FrameHeader& header,
                          const PeerInfo& info, Endings& endings) {
  const std::shared_ptr<Peer> peer = parts_.peers.FindOrAdd(info.id);
  peer->set_info(info);
  const absl::StatusOr<transport::Address> best = info.Choose();
  const transport::Address& used = attempt.connection->address();
  if (!attempt.is_final && best.ok() && best->scheme() != used.scheme()) {
    attempt.peer = info.id;
    attempt.is_final = true;
    attempt.fallback = used.ToString();
    Retire(std::move(attempt.connection));
    return Open(*best, std::move(attempt), endings);
  }
  if (peer->link().session() < attempt.connection->session()) {
    Attach(peer, std::move(attempt.connection), header);
  } else {
    Retire(std::move(attempt.connection));
  }
  endings.push_back({std::move(attempt.waiters), Success(info)});
}

void SessionTable::Attach(const std::shared_ptr<Peer>& peer,
                          std::shared_ptr<Connection> connection,
                          const FrameHeader& handshake) {
  const auto before = attached_.find(peer->link().session());
  if (before != attached_.end()) {
    Retire(std::move(before->second.connection));
    attached_.erase(before);
  }
  attached_[connection->session()] = {peer, connection};
  peer->link().Attach(std::move(connection), handshake);
  peer->set_state(PeerState::kJoined);
  parts_.peers.NoteJoined();
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

// The lane is lost. The peer may be well: one attempt is made to return to it.
void SessionTable::OnLost(std::uint32_t session, std::string why) {
  Endings endings;
  std::shared_ptr<Peer> peer;
  {
    MutexLock lock(mutex_);
    if (attempts_.contains(session)) {
      Attempt attempt = TakeAttempt(session);
      const std::string address = attempt.connection->address().ToString();
      Fail(std::move(attempt),
           absl::UnavailableError(
               absl::StrCat("cannot connect to ", address, ": ", why)),
           endings);
    } else if (const auto lost = attached_.find(session);
               lost != attached_.end()) {
      peer = lost->second.peer;
      const transport::Address address = lost->second.connection->address();
      Unlink(lost);
      peer->set_state(PeerState::kConnecting);
      Attempt attempt;
      attempt.peer = peer->id();
      attempt.is_final = true;
      attempt.deadline = parts_.clock.Now() + kReturnTimeout;
      Open(address, std::move(attempt), endings);
    }
  }
  End(endings);
  if (peer != nullptr) {
    parts_.on_lost(peer, absl::UnavailableError(
                             absl::StrCat("lost the connection to ",
                                          peer->info().ToString(), ": ", why)));
  }
}

void SessionTable::Lose(Peer& peer, std::string why) {
  OnLost(peer.link().session(), std::move(why));
}

void SessionTable::Unlink(AttachedMap::iterator entry) {
  const std::shared_ptr<Peer> peer = entry->second.peer;
  Retire(std::move(entry->second.connection));
  peer->link().Detach(entry->first);
  attached_.erase(entry);
}

absl::Status SessionTable::Disconnect(InstanceId id) {
  const std::shared_ptr<Peer> peer = parts_.peers.Find(id);
  if (peer == nullptr || peer->state() == PeerState::kLost) {
    return absl::NotFoundError(
        absl::StrCat("instance ", id.ToString(), " is not connected"));
  }
  {
    MutexLock lock(mutex_);
    const auto entry = attached_.find(peer->link().session());
    if (entry != attached_.end()) Unlink(entry);
    parts_.peers.NoteLost(*peer);
  }
  parts_.on_lost(peer, absl::UnavailableError(absl::StrCat(
                           "disconnected from ", peer->info().ToString())));
  return absl::OkStatus();
}

// -- Time --------------------------------------------------------------------

absl::Time SessionTable::OnTick(absl::Time now) {
  Endings endings;
  std::vector<std::shared_ptr<Connection>> retired;
  absl::Time next = absl::InfiniteFuture();
  {
    MutexLock lock(mutex_);
    FailLate(now, endings);
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
    const std::string address = attempt.connection->address().ToString();
    Fail(std::move(attempt),
         absl::UnavailableError(absl::StrCat(
             address,
             " took our HELLO but did not answer in time. It connects back "
             "to us, ",
             parts_.peers.self().ToString(),
             ": check that it can reach one of these addresses, and that "
             "it speaks protocol version ",
             static_cast<int>(kWireMajor))),
         endings);
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
      attempt.fallback.clear();
      Fail(std::move(attempt),
           absl::UnavailableError("this instance is shutting down"), endings);
    }
    while (!attached_.empty()) {
      parts_.peers.NoteLost(*attached_.begin()->second.peer);
      Unlink(attached_.begin());
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
