#include "am/peer_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "am/v1/wire.pb.h"

namespace am {
namespace {

// How long a handshake that nobody waits for may take.
constexpr absl::Duration kReturnTimeout = absl::Seconds(5);

// A connect's own deadline comes after its attempt's, whose error says more.
constexpr absl::Duration kAfterAttempt = absl::Seconds(1);

template <typename Proto>
bool Parse(absl::string_view bytes, Proto& proto) {
  return proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Reply Failure(absl::Status status) { return {std::move(status), {}, {}}; }

Reply Success(const PeerInfo& info) {
  v1::PeerInfo proto;
  ToProto(info, proto);
  return {absl::OkStatus(), Codec::kProtobuf,
          transport::Buffer(proto.SerializeAsString())};
}

std::string Addresses(const PeerInfo& info) {
  return absl::StrJoin(info.addresses, ", ",
                       [](std::string* out, const transport::Address& address) {
                         out->append(address.ToString());
                       });
}

}  // namespace

absl::string_view PeerStateName(PeerState state) {
  switch (state) {
    case PeerState::kConnecting:
      return "connecting";
    case PeerState::kJoined:
      return "joined";
    case PeerState::kDraining:
      return "draining";
    case PeerState::kLost:
      return "lost";
  }
  return "unknown";
}

PeerTable::PeerTable(Parts parts) : parts_(std::move(parts)) {}

PeerTable::~PeerTable() { Close(); }

void PeerTable::SetSelf(PeerInfo self) { self_ = std::move(self); }

// -- Looking up --------------------------------------------------------------

std::shared_ptr<Peer> PeerTable::Find(InstanceId peer) const {
  MutexLock lock(mutex_);
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Peer>> PeerTable::List() const {
  std::vector<std::shared_ptr<Peer>> peers;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, peer] : peers_) peers.push_back(peer);
  }
  std::sort(peers.begin(), peers.end(),
            [](const auto& a, const auto& b) { return a->id() < b->id(); });
  return peers;
}

std::shared_ptr<Peer> PeerTable::FindOrAdd(InstanceId id) {
  std::shared_ptr<Peer>& peer = peers_[id];
  if (peer == nullptr) {
    auto link = std::make_shared<Link>(
        parts_.link, self_.id, id, parts_.driver,
        [this](const std::vector<std::uint64_t>& waiters) {
          for (const std::uint64_t waiter : waiters) {
            parts_.calls.Finish(waiter, InstanceId(), {});
          }
        });
    peer = std::make_shared<Peer>(id, std::move(link));
  }
  return peer;
}

// -- Connecting --------------------------------------------------------------

std::shared_ptr<PendingCall> PeerTable::Connect(
    const transport::Address& address, absl::Time deadline) {
  return Begin(address, InstanceId(), /*is_final=*/false, deadline);
}

std::shared_ptr<PendingCall> PeerTable::Connect(const PeerInfo& peer,
                                                absl::Time deadline) {
  absl::StatusOr<transport::Address> address = peer.Choose();
  if (!address.ok()) {
    return std::make_shared<PendingCall>(Failure(address.status()));
  }
  return Begin(*address, peer.id, /*is_final=*/true, deadline);
}

std::shared_ptr<PendingCall> PeerTable::Begin(const transport::Address& address,
                                              InstanceId id, bool is_final,
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

void PeerTable::Open(const transport::Address& address, Attempt attempt,
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
  SendHello(attempt);
  parts_.driver.WakeAt(attempt.deadline);
  attempts_.emplace(attempt.connection->session(), std::move(attempt));
}

void PeerTable::SendHello(Attempt& attempt) {
  v1::Hello hello;
  ToProto(self_, *hello.mutable_peer());
  SendOn(*attempt.connection, attempt.peer, MessageKind::kHello,
         Payload::Of(hello));
}

// A frame of its own, before or beside the link's. A lane that does not take
// it is as good as lost, and the attempt's deadline says so.
void PeerTable::SendOn(Connection& connection, InstanceId target,
                       MessageKind kind, const Payload& payload) {
  std::string frame = NewFrame();
  MessageHeader message;
  message.kind = kind;
  AppendMessage(frame, message, {}, payload);
  FrameHeader header;
  header.sender = self_.id.value();
  header.target = target.value();
  header.session = connection.session();
  if (const auto peer = peers_.find(target); peer != peers_.end()) {
    header.counted_session = peer->second->link().inbound_session();
  }
  header.credit_messages = parts_.link.window_messages;
  header.credit_bytes = parts_.link.window_bytes;
  header.message_count = 1;
  FinishFrame(header, frame);
  connection.TrySend({frame, {}});
}

void PeerTable::Fail(Attempt attempt, absl::Status why, Endings& endings) {
  if (attempt.connection != nullptr) Retire(std::move(attempt.connection));
  if (!attempt.fallback.empty()) {
    const auto address =
        transport::Address::Parse(std::exchange(attempt.fallback, {}));
    if (address.ok()) return Open(*address, std::move(attempt), endings);
  }
  if (const auto peer = peers_.find(attempt.peer);
      peer != peers_.end() && peer->second->link().session() == 0) {
    peer->second->set_state(PeerState::kLost);
  }
  endings.push_back({std::move(attempt.waiters), Failure(std::move(why))});
}

void PeerTable::End(Endings& endings) {
  for (Ending& ending : endings) {
    for (const std::uint64_t waiter : ending.waiters) {
      parts_.calls.Finish(waiter, InstanceId(), ending.reply);
    }
  }
}

// -- The handshake -----------------------------------------------------------

void PeerTable::OnHello(const FrameHeader& header, absl::string_view payload) {
  v1::Hello hello;
  if (!Parse(payload, hello)) {
    return Refuse(Refusal::kBadControl, "a HELLO that does not parse");
  }
  const absl::StatusOr<PeerInfo> info = FromProto(hello.peer());
  if (!info.ok() || info->id.value() != header.sender) {
    return Refuse(Refusal::kBadControl,
                  "a HELLO that does not say who its sender is");
  }
  Endings endings;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    if (info->id == self_.id) {
      const auto own = attempts_.find(header.session);
      if (own == attempts_.end()) return;
      Attempt attempt = std::move(own->second);
      attempts_.erase(own);
      Fail(std::move(attempt),
           absl::InvalidArgumentError("this address is our own"), endings);
    } else if (header.target != 0 && header.target != self_.id.value()) {
      TurnAway(header, *info);
    } else {
      Welcome(header, *info, endings);
    }
  }
  End(endings);
}

// The sender wants another incarnation, most likely the one before us. It is
// told so on a connection that is closed at once.
void PeerTable::TurnAway(const FrameHeader& header, const PeerInfo& info) {
  const absl::StatusOr<transport::Address> address = info.Choose();
  if (!address.ok()) return;
  const absl::StatusOr<std::shared_ptr<Connection>> back =
      Connection::Open(parts_.transport, *address, ++last_session_, *this);
  if (!back.ok()) return;
  v1::HelloAck ack;
  ack.set_session(header.session);
  ack.set_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
  ack.set_message(absl::StrCat("instance ",
                               InstanceId(header.target).ToString(),
                               " is gone; there is now ", self_.ToString()));
  ToProto(self_, *ack.mutable_peer());
  SendOn(**back, info.id, MessageKind::kHelloAck, Payload::Of(ack));
  Retire(*back);
}

void PeerTable::Welcome(const FrameHeader& header, const PeerInfo& info,
                        Endings& endings) {
  const std::shared_ptr<Peer> peer = FindOrAdd(info.id);
  v1::HelloAck ack;
  ack.set_session(header.session);
  ToProto(self_, *ack.mutable_peer());
  const std::uint32_t before = peer->link().inbound_session();
  if (header.session <= before) {
    return Refuse(Refusal::kWrongSession,
                  absl::StrCat("session ", header.session, " of ",
                               info.ToString(), ", which is in ", before));
  }
  ack.set_closed_session(before);
  ack.set_closed_count(peer->link().BeginInbound(header.session));
  peer->set_info(info);
  const std::shared_ptr<Connection> back = WayBack(header, peer, endings);
  if (back == nullptr) {
    return Log(absl::StrCat("cannot open the way back to ", info.ToString()));
  }
  SendOn(*back, peer->id(), MessageKind::kHelloAck, Payload::Of(ack));
}

// The connection to answer a HELLO on: the one in use, the one that the HELLO
// answers, one under way, or else a new one.
std::shared_ptr<Connection> PeerTable::WayBack(
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

void PeerTable::OnHelloAck(const FrameHeader& header,
                           absl::string_view payload) {
  v1::HelloAck ack;
  if (!Parse(payload, ack)) {
    return Refuse(Refusal::kBadControl, "a HELLO_ACK that does not parse");
  }
  const absl::StatusOr<PeerInfo> info = FromProto(ack.peer());
  Endings endings;
  {
    MutexLock lock(mutex_);
    const auto found = attempts_.find(ack.session());
    if (found == attempts_.end()) return;  // Attached before, or given up.
    Attempt attempt = std::move(found->second);
    attempts_.erase(found);
    if (!info.ok() || info->id.value() != header.sender) {
      Fail(std::move(attempt),
           absl::FailedPreconditionError("the peer does not say who it is"),
           endings);
    } else if (ack.code() != 0) {
      Fail(std::move(attempt),
           absl::Status(static_cast<absl::StatusCode>(ack.code()),
                        ack.message()),
           endings);
    } else if (!attempt.peer.is_nobody() && attempt.peer != info->id) {
      Fail(std::move(attempt),
           absl::FailedPreconditionError(absl::StrCat(
               "another instance answers there: ", info->ToString())),
           endings);
    } else {
      Accept(std::move(attempt), header, *info, endings);
    }
  }
  End(endings);
}

void PeerTable::Accept(Attempt attempt, const FrameHeader& header,
                       const PeerInfo& info, Endings& endings) {
  const std::shared_ptr<Peer> peer = FindOrAdd(info.id);
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

void PeerTable::Attach(const std::shared_ptr<Peer>& peer,
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
}

// -- The end of a connection -------------------------------------------------

void PeerTable::Retire(std::shared_ptr<Connection> connection) {
  retired_.push_back(std::move(connection));
  parts_.driver.WakeAt(parts_.clock.Now());
}

void PeerTable::OnWritable(std::uint32_t session) {
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
void PeerTable::OnLost(std::uint32_t session, std::string why) {
  Endings endings;
  std::shared_ptr<Peer> peer;
  {
    MutexLock lock(mutex_);
    if (const auto found = attempts_.find(session); found != attempts_.end()) {
      Attempt attempt = std::move(found->second);
      attempts_.erase(found);
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

void PeerTable::Unlink(AttachedMap::iterator entry) {
  const std::shared_ptr<Peer> peer = entry->second.peer;
  Retire(std::move(entry->second.connection));
  peer->link().Detach(entry->first);
  attached_.erase(entry);
}

void PeerTable::OnGoodbye(Peer& peer) { Disconnect(peer.id()).IgnoreError(); }

absl::Status PeerTable::Disconnect(InstanceId id) {
  std::shared_ptr<Peer> peer;
  {
    MutexLock lock(mutex_);
    const auto found = peers_.find(id);
    if (found == peers_.end() || found->second->state() == PeerState::kLost) {
      return absl::NotFoundError(
          absl::StrCat("instance ", id.ToString(), " is not connected"));
    }
    peer = found->second;
    const auto entry = attached_.find(peer->link().session());
    if (entry != attached_.end()) Unlink(entry);
    peer->set_state(PeerState::kLost);
  }
  parts_.on_lost(peer, absl::UnavailableError(absl::StrCat(
                           "disconnected from ", peer->info().ToString())));
  return absl::OkStatus();
}

// -- Time --------------------------------------------------------------------

void PeerTable::NoteOwes() {
  if (owes_.exchange(true)) return;
  parts_.driver.WakeAt(parts_.clock.Now() + parts_.link.count_delay);
}

absl::Time PeerTable::OnTick(absl::Time now) {
  if (owes_.exchange(false)) {
    for (const auto& peer : List()) peer->link().SendOwedCounts();
  }
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

void PeerTable::FailLate(absl::Time now, Endings& endings) {
  for (auto it = attempts_.begin(); it != attempts_.end();) {
    if (it->second.deadline > now) {
      ++it;
      continue;
    }
    Attempt attempt = std::move(it->second);
    it = attempts_.erase(it);
    const std::string address = attempt.connection->address().ToString();
    Fail(std::move(attempt),
         absl::UnavailableError(absl::StrCat(
             address,
             " took our HELLO but did not answer in time. It "
             "connects back to ",
             Addresses(self_),
             ": check that it can reach one of these, and that it speaks "
             "protocol version ",
             static_cast<int>(kWireMajor))),
         endings);
  }
}

void PeerTable::Announce(MessageKind kind) {
  for (const auto& peer : List()) {
    peer->link().SendControl(kind, 0, Payload());
  }
}

void PeerTable::Close() {
  std::vector<std::shared_ptr<Connection>> closing;
  Endings endings;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    while (!attempts_.empty()) {
      Attempt attempt = std::move(attempts_.begin()->second);
      attempts_.erase(attempts_.begin());
      attempt.fallback.clear();
      Fail(std::move(attempt),
           absl::UnavailableError("this instance is shutting down"), endings);
    }
    while (!attached_.empty()) {
      attached_.begin()->second.peer->set_state(PeerState::kLost);
      Unlink(attached_.begin());
    }
    closing.swap(retired_);
  }
  End(endings);
}

void PeerTable::Refuse(Refusal refusal, absl::string_view line) {
  parts_.refusals.Count(refusal);
  Log(absl::StrCat("refused ", line));
}

void PeerTable::Log(absl::string_view line) {
  if (parts_.log) parts_.log(line);
}

}  // namespace am
