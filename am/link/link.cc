#include "am/link/link.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "am/link/counts.h"
#include "am/link/gathering.h"

namespace am {

Link::Link(const LinkOptions& options, InstanceId self, InstanceId peer,
           Driver& driver, const Clock& clock, OnRoom on_room)
    : options_(options),
      self_(self),
      peer_(peer),
      driver_(driver),
      clock_(clock),
      on_room_(std::move(on_room)),
      queue_(options_) {}

// -- Sessions ----------------------------------------------------------------

void Link::Attach(std::shared_ptr<Connection> connection,
                  const FrameHeader& handshake, absl::Time now) {
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    EndSession();
    state_ = State::kUp;
    expected_ = false;
    connection_ = std::move(connection);
    if (first_session_ == 0) first_session_ = connection_->session();
    queue_.Begin({handshake.credit_messages, handshake.credit_bytes});
    blocked_ = false;
    proved_at_ = now;
    inbound_told_ = {};  // What was told in a session before may be lost.
    if (gave_up_) queue_.AppendControl(MessageKind::kGaveUp, 0, Payload());
    if (!queue_.is_empty()) SendOrDefer();
    waiters = TakeWaiters();
  }
  TellRoom(waiters);
}

void Link::EndSession() {
  if (connection_ == nullptr) return;
  queue_.End(connection_->session());
  connection_ = nullptr;
}

bool Link::Settle(const Past& past) {
  MutexLock lock(mutex_);
  if (state_ != State::kUp) return true;  // In good time, after the next one.
  Recall(past);
  const std::optional<std::uint64_t> lost =
      queue_.Settle(past.session, past.count);
  if (!lost.has_value()) return false;
  ledger_.link_lost += *lost;
  if (!queue_.is_empty()) SendOrDefer();
  return true;
}

bool Link::AwaitsSettling() const {
  MutexLock lock(mutex_);
  return queue_.awaits_settling();
}

// Makes up for what one side remembers and the other does not: only lost peers
// are forgotten (am/peer/peer_table.h), and seldom return.
void Link::Recall(const Past& past) {
  if (known_since_ == 0) {
    // What arrived before our time.
    if (past.session < first_session_) baseline_ = past.outcomes;
    known_since_ = connection_->session();
  } else if (past.since > known_since_) {
    // The peer has forgotten us: what it has not told, it never will.
    ledger_.in_doubt += queue_.Forget() - told_.total();
    ledger_.received += told_;
    told_ = baseline_ = {};
    known_since_ = past.since;
  }
}

bool Link::Expect() {
  MutexLock lock(mutex_);
  if (state_ != State::kDown) return false;
  state_ = State::kSuspended;
  expected_ = true;
  return true;
}

void Link::Suspend(std::uint32_t session) {
  MutexLock lock(mutex_);
  if (connection_ == nullptr || connection_->session() != session) return;
  EndSession();
  state_ = State::kSuspended;
}

void Link::Lose() {
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kDown) return;
    EndSession();
    state_ = State::kDown;
    gave_up_ = true;
    ledger_.link_lost += queue_.Abandon();
    waiters = TakeWaiters();
  }
  TellRoom(waiters);
}

void Link::NotePeerKnows() {
  MutexLock lock(mutex_);
  gave_up_ = false;
}

std::uint32_t Link::session() const {
  MutexLock lock(mutex_);
  return connection_ == nullptr ? 0 : connection_->session();
}

std::string Link::address() const {
  MutexLock lock(mutex_);
  return connection_ == nullptr ? "" : connection_->address().ToString();
}

bool Link::is_down() const {
  MutexLock lock(mutex_);
  return state_ == State::kDown;
}

bool Link::is_connected() const {
  MutexLock lock(mutex_);
  return state_ != State::kDown && !expected_;
}

Link::Past Link::BeginInbound(std::uint32_t session) {
  MutexLock lock(mutex_);
  if (past_.since == 0) past_.since = session;
  if (received_ > 0) {
    past_.session = inbound_session_;
    past_.count = std::exchange(received_, 0);
  }
  past_.outcomes = inbound_;
  inbound_session_ = session;
  inbound_over_ = false;
  received_told_ = 0;
  owed_bytes_ = 0;
  return past_;
}

std::uint32_t Link::inbound_session() const {
  MutexLock lock(mutex_);
  return inbound_session_;
}

// -- Sending -----------------------------------------------------------------

absl::Status Link::Send(const MessageHeader& header, absl::string_view metadata,
                        const Payload& payload, absl::Time now) {
  if (payload.size() < options_.part_bytes) {
    return SendWritten(header, metadata, payload, now);
  }
  // Large ones are written before the lock is taken.
  return SendWritten(header, metadata,
                     Payload::Share(payload.ToBuffer(), payload.codec()), now);
}

absl::Status Link::SendWritten(const MessageHeader& header,
                               absl::string_view metadata,
                               const Payload& payload, absl::Time now) {
  MutexLock lock(mutex_);
  const bool one_way = header.kind == MessageKind::kNoReturn;
  absl::Status admitted = Admit(header);
  if (!admitted.ok()) {
    ledger_.refused += one_way;
    return admitted;
  }
  ledger_.accepted += one_way;
  queue_.Append(header, metadata, payload, now);
  SendOrDefer();
  return absl::OkStatus();
}

absl::Status Link::Admit(const MessageHeader& header) {
  if (state_ == State::kDown) {
    return absl::UnavailableError(absl::StrCat("no connection to instance ",
                                               peer_.ToString(),
                                               "; Connect to it again"));
  }
  const bool bounded =
      header.kind != MessageKind::kReply && header.kind != MessageKind::kCancel;
  if (bounded && queue_.is_full()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the queue to instance ", peer_.ToString(), " is full: ",
        queue_.waiting_messages(), " messages, ", queue_.waiting_bytes(),
        " bytes; retry later, or send with WhenFull::kWait"));
  }
  return absl::OkStatus();
}

void Link::SendControl(MessageKind kind, std::uint64_t call_id,
                       const Payload& payload) {
  MutexLock lock(mutex_);
  if (connection_ == nullptr) return;
  queue_.AppendControl(kind, call_id, payload);
  SendOrDefer();
}

bool Link::AwaitRoom(std::uint64_t waiter) {
  MutexLock lock(mutex_);
  if (state_ == State::kDown || !queue_.is_full()) return false;
  waiters_.push_back(waiter);
  return true;
}

std::vector<std::uint64_t> Link::TakeWaiters() {
  if (state_ != State::kDown && !queue_.is_half_empty()) return {};
  return std::exchange(waiters_, {});
}

void Link::TellRoom(const std::vector<std::uint64_t>& waiters) {
  if (!waiters.empty()) on_room_(waiters);
}

void Link::SendOrDefer() {
  if (sending_) return;  // Whoever is at it takes this along.
  if (deferred_ && !IsWorthAFrame(queue_, connection_.get())) return;
  if (!deferred_ && driver_.DeferFlush(shared_from_this())) {
    deferred_ = true;
  } else {
    Drain();
  }
}

void Link::Flush() {
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    deferred_ = false;
    Drain();
    waiters = TakeWaiters();
  }
  TellRoom(waiters);
}

void Link::OnWritable(std::uint32_t session) {
  {
    MutexLock lock(mutex_);
    if (connection_ == nullptr || connection_->session() != session) return;
    blocked_ = false;
  }
  Flush();
}

// Sends what may be sent. Holds the lock but for the lane's own work.
void Link::Drain() {
  if (sending_) return;
  sending_ = true;
  while (connection_ != nullptr && !blocked_) {
    const SendQueue::FramePtr frame = queue_.Next();
    if (frame == nullptr || !TrySend(frame)) break;
  }
  sending_ = false;
}

void Link::FillHeader(SendQueue::Frame& frame) {
  FrameHeader header;
  header.sender = self_.value();
  header.target = peer_.value();
  header.session = connection_->session();
  header.counted_session = inbound_session_;
  header.first_sequence = frame.first_sequence;
  header.counted = received_;
  header.credit_messages = options_.window_messages;
  header.credit_bytes = options_.window_bytes;
  header.message_count = frame.messages;
  FinishFrame(header, frame.head);
  received_told_ = received_;
  owed_bytes_ = 0;
  if (frame.budgets_at != absl::InfiniteFuture()) {
    SendQueue::ReduceBudgets(frame, clock_.Now());
  }
}

// Returns whether to go on.
bool Link::TrySend(const SendQueue::FramePtr& frame) {
  FillHeader(*frame);
  const std::shared_ptr<Connection> connection = connection_;
  blocked_ = true;  // Before the lane can say that it is writable again.
  mutex_.Unlock();
  const transport::SendResult result =
      connection->TrySend({frame->head, frame->parts});
  mutex_.Lock();
  if (connection_ != connection) return true;  // In another session already.
  switch (result) {
    case transport::SendResult::kSent:
      blocked_ = false;
      return true;
    case transport::SendResult::kWouldBlock:
      queue_.PutBack(frame);
      return !blocked_;
    case transport::SendResult::kTooLarge:
      ledger_.link_lost += queue_.Discard(frame);
      blocked_ = false;
      return true;
    case transport::SendResult::kClosed:
      queue_.PutBack(frame);  // Suspend follows.
      return false;
  }
  return false;
}

bool Link::Flushed() const {
  MutexLock lock(mutex_);
  return state_ == State::kDown || (!sending_ && queue_.is_empty());
}

bool Link::Settled() const {
  if (!Flushed()) return false;
  MutexLock lock(mutex_);
  return state_ == State::kDown || queue_.is_settled();
}

// -- Receiving ---------------------------------------------------------------

Link::Verdict Link::OnFrame(const FrameHeader& header, std::uint32_t numbered,
                            std::size_t bytes, absl::Time now) {
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    if (header.session != inbound_session_ || inbound_over_) {
      return Verdict::kWrongSession;
    }
    if (header.first_sequence > received_ + 1) {
      inbound_over_ = true;
      return Verdict::kGap;
    }
    if (numbered > 0 && header.first_sequence != received_ + 1) {
      return Verdict::kOutOfOrder;
    }
    if (!TakeCounts(header, now)) return Verdict::kBadCounts;
    received_ += numbered;
    owed_bytes_ += numbered > 0 ? bytes : 0;
    if (received_ - received_told_ >= options_.window_messages / 4 ||
        owed_bytes_ >= options_.window_bytes / 4) {
      AppendCounts();
    }
    if (!queue_.is_empty()) SendOrDefer();
    waiters = TakeWaiters();
  }
  TellRoom(waiters);
  return Verdict::kTake;
}

// False if the peer counts what was never sent.
bool Link::TakeCounts(const FrameHeader& header, absl::Time now) {
  if (connection_ == nullptr ||
      header.counted_session != connection_->session()) {
    return true;  // About a session that is no more.
  }
  const std::uint64_t before = queue_.counted();
  if (header.counted < before) return true;  // Overtaken by a later frame.
  if (!queue_.Count(header.counted)) return false;
  if (header.counted > before) NoteProof(now);
  queue_.set_window({header.credit_messages, header.credit_bytes});
  return true;
}

// What we sent in this session arrives, and so that we gave up before it.
void Link::NoteProof(absl::Time now) {
  proved_at_ = now;
  gave_up_ = false;
}

absl::Time Link::proved_at() const {
  MutexLock lock(mutex_);
  return proved_at_;
}

void Link::OnPong(absl::Time now) {
  MutexLock lock(mutex_);
  NoteProof(now);
}

void Link::CountInbound(std::uint64_t InboundCounts::*cause) {
  MutexLock lock(mutex_);
  ++(inbound_.*cause);
}

bool Link::OnCounts(const InboundCounts& counts) {
  MutexLock lock(mutex_);
  if (!counts.Covers(baseline_)) return false;
  InboundCounts told = counts;
  told -= baseline_;
  if (!told.Covers(told_) || told.total() > queue_.one_way_sent()) {
    return false;
  }
  told_ = told;
  return true;
}

void Link::AppendCounts() {
  if (connection_ == nullptr) return;
  queue_.AppendControl(
      MessageKind::kCounts, 0,
      Payload::Share(EncodeCounts(received_, inbound_), Codec::kProtobuf));
  inbound_told_ = inbound_;
  received_told_ = received_;
  owed_bytes_ = 0;
}

void Link::AnswerPing(std::uint64_t call_id) {
  MutexLock lock(mutex_);
  if (connection_ == nullptr) return;
  queue_.AppendControl(MessageKind::kPong, call_id, Payload());
  if (inbound_.total() > 0) AppendCounts();
  SendOrDefer();
}

bool Link::owes_counts() const {
  MutexLock lock(mutex_);
  return connection_ != nullptr &&
         (received_told_ != received_ || !(inbound_told_ == inbound_));
}

void Link::SendOwedCounts() {
  MutexLock lock(mutex_);
  if (connection_ == nullptr) return;
  if (received_told_ == received_ && inbound_told_ == inbound_) return;
  AppendCounts();
  SendOrDefer();
}

Ledger Link::ledger() const {
  MutexLock lock(mutex_);
  Ledger ledger = ledger_;
  ledger.received += told_;
  if (state_ == State::kDown) {
    ledger.in_doubt += queue_.one_way_sent() - told_.total();
  }
  return ledger;
}

InboundCounts Link::inbound_counts() const {
  MutexLock lock(mutex_);
  return inbound_;
}

}  // namespace am
