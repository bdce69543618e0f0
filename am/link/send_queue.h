// SendQueue: the messages to one peer, from when they are accepted to when the
// peer has counted them.
//
//   Append --> open frame, closed frames --Next--> sent --Count--> gone
//                       ^                           |
//                       +---- calls, replies -------+ Settle, after End
//
// Messages gather in the open frame, which is closed at LinkOptions::
// frame_bytes. Next takes the oldest frame that the peer's window has room for
// and numbers its messages; it is kept until the peer has counted it. When the
// session ends, what is kept awaits the peer's word on how far it came, and
// nothing numbered leaves before that (so that order holds): then what did not
// arrive is sent again, but for one-way messages, which are lost and counted.
//
// Budgets are right when a frame leaves: the time it waited is taken off.
//
// Threads: one at a time; Link has the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/manager_options.h"
#include "am/payload.h"
#include "am/transport/buffer.h"
#include "am/wire/wire.h"

namespace am {

class SendQueue {
 public:
  // What leaves at once. Shared, since a lane may still read it when the peer
  // has counted it already. Only the holder of the link's lock changes it, and
  // only while no lane has it.
  struct Frame {
    std::string head = NewFrame();
    std::vector<transport::Buffer> parts;
    std::size_t part_bytes = 0;
    std::uint32_t messages = 0;
    std::uint32_t numbered = 0;
    std::uint32_t one_way = 0;
    std::uint64_t first_sequence = 0;  // as it left

    // When the budgets in it were right; infinite: it has none.
    absl::Time budgets_at = absl::InfiniteFuture();

    std::size_t bytes() const { return head.size() + part_bytes; }
  };
  using FramePtr = std::shared_ptr<Frame>;

  // What the peer lets us have sent and not counted.
  struct Window {
    std::uint32_t messages = 0;
    std::uint32_t bytes = 0;
  };

  // `options` must outlive it.
  explicit SendQueue(const LinkOptions& options);

  // -- Waiting ---------------------------------------------------------------

  // Appends a numbered message, whose budget is right `now`.
  void Append(MessageHeader header, absl::string_view metadata,
              const Payload& payload, absl::Time now);

  // Appends a control message: ahead of all, and outside the window.
  void AppendControl(MessageKind kind, std::uint64_t call_id,
                     const Payload& payload);
  void ClearControl();

  // Whether as much waits as may; and less than half of it.
  bool is_full() const;
  bool is_half_empty() const;
  bool is_empty() const;
  std::size_t waiting_messages() const { return waiting_messages_; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }

  // -- Leaving ---------------------------------------------------------------

  // Takes the next frame that may leave; null if none may. Its header is the
  // caller's to write.
  FramePtr Next();

  // Takes the time it waited off the budgets in `frame`.
  static void ReduceBudgets(Frame& frame, absl::Time now);

  // The lane would not have `frame`, the last one of Next: it is first again.
  void PutBack(FramePtr frame);

  // The lane never will: its one-way messages are lost, and their number is
  // returned.
  std::uint32_t Discard(const FramePtr& frame);

  // -- Counted by the peer ---------------------------------------------------

  // The peer counts the first `counted` messages of this session as received.
  // False: it cannot.
  bool Count(std::uint64_t counted);
  std::uint64_t counted() const { return counted_; }
  void set_window(Window window) { window_ = window; }

  // Whether nothing is sent that was not counted, in this or earlier sessions.
  bool is_settled() const { return sent_.empty() && !unsettled_.has_value(); }

  // Whether nothing may leave before Settle.
  bool awaits_settling() const { return unsettled_.has_value(); }

  // One-way messages that left, less those known not to have arrived.
  std::uint64_t one_way_sent() const { return one_way_sent_; }

  // -- Sessions --------------------------------------------------------------

  void Begin(Window window);
  void End(std::uint32_t session);

  // Of `session`, the last one in which anything arrived, `count` messages
  // did; returns how many one-way messages are lost thereby. None: that cannot
  // be.
  std::optional<std::uint64_t> Settle(std::uint32_t session,
                                      std::uint64_t count);

  // Nobody will ever say what arrived: counts anew, and returns one_way_sent.
  std::uint64_t Forget();

  // Drops what waits, and returns how many one-way messages that were. What was
  // sent is not sent again, but remembered as sent.
  std::uint64_t Abandon();

 private:
  struct Sent {
    std::uint64_t last_sequence;
    std::size_t bytes;
    std::uint32_t one_way;
    FramePtr frame;  // null once it would not be sent again
  };
  struct Unsettled {
    std::uint32_t session;
    std::uint64_t counted;
    std::deque<Sent> sent;
  };

  FramePtr NewOrSpare();
  void CloseOpenFrame();
  bool WindowTakes(const Frame& frame) const;
  void Number(const FramePtr& frame);
  bool TakeUncounted(const FramePtr& frame);
  void Requeue(std::deque<Sent> unreceived);
  FramePtr WithoutOneWay(const Frame& frame) const;

  const LinkOptions& options_;

  FramePtr control_;
  FramePtr open_;
  std::deque<FramePtr> closed_;
  FramePtr spare_;  // memory of one that was counted
  std::size_t waiting_messages_ = 0;
  std::size_t waiting_bytes_ = 0;

  Window window_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t counted_ = 0;
  std::deque<Sent> sent_;
  std::size_t sent_bytes_ = 0;
  std::uint64_t one_way_sent_ = 0;
  std::optional<Unsettled> unsettled_;
};

}  // namespace am
