// Link: all that is between this instance and one peer.
//
// Outbound: messages are appended to the send queue; whoever appends also
// sends, unless somebody is sending already (who then takes it along) or the
// thread is in the midst of a burst (whose end flushes it). Frames that the
// peer's window or the lane cannot take wait, within bounds. Messages are
// numbered as they leave; the peer's cumulative counts say how far it came.
//
// Inbound: frames are checked against the session and the numbering and
// counted; the counts ride on whatever goes the other way, or on a message of
// their own after a quarter of the window or LinkOptions::count_delay.
//
// The link outlives its connections:
//
//              Attach                 Suspend: the connection is lost
//   down ------------------> up <-----------------> suspended
//     ^   (of a new session)  |        Attach           |
//     +------ Lose -----------+------------ Lose -------+
//
//   state      sends      what waits   what was sent and not counted
//   up         leave      leaves       is in flight
//   suspended  wait       waits        is in flight
//   down       refused    is lost      is in doubt
//
// After Attach, nothing numbered leaves before Settle has told what the peer
// received of the session before; also after having been down, so that doubt
// ends when a peer that seemed lost returns.
//
// Threads: any. Blocks nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "am/clock.h"
#include "am/driver/driver.h"
#include "am/instance_id.h"
#include "am/ledger.h"
#include "am/link/connection.h"
#include "am/link/send_queue.h"
#include "am/manager_options.h"
#include "am/payload.h"
#include "am/transport/mutex.h"
#include "am/wire/wire.h"

namespace am {

class Link final : public Flushable, public std::enable_shared_from_this<Link> {
 public:
  // `on_room` is told the waiters (see AwaitRoom) for whom there is room now;
  // it is called with no lock held.
  using OnRoom = std::function<void(const std::vector<std::uint64_t>&)>;

  Link(const LinkOptions& options, InstanceId self, InstanceId peer,
       Driver& driver, const Clock& clock, OnRoom on_room);

  // -- Sessions --------------------------------------------------------------

  // What the receiver of sessions remembers of those before the last.
  struct Past {
    std::uint32_t since = 0;      // the first that it remembers
    std::uint32_t session = 0;    // the last in which anything arrived; 0: none
    std::uint64_t count = 0;      // how many numbered messages that were
    InboundCounts outcomes = {};  // of one-way messages, over all of them
  };

  // From now on messages leave by `connection`, within the window that the
  // peer's handshake granted. Ends the session before.
  void Attach(std::shared_ptr<Connection> connection,
              const FrameHeader& handshake, absl::Time now);

  // What the peer received before this session. False: it makes no sense.
  bool Settle(const Past& past);
  bool AwaitsSettling() const;

  // The peer is going to be connected to: what is sent from now on waits.
  // False, and nothing changes, if it is not down.
  bool Expect();

  // The connection of `session` is lost; if it is not the current one, nothing
  // happens.
  void Suspend(std::uint32_t session);

  // The peer is lost: what waits is dropped and accounted for, sends fail with
  // UNAVAILABLE.
  void Lose();

  // The peer knows that it is lost here, and need not be told if it returns.
  void NotePeerKnows();

  // The session that leaves here, 0 if none.
  std::uint32_t session() const;

  // Where it leads; empty if there is none.
  std::string address() const;

  bool is_down() const;

  // Whether it is up, or was and may be again at once: neither down, nor merely
  // going to be connected.
  bool is_connected() const;

  // Begins a session of the peer's.
  Past BeginInbound(std::uint32_t session);
  std::uint32_t inbound_session() const;

  // -- Sending ---------------------------------------------------------------

  // Queues a numbered message, whose budget, if it has one, is right `now`.
  // UNAVAILABLE: down. RESOURCE_EXHAUSTED: the queue is full; never for replies
  // and cancellations.
  absl::Status Send(const MessageHeader& header, absl::string_view metadata,
                    const Payload& payload,
                    absl::Time now = absl::InfinitePast());

  // Sends a control message, ahead of the queue and outside the window.
  void SendControl(MessageKind kind, std::uint64_t call_id,
                   const Payload& payload);

  // True: `waiter` is passed to OnRoom once the queue is half empty, or the
  // link is down. False: there is room now, or it is down.
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
    kGap,           // messages are missing before it: the session is over
    kOutOfOrder,    // numbers seen before
    kBadCounts,     // counts what was never sent
  };

  // Takes note of a frame's header: the peer's counts and window, and
  // `numbered` messages of `bytes` that are to be counted. Unless the verdict
  // is kTake, the frame must not be used.
  Verdict OnFrame(const FrameHeader& header, std::uint32_t numbered,
                  std::size_t bytes, absl::Time now);

  // When the peer was last known to hear us and to be heard: it counted a
  // message of ours, or OnPong.
  absl::Time proved_at() const;
  void OnPong(absl::Time now);

  // What became of one-way messages from the peer, to be told to it.
  void CountInbound(std::uint64_t InboundCounts::*cause);

  // What became of ours, over all sessions, as the peer tells. False if it
  // makes no sense.
  bool OnCounts(const InboundCounts& counts);

  // PONG. Tells the counts again: a frame without numbered messages may have
  // been lost unnoticed.
  void AnswerPing(std::uint64_t call_id);

  // Sends counts that are owed; for OnTick.
  void SendOwedCounts();
  bool owes_counts() const;

  Ledger ledger() const;
  InboundCounts inbound_counts() const;

 private:
  enum class State : std::uint8_t { kDown, kSuspended, kUp };

  absl::Status SendWritten(const MessageHeader& header,
                           absl::string_view metadata, const Payload& payload,
                           absl::Time now);
  absl::Status Admit(const MessageHeader& header)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendOrDefer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FillHeader(SendQueue::Frame& frame)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TrySend(const SendQueue::FramePtr& frame)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndSession() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Recall(const Past& past) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeCounts(const FrameHeader& header, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteProof(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AppendCounts() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::uint64_t> TakeWaiters()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellRoom(const std::vector<std::uint64_t>& waiters);

  const LinkOptions options_;
  const InstanceId self_;
  const InstanceId peer_;
  Driver& driver_;
  const Clock& clock_;
  const OnRoom on_room_;

  mutable Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kDown;
  bool expected_ ABSL_GUARDED_BY(mutex_) = false;  // and never up since
  std::shared_ptr<Connection> connection_ ABSL_GUARDED_BY(mutex_);  // if up

  // Outbound.
  SendQueue queue_ ABSL_GUARDED_BY(mutex_);
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool blocked_ ABSL_GUARDED_BY(mutex_) = false;
  bool deferred_ ABSL_GUARDED_BY(mutex_) = false;
  bool gave_up_ ABSL_GUARDED_BY(mutex_) = false;  // and the peer may not know
  std::vector<std::uint64_t> waiters_ ABSL_GUARDED_BY(mutex_);
  absl::Time proved_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();

  // The account. What the peer tells is about all that it remembers: since
  // `known_since_`, and beyond `baseline_`.
  Ledger ledger_ ABSL_GUARDED_BY(mutex_);
  InboundCounts told_ ABSL_GUARDED_BY(mutex_);
  InboundCounts baseline_ ABSL_GUARDED_BY(mutex_);
  std::uint32_t first_session_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint32_t known_since_ ABSL_GUARDED_BY(mutex_) = 0;

  // Inbound.
  std::uint32_t inbound_session_ ABSL_GUARDED_BY(mutex_) = 0;
  bool inbound_over_ ABSL_GUARDED_BY(mutex_) = false;  // by a gap
  Past past_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t received_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t received_told_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t owed_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  InboundCounts inbound_ ABSL_GUARDED_BY(mutex_);
  InboundCounts inbound_told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
