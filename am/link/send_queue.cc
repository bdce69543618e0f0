#include "am/link/send_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace am {
namespace {

constexpr absl::Duration kBudgetUnit = absl::Microseconds(100);

// One message in a frame of ours.
struct Written {
  MessageHeader header;
  std::size_t at;      // in the head
  std::size_t length;  // in the head
  std::size_t part;    // of the frame, if its payload is one
};

template <typename Visitor>
void ForEachMessage(const SendQueue::Frame& frame, Visitor visit) {
  Written written{{}, sizeof(FrameHeader), 0, 0};
  while (written.at < frame.head.size()) {
    std::memcpy(&written.header, frame.head.data() + written.at,
                sizeof(MessageHeader));
    const bool in_part = (written.header.flags & kPayloadInPart) != 0;
    written.length = sizeof(MessageHeader) + written.header.metadata_length +
                     (in_part ? 0 : written.header.payload_length);
    visit(written);
    written.at += written.length;
    written.part += in_part ? 1 : 0;
  }
}

}  // namespace

SendQueue::SendQueue(const LinkOptions& options)
    : options_(options),
      control_(std::make_shared<Frame>()),
      open_(std::make_shared<Frame>()) {}

// -- Waiting -----------------------------------------------------------------

void SendQueue::Append(MessageHeader header, absl::string_view metadata,
                       const Payload& payload, absl::Time now) {
  Frame& frame = *open_;
  if (header.budget != kNoBudget) {
    // All budgets of a frame are reduced by the same time when it leaves.
    frame.budgets_at = std::min(frame.budgets_at, now);
    if (const absl::Duration later = now - frame.budgets_at;
        later >= kBudgetUnit) {
      header.budget = ToBudget(FromBudget(header.budget) + later);
    }
  }
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
  ++waiting_messages_;
  waiting_bytes_ += frame.bytes() - before;
  if (frame.bytes() >= options_.frame_bytes) CloseOpenFrame();
}

void SendQueue::AppendControl(MessageKind kind, std::uint64_t call_id,
                              const Payload& payload) {
  MessageHeader header;
  header.kind = kind;
  header.call_id = call_id;
  AppendMessage(control_->head, header, {}, payload);
  ++control_->messages;
}

void SendQueue::ClearControl() { control_ = std::make_shared<Frame>(); }

void SendQueue::CloseOpenFrame() {
  closed_.push_back(std::exchange(open_, NewOrSpare()));
}

SendQueue::FramePtr SendQueue::NewOrSpare() {
  if (spare_ == nullptr || spare_.use_count() > 1) {
    return std::make_shared<Frame>();
  }
  spare_->head.resize(sizeof(FrameHeader));
  spare_->parts.clear();
  spare_->part_bytes = 0;
  spare_->messages = spare_->numbered = spare_->one_way = 0;
  spare_->budgets_at = absl::InfiniteFuture();
  return std::exchange(spare_, nullptr);
}

bool SendQueue::is_full() const {
  return waiting_messages_ >= options_.queue_messages ||
         waiting_bytes_ >= options_.queue_bytes;
}

bool SendQueue::is_half_empty() const {
  return waiting_messages_ <= options_.queue_messages / 2 &&
         waiting_bytes_ <= options_.queue_bytes / 2;
}

bool SendQueue::is_empty() const {
  return waiting_messages_ == 0 && control_->messages == 0;
}

// -- Leaving -----------------------------------------------------------------

// Control first; then, as far as the window takes them, closed frames and the
// open one.
SendQueue::FramePtr SendQueue::Next() {
  if (control_->messages > 0) {
    control_->first_sequence = next_sequence_;
    return std::exchange(control_, std::make_shared<Frame>());
  }
  if (unsettled_.has_value()) return nullptr;
  FramePtr frame;
  if (!closed_.empty()) {
    if (!WindowTakes(*closed_.front())) return nullptr;
    frame = std::move(closed_.front());
    closed_.pop_front();
  } else {
    if (open_->messages == 0 || !WindowTakes(*open_)) return nullptr;
    frame = std::exchange(open_, NewOrSpare());
  }
  waiting_messages_ -= frame->messages;
  waiting_bytes_ -= frame->bytes() - sizeof(FrameHeader);
  Number(frame);
  return frame;
}

bool SendQueue::WindowTakes(const Frame& frame) const {
  if (sent_.empty()) return true;
  const std::uint64_t uncounted = next_sequence_ - 1 - counted_;
  return uncounted + frame.numbered <= window_.messages &&
         sent_bytes_ + frame.bytes() <= window_.bytes;
}

// A frame counts as sent before it is: the peer may have counted it before the
// lane returns.
void SendQueue::Number(const FramePtr& frame) {
  frame->first_sequence = next_sequence_;
  next_sequence_ += frame->numbered;
  sent_bytes_ += frame->bytes();
  one_way_sent_ += frame->one_way;
  sent_.push_back({next_sequence_ - 1, frame->bytes(), frame->one_way, frame});
}

void SendQueue::ReduceBudgets(Frame& frame, absl::Time now) {
  if (now - frame.budgets_at < kBudgetUnit) return;
  const absl::Duration waited = now - frame.budgets_at;
  ForEachMessage(frame, [&](Written& written) {
    if (written.header.budget == kNoBudget) return;
    written.header.budget =
        ToBudget(FromBudget(written.header.budget) - waited);
    std::memcpy(frame.head.data() + written.at, &written.header,
                sizeof(MessageHeader));
  });
  frame.budgets_at = now;
}

void SendQueue::PutBack(FramePtr frame) {
  if (frame->numbered == 0) {
    frame->head.append(control_->head, sizeof(FrameHeader));
    frame->messages += control_->messages;
    control_ = std::move(frame);
    return;
  }
  if (!TakeUncounted(frame)) return;
  waiting_messages_ += frame->messages;
  waiting_bytes_ += frame->bytes() - sizeof(FrameHeader);
  closed_.push_front(std::move(frame));
}

std::uint32_t SendQueue::Discard(const FramePtr& frame) {
  return frame->numbered > 0 && TakeUncounted(frame) ? frame->one_way : 0;
}

// The last frame was not sent after all. False: the peer has counted it, who
// hence counts what it cannot have; let it.
bool SendQueue::TakeUncounted(const FramePtr& frame) {
  if (sent_.empty() || sent_.back().frame != frame) return false;
  next_sequence_ = frame->first_sequence;
  sent_bytes_ -= frame->bytes();
  one_way_sent_ -= frame->one_way;
  sent_.pop_back();
  return true;
}

// -- Counted by the peer -----------------------------------------------------

bool SendQueue::Count(std::uint64_t counted) {
  if (counted >= next_sequence_) return false;
  counted_ = std::max(counted_, counted);
  while (!sent_.empty() && sent_.front().last_sequence <= counted_) {
    sent_bytes_ -= sent_.front().bytes;
    spare_ = std::move(sent_.front().frame);
    sent_.pop_front();
  }
  return true;
}

// -- Sessions ----------------------------------------------------------------

void SendQueue::Begin(Window window) {
  next_sequence_ = 1;
  counted_ = 0;
  window_ = window;
}

// Nothing numbered leaves in a session while an earlier one is unsettled, so
// there is one of them at the most.
void SendQueue::End(std::uint32_t session) {
  ClearControl();
  if (sent_.empty()) return;
  unsettled_ = Unsettled{session, counted_, std::exchange(sent_, {})};
  sent_bytes_ = 0;
}

std::optional<std::uint64_t> SendQueue::Settle(std::uint32_t session,
                                               std::uint64_t count) {
  if (!unsettled_.has_value()) return 0;
  if (session != unsettled_->session) count = 0;
  std::deque<Sent>& sent = unsettled_->sent;
  if (count < unsettled_->counted || count > sent.back().last_sequence) {
    return std::nullopt;
  }
  while (!sent.empty() && sent.front().last_sequence <= count) {
    sent.pop_front();
  }
  std::uint64_t lost = 0;
  for (const Sent& unreceived : sent) lost += unreceived.one_way;
  one_way_sent_ -= lost;
  Requeue(std::move(sent));
  unsettled_.reset();
  return lost;
}

// Before all that waits, in the order in which they were.
void SendQueue::Requeue(std::deque<Sent> unreceived) {
  std::deque<FramePtr> again;
  for (const Sent& sent : unreceived) {
    if (sent.frame == nullptr) continue;
    FramePtr frame = WithoutOneWay(*sent.frame);
    if (frame->messages == 0) continue;
    waiting_messages_ += frame->messages;
    waiting_bytes_ += frame->bytes() - sizeof(FrameHeader);
    again.push_back(std::move(frame));
  }
  closed_.insert(closed_.begin(), again.begin(), again.end());
}

// A copy: a lane may still read the frame itself.
SendQueue::FramePtr SendQueue::WithoutOneWay(const Frame& frame) const {
  auto copy = std::make_shared<Frame>();
  copy->budgets_at = frame.budgets_at;
  ForEachMessage(frame, [&](const Written& written) {
    if (written.header.kind == MessageKind::kNoReturn) return;
    copy->head.append(frame.head, written.at, written.length);
    if ((written.header.flags & kPayloadInPart) != 0) {
      copy->parts.push_back(frame.parts[written.part]);
      copy->part_bytes += copy->parts.back().size();
    }
    ++copy->messages;
    ++copy->numbered;
  });
  return copy;
}

std::uint64_t SendQueue::Forget() {
  unsettled_.reset();
  return std::exchange(one_way_sent_, 0);
}

std::uint64_t SendQueue::Abandon() {
  std::uint64_t one_way = open_->one_way;
  for (const FramePtr& frame : closed_) one_way += frame->one_way;
  closed_.clear();
  open_ = std::make_shared<Frame>();
  waiting_messages_ = 0;
  waiting_bytes_ = 0;
  if (unsettled_.has_value()) {
    for (Sent& sent : unsettled_->sent) sent.frame = nullptr;
  }
  return one_way;
}

}  // namespace am
