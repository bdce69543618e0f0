#include "am/link.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/counts.h"

namespace am {

Link::Link(const LinkOptions& options, InstanceId self, InstanceId peer,
           Driver& driver, OnRoom on_room)
    : options_(options),
      self_(self),
      peer_(peer),
      driver_(driver),
      on_room_(std::move(on_room)) {}

// -- Sessions ----------------------------------------------------------------

void Link::Attach(std::shared_ptr<Connection> connection,
                  const FrameHeader& handshake) {
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    if (connection_ != nullptr) EndSession();
    connection_ = std::move(connection);
    next_sequence_ = 1;
    counted_ = 0;
    credit_messages_ = handshake.credit_messages;
    credit_bytes_ = handshake.credit_bytes;
    blocked_ = false;
    waiters = TakeWaiters();
  }
  TellRoom(waiters);
}

void Link::Detach(std::uint32_t session) {
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    if (connection_ == nullptr) return;
    if (session != 0 && connection_->session() != session) return;
    EndSession();
    waiters = TakeWaiters();
  }
  TellRoom(waiters);
}

// What was sent and not counted may have arrived or not; what was queued has
// not.
void Link::EndSession() {
  ledger_.in_doubt += session_one_way_ - session_received_.total();
  session_one_way_ = 0;
  session_received_ = {};
  sent_.clear();
  sent_bytes_ = 0;
  for (const Frame& frame : queue_) ledger_.link_lost += frame.one_way;
  ledger_.link_lost += open_.one_way;
  queue_.clear();
  open_ = Frame();
  control_ = Frame();
  queued_messages_ = 0;
  queued_bytes_ = 0;
  connection_ = nullptr;
}

std::uint32_t Link::session() const {
  MutexLock lock(mutex_);
  return connection_ == nullptr ? 0 : connection_->session();
}

std::uint64_t Link::BeginInbound(std::uint32_t session, absl::Time now) {
  MutexLock lock(mutex_);
  heard_at_ = now;
  inbound_session_ = session;
  received_told_ = 0;
  owed_bytes_ = 0;
  inbound_ = inbound_told_ = {};
  return std::exchange(received_, 0);
}

std::uint32_t Link::inbound_session() const {
  MutexLock lock(mutex_);
  return inbound_session_;
}

// -- Sending -----------------------------------------------------------------

absl::Status Link::Send(const MessageHeader& header, absl::string_view metadata,
                        const Payload& payload) {
  if (payload.size() < options_.part_bytes) {
    return SendWritten(header, metadata, payload);
  }
  // Large ones are written before the lock is taken.
  return SendWritten(header, metadata,
                     Payload::Share(payload.ToBuffer(), payload.codec()));
}

absl::Status Link::SendWritten(const MessageHeader& header,
                               absl::string_view metadata,
                               const Payload& payload) {
  MutexLock lock(mutex_);
  const bool one_way = header.kind == MessageKind::kNoReturn;
  if (connection_ == nullptr) {
    ledger_.refused += one_way;
    return absl::UnavailableError(absl::StrCat("no connection to instance ",
                                               peer_.ToString(),
                                               "; Connect to it again"));
  }
  const bool bounded =
      header.kind != MessageKind::kReply && header.kind != MessageKind::kCancel;
  if (bounded && IsFull()) {
    ledger_.refused += one_way;
    return absl::ResourceExhaustedError(absl::StrCat(
        "the queue to instance ", peer_.ToString(),
        " is full: ", queued_messages_, " messages, ", queued_bytes_,
        " bytes; retry later, or send with WhenFull::kWait"));
  }
  ledger_.accepted += one_way;
  Append(open_, header, metadata, payload);
  SendOrDefer();
  return absl::OkStatus();
}

void Link::SendControl(MessageKind kind, std::uint64_t call_id,
                       const Payload& payload) {
  MutexLock lock(mutex_);
  if (connection_ == nullptr) return;
  MessageHeader header;
  header.kind = kind;
  header.call_id = call_id;
  AppendMessage(control_.head, header, {}, payload);
  ++control_.messages;
  SendOrDefer();
}

void Link::Append(Frame& frame, const MessageHeader& header,
                  absl::string_view metadata, const Payload& payload) {
  const std::size_t before = frame.bytes();
  if (payload.size() >= options_.part_bytes) {
    AppendMessageWithPart(frame.head, header, metadata, payload, frame.parts);
    frame.part_bytes += payload.size();
  } else {
    AppendMessage(frame.head, header, metadata, payload);
  }
  ++frame.messages;
  ++frame.numbered;
  frame.one_way += header.kind == MessageKind::kNoReturn;
  ++queued_messages_;
  queued_bytes_ += frame.bytes() - before;
  if (frame.bytes() >= options_.frame_bytes) CloseOpenFrame();
}

void Link::CloseOpenFrame() {
  queue_.push_back(std::move(open_));
  open_ = Frame();
}

bool Link::IsFull() const {
  return queued_messages_ >= options_.queue_messages ||
         queued_bytes_ >= options_.queue_bytes;
}

bool Link::AwaitRoom(std::uint64_t waiter) {
  MutexLock lock(mutex_);
  if (connection_ == nullptr || !IsFull()) return false;
  waiters_.push_back(waiter);
  return true;
}

std::vector<std::uint64_t> Link::TakeWaiters() {
  if (connection_ != nullptr &&
      (queued_messages_ > options_.queue_messages / 2 ||
       queued_bytes_ > options_.queue_bytes / 2)) {
    return {};
  }
  return std::exchange(waiters_, {});
}

void Link::TellRoom(const std::vector<std::uint64_t>& waiters) {
  if (!waiters.empty()) on_room_(waiters);
}

void Link::SendOrDefer() {
  if (sending_ || deferred_) return;  // Whoever is at it takes this along.
  if (driver_.DeferFlush(shared_from_this())) {
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
  Frame frame;
  while (!blocked_ && NextFrame(frame)) {
    if (!TrySend(frame)) break;
  }
  sending_ = false;
}

// Control first; then, as far as the window takes them, closed frames and the
// open one.
bool Link::NextFrame(Frame& frame) {
  if (connection_ == nullptr) return false;
  if (control_.messages > 0) {
    frame = std::exchange(control_, Frame());
    return true;
  }
  if (!queue_.empty()) {
    if (!WindowTakes(queue_.front())) return false;
    frame = std::move(queue_.front());
    queue_.pop_front();
  } else {
    if (open_.messages == 0 || !WindowTakes(open_)) return false;
    frame = std::move(open_);
    open_.head = std::move(spare_);
    open_.head.resize(sizeof(FrameHeader));
    open_.parts.clear();
    open_.part_bytes = 0;
    open_.messages = open_.numbered = open_.one_way = 0;
    spare_.clear();
  }
  queued_messages_ -= frame.messages;
  queued_bytes_ -= frame.bytes() - sizeof(FrameHeader);
  return true;
}

bool Link::WindowTakes(const Frame& frame) const {
  if (sent_.empty()) return true;
  const std::uint64_t uncounted = next_sequence_ - 1 - counted_;
  return uncounted + frame.numbered <= credit_messages_ &&
         sent_bytes_ + frame.bytes() <= credit_bytes_;
}

void Link::FillHeader(Frame& frame) {
  FrameHeader header;
  header.sender = self_.value();
  header.target = peer_.value();
  header.session = connection_->session();
  header.counted_session = inbound_session_;
  header.first_sequence = next_sequence_;
  header.counted = received_;
  header.credit_messages = options_.window_messages;
  header.credit_bytes = options_.window_bytes;
  header.message_count = frame.messages;
  FinishFrame(header, frame.head);
  received_told_ = received_;
  owed_bytes_ = 0;
}

// Returns whether to go on. The frame counts as sent before it is: the peer
// may have counted it before the lane returns.
bool Link::TrySend(Frame& frame) {
  FillHeader(frame);
  NoteSent(frame);
  const std::shared_ptr<Connection> connection = connection_;
  blocked_ = true;  // Before the lane can say that it is writable again.
  mutex_.Unlock();
  const transport::SendResult result =
      connection->TrySend({frame.head, frame.parts});
  mutex_.Lock();
  if (connection_ != connection) return true;  // In another session already.
  if (result == transport::SendResult::kSent) {
    blocked_ = false;
    spare_ = std::move(frame.head);
    return true;
  }
  NoteUnsent(frame);
  if (result == transport::SendResult::kWouldBlock) {
    PutBack(std::move(frame));
    return !blocked_;
  }
  ledger_.link_lost += frame.one_way;
  // The lane is lost, and Detach follows; or it is well, and this frame was
  // larger than the transport allows.
  if (result == transport::SendResult::kTooLarge) blocked_ = false;
  return !blocked_;
}

void Link::NoteSent(const Frame& frame) {
  if (frame.numbered == 0) return;
  next_sequence_ += frame.numbered;
  sent_bytes_ += frame.bytes();
  session_one_way_ += frame.one_way;
  sent_.push_back({next_sequence_ - 1, frame.bytes()});
}

void Link::NoteUnsent(const Frame& frame) {
  if (frame.numbered == 0) return;
  next_sequence_ -= frame.numbered;
  sent_bytes_ -= frame.bytes();
  session_one_way_ -= frame.one_way;
  sent_.pop_back();
}

void Link::PutBack(Frame frame) {
  if (frame.numbered == 0) {
    frame.head.append(control_.head, sizeof(FrameHeader));
    frame.messages += control_.messages;
    control_ = std::move(frame);
    return;
  }
  queued_messages_ += frame.messages;
  queued_bytes_ += frame.bytes() - sizeof(FrameHeader);
  queue_.push_front(std::move(frame));
}

bool Link::Flushed() const {
  MutexLock lock(mutex_);
  return connection_ == nullptr ||
         (!sending_ && queued_messages_ == 0 && control_.messages == 0);
}

bool Link::Settled() const {
  if (!Flushed()) return false;
  MutexLock lock(mutex_);
  return sent_.empty();
}

// -- Receiving ---------------------------------------------------------------

Link::Verdict Link::OnFrame(const FrameHeader& header, std::uint32_t numbered,
                            std::size_t bytes, absl::Time now) {
  std::vector<std::uint64_t> waiters;
  {
    MutexLock lock(mutex_);
    if (header.session != inbound_session_) return Verdict::kWrongSession;
    if (numbered > 0 && header.first_sequence != received_ + 1) {
      return Verdict::kOutOfOrder;
    }
    if (!TakeCounts(header)) return Verdict::kBadCounts;
    heard_at_ = now;
    received_ += numbered;
    owed_bytes_ += numbered > 0 ? bytes : 0;
    if (received_ - received_told_ >= options_.window_messages / 4 ||
        owed_bytes_ >= options_.window_bytes / 4) {
      AppendCounts();
    }
    if (queued_messages_ > 0 || control_.messages > 0) SendOrDefer();
    waiters = TakeWaiters();
  }
  TellRoom(waiters);
  return Verdict::kTake;
}

// False if the peer counts what was never sent, or less than before.
bool Link::TakeCounts(const FrameHeader& header) {
  if (connection_ == nullptr ||
      header.counted_session != connection_->session()) {
    return true;  // About a session that is no more.
  }
  if (header.counted < counted_) return true;  // Overtaken by a later frame.
  if (header.counted >= next_sequence_) return false;
  counted_ = header.counted;
  credit_messages_ = header.credit_messages;
  credit_bytes_ = header.credit_bytes;
  while (!sent_.empty() && sent_.front().last_sequence <= counted_) {
    sent_bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
  return true;
}

absl::Time Link::heard_at() const {
  MutexLock lock(mutex_);
  return heard_at_;
}

void Link::CountInbound(std::uint64_t InboundCounts::*cause) {
  MutexLock lock(mutex_);
  ++(inbound_.*cause);
}

bool Link::OnCounts(const InboundCounts& counts) {
  MutexLock lock(mutex_);
  if (counts.total() > session_one_way_ ||
      counts.total() < session_received_.total()) {
    return false;
  }
  ledger_.received -= session_received_;
  ledger_.received += counts;
  session_received_ = counts;
  return true;
}

void Link::AppendCounts() {
  if (connection_ == nullptr) return;
  MessageHeader header;
  header.kind = MessageKind::kCounts;
  AppendMessage(
      control_.head, header, {},
      Payload::Share(EncodeCounts(received_, inbound_), Codec::kProtobuf));
  ++control_.messages;
  inbound_told_ = inbound_;
  received_told_ = received_;
  owed_bytes_ = 0;
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
  return ledger_;
}

InboundCounts Link::inbound_counts() const {
  MutexLock lock(mutex_);
  return inbound_;
}

}  // namespace am
