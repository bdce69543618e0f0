// Link: all that is between this instance and one peer.
//
// Outbound: messages are appended to the open frame; whoever appends also
// sends, unless somebody is sending already (who then takes it along) or the
// thread is in the midst of a burst (whose end flushes it). Frames that the
// peer's window or the lane cannot take wait in a bounded queue. Messages are
// numbered as they leave; the peer's cumulative counts say how far it came.
//
// Inbound: frames are checked against the session and the numbering and
// counted; the counts ride on whatever goes the other way, or on a message of
// their own after a quarter of the window or LinkOptions::count_delay.
//
// The link outlives its connections: Attach begins a session on a connection
// that the handshake (am/peer_table.h) has proved, Detach ends it.
//
// Threads: any. Blocks nobody.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "am/connection.h"
#include "am/driver.h"
#include "am/instance_id.h"
#include "am/ledger.h"
#include "am/manager_options.h"
#include "am/payload.h"
#include "am/transport/mutex.h"
#include "am/wire.h"

namespace am {

class Link final : public Flushable, public std::enable_shared_from_this<Link> {
 public:
  // `on_room` is told the waiters (see AwaitRoom) for whom there is room now;
  // it is called with no lock held.
  using OnRoom = std::function<void(const std::vector<std::uint64_t>&)>;

  Link(const LinkOptions& options, InstanceId self, InstanceId peer,
       Driver& driver, OnRoom on_room);

  // -- Sessions --------------------------------------------------------------

  // From now on messages leave by `connection`, within the window that the
  // peer's handshake granted. Ends the session before.
  void Attach(std::shared_ptr<Connection> connection,
              const FrameHeader& handshake);

  // Ends the outbound session, if it is `session` or that is 0: what is queued
  // is dropped and accounted for, sends fail with UNAVAILABLE.
  void Detach(std::uint32_t session);

  // The session that leaves here, 0 if none.
  std::uint32_t session() const;

  // Begins a session of the peer's. Returns how many numbered messages of the
  // one before arrived.
  std::uint64_t BeginInbound(std::uint32_t session, absl::Time now);
  std::uint32_t inbound_session() const;

  // -- Sending ---------------------------------------------------------------

  // Queues a numbered message. UNAVAILABLE: no session. RESOURCE_EXHAUSTED:
  // the queue is full; never for replies and cancellations.
  // INVALID_ARGUMENT: larger than `max_message_bytes`.
  absl::Status Send(const MessageHeader& header, absl::string_view metadata,
                    const Payload& payload);

  // Sends a control message, ahead of the queue and outside the window.
  void SendControl(MessageKind kind, std::uint64_t call_id,
                   const Payload& payload);

  // True: `waiter` is passed to OnRoom once the queue is half empty, or the
  // session ends. False: there is room now.
  bool AwaitRoom(std::uint64_t waiter);

  void Flush() override;

  // The lane can take frames again.
  void OnWritable(std::uint32_t session);

  // Whether all that was sent has left; and was counted by the peer.
  bool Flushed() const;
  bool Settled() const;

  // -- Receiving -------------------------------------------------------------

  enum class Verdict : std::uint8_t {
    kTake,
    kWrongSession,  // not the peer's session: an old one, or unknown
    kOutOfOrder,    // numbers seen before, or a gap
    kBadCounts,     // counts what was never sent
  };

  // Takes note of a frame's header: the peer's counts and window, and
  // `numbered` messages of `bytes` that are to be counted. Unless the verdict
  // is kTake, the frame must not be used.
  Verdict OnFrame(const FrameHeader& header, std::uint32_t numbered,
                  std::size_t bytes, absl::Time now);

  // When the peer was last heard of.
  absl::Time heard_at() const;

  // What became of one-way messages from the peer, to be told to it.
  void CountInbound(std::uint64_t InboundCounts::*cause);

  // What became of ours in this session, as the peer tells. False if it makes
  // no sense.
  bool OnCounts(const InboundCounts& counts);

  // Sends counts that are owed; for OnTick.
  void SendOwedCounts();
  bool owes_counts() const;

  Ledger ledger() const;
  InboundCounts inbound_counts() const;

 private:
  struct Frame {
    std::string head = NewFrame();
    std::vector<transport::Buffer> parts;
    std::size_t part_bytes = 0;
    std::uint32_t messages = 0;
    std::uint32_t numbered = 0;
    std::uint32_t one_way = 0;

    std::size_t bytes() const { return head.size() + part_bytes; }
  };
  struct SentFrame {
    std::uint64_t last_sequence;
    std::size_t bytes;
  };

  absl::Status SendWritten(const MessageHeader& header,
                           absl::string_view metadata, const Payload& payload);
  void Append(Frame& frame, const MessageHeader& header,
              absl::string_view metadata, const Payload& payload)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseOpenFrame() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WindowTakes(const Frame& frame) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendOrDefer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NextFrame(Frame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FillHeader(Frame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TrySend(Frame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutBack(Frame frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteSent(const Frame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteUnsent(const Frame& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndSession() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeCounts(const FrameHeader& header)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AppendCounts() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::uint64_t> TakeWaiters()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellRoom(const std::vector<std::uint64_t>& waiters);

  const LinkOptions options_;
  const InstanceId self_;
  const InstanceId peer_;
  Driver& driver_;
  const OnRoom on_room_;

  mutable Mutex mutex_;

  // Outbound.
  std::shared_ptr<Connection> connection_ ABSL_GUARDED_BY(mutex_);
  Frame control_ ABSL_GUARDED_BY(mutex_);
  Frame open_ ABSL_GUARDED_BY(mutex_);
  std::deque<Frame> queue_ ABSL_GUARDED_BY(mutex_);
  std::string spare_ ABSL_GUARDED_BY(mutex_);  // memory of a frame sent before
  std::size_t queued_messages_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 1;
  std::deque<SentFrame> sent_ ABSL_GUARDED_BY(mutex_);  // not counted yet
  std::uint64_t counted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t sent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint32_t credit_messages_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint32_t credit_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool blocked_ ABSL_GUARDED_BY(mutex_) = false;
  bool deferred_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::uint64_t> waiters_ ABSL_GUARDED_BY(mutex_);
  Ledger ledger_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t session_one_way_ ABSL_GUARDED_BY(mutex_) = 0;  // sent in it
  InboundCounts session_received_ ABSL_GUARDED_BY(mutex_);

  // Inbound.
  std::uint32_t inbound_session_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time heard_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::uint64_t received_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t received_told_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t owed_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  InboundCounts inbound_ ABSL_GUARDED_BY(mutex_);
  InboundCounts inbound_told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
