// SessionTable: this instance's connections, and the handshake that proves a
// path.
//
// To connect is to open a connection, say HELLO on it and wait for HELLO_ACK,
// which comes on a connection that the peer has opened back to us: so both
// directions are proved before a call is made, and the peer knows us without
// configuration (am/WIRE.md, "Handshake").
//
//   Attempt                                  Peer
//   opened, HELLO sent                       kConnecting
//     HELLO_ACK: attached to the link   -->  kJoined
//     HELLO_ACK, and the peer turns out to
//       share our host: another attempt,
//       over memory that is shared, or ipc
//     lost, refused or late: who waits       kLost, if it was known
//       is told why
//                                            kJoined -- DRAINING --> kDraining
//
// A connection that is lost, or of which the peer misses messages, makes its
// peer kConnecting, and an attempt to return is made at once, and once more if
// that one's connection is lost as well. If they fail, or there was no sign of
// life, the peer is kLost and its calls end; attempts go on
// (am/peer/returns.h), unless another incarnation answers or either side said
// GOODBYE. Should one succeed, the peer is kJoined again, and what was sent in
// the session before is settled.
//
// Threads: any. Nothing blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/call/call_table.h"
#include "am/clock.h"
#include "am/driver/driver.h"
#include "am/link/connection.h"
#include "am/manager_options.h"
#include "am/peer/handshake.h"
#include "am/peer/peer_table.h"
#include "am/peer/returns.h"
#include "am/refusals.h"
#include "am/wire/wire.h"

namespace am {

class SessionTable final : private ConnectionEvents {
 public:
  // Told, with no lock held, of a peer that became kLost and why.
  using OnPeerLost =
      std::function<void(const std::shared_ptr<Peer>&, const absl::Status&)>;

  struct Parts {
    const LinkOptions& link;
    PeerTable& peers;
    transport::Transport& transport;
    CallTable& calls;
    Driver& driver;
    const Clock& clock;
    Refusals& refusals;
    std::function<void(absl::string_view)> log;
    OnPeerLost on_lost;
  };

  explicit SessionTable(Parts parts);
  ~SessionTable() override;

  // A call that is done when the peer is joined; its reply is an
  // am.v1.PeerInfo.
  std::shared_ptr<PendingCall> Connect(const transport::Address& address,
                                       absl::Time deadline);
  std::shared_ptr<PendingCall> Connect(const PeerInfo& peer,
                                       absl::Time deadline);

  // Begins to connect to a peer that is not connected, and has what is sent to
  // it meanwhile wait; if that fails it is kLost. NOT_FOUND: it has no address.
  absl::Status Approach(const PeerInfo& info, absl::Time deadline);

  // Ends the session with a peer, because either side wants to.
  absl::Status Disconnect(InstanceId peer);

  // -- Of the holder of the receiving role -----------------------------------

  // A HELLO for another incarnation is answered with FAILED_PRECONDITION.
  void OnHello(const FrameHeader& header, absl::string_view payload);
  void OnHelloAck(const FrameHeader& header, absl::string_view payload);
  void OnGoodbye(const std::shared_ptr<Peer>& peer);

  // Messages of this session of the peer's are missing: asks for another one.
  void OnGap(const Peer& peer, std::uint32_t session);

  // The peer gave no sign of life.
  void Lose(const std::shared_ptr<Peer>& peer, const absl::Status& why);

  // Gives up late attempts; returns when to come again.
  absl::Time OnTick(absl::Time now);

  // Ends all sessions; attempts fail. Nothing is opened from now on.
  void Close();

 private:
  struct Attempt {
    std::shared_ptr<Connection> connection;
    InstanceId peer;        // zero: whoever listens there
    bool is_final = false;  // not to be repeated over a better address
    std::optional<transport::Address> fallback;  // known to work
    std::string detour;                // why it was taken; see Peer::detour
    std::optional<HelloReply> answer;  // that the peer may have missed
    bool has_spare = false;            // it may be made once more at once
    absl::Time deadline;
    std::vector<std::uint64_t> waiters;
  };
  struct Attached {
    std::shared_ptr<Peer> peer;
    std::shared_ptr<Connection> connection;
    absl::Time answer_by = absl::InfiniteFuture();  // with HELLO_ACK
    bool answered = false;
    std::optional<HelloReply> told;  // the last HELLO_ACK on it
  };
  using AttachedMap = std::map<std::uint32_t, Attached>;

  // What is to be told once the lock is released.
  struct EndedCalls {
    std::vector<std::uint64_t> waiters;
    Reply reply;
  };
  struct LostPeer {
    std::shared_ptr<Peer> peer;
    absl::Status why;
  };
  struct Endings {
    std::vector<EndedCalls> calls;
    std::vector<LostPeer> lost;
  };

  struct Way {
    transport::Address address;
    std::optional<transport::Address> fallback = {};
  };

  // How long an attempt that nobody waits for may take.
  static constexpr absl::Duration kReturnTimeout = absl::Seconds(2);

  absl::StatusOr<Way> WayTo(const PeerInfo& info) const;
  std::shared_ptr<PendingCall> Begin(const Way& way, InstanceId peer,
                                     bool is_final, absl::Time deadline);
  // Begins to connect; on failure the attempt's waiters end.
  void Open(const transport::Address& address, Attempt attempt,
            Endings& endings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  HandshakeRoute Route(InstanceId target, std::uint32_t session) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TurnAway(const FrameHeader& hello, const PeerInfo& info)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Welcome(const FrameHeader& hello, const PeerInfo& info, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<Connection> WayBack(const FrameHeader& hello,
                                      const std::shared_ptr<Peer>& peer,
                                      Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteTold(std::uint32_t session, const HelloReply& reply)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Attached& Attach(const std::shared_ptr<Peer>& peer, Attempt attempt,
                   const FrameHeader& handshake, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndOvertaken(const Peer& peer, std::uint32_t session, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnAnswered(Attempt attempt, const FrameHeader& header,
                  const HelloReply& reply, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Accept(Attempt attempt, const FrameHeader& header,
              const HelloReply& reply, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnAnsweredAgain(AttachedMap::iterator entry, const HelloReply& reply,
                       Endings& endings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Settle(Attached& attached, const HelloReply& reply, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Attempt TakeAttempt(std::uint32_t session)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<transport::Address> NextTry(Attempt& attempt,
                                            const absl::Status& why) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(Attempt attempt, absl::Status why, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FailLate(absl::Time now, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveUp(const std::shared_ptr<Peer>& peer, const absl::Status& why,
              Endings& endings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BreakOffUnanswered(absl::Time now, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BreakOff(AttachedMap::iterator entry, const absl::Status& why,
                Endings& endings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  enum class Loss : std::uint8_t { kBroken, kSilent };
  void Return(AttachedMap::iterator lost, const absl::Status& why, Loss loss,
              Endings& endings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayShareMemory(const PeerInfo& info) const;
  void TryReturn(const Returns::Try& due, Attempt attempt, Endings& endings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave(const std::shared_ptr<Peer>& peer, const absl::Status& why);
  void LeaveLocked(const std::shared_ptr<Peer>& peer, const absl::Status& why,
                   Endings& endings) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Endings& endings);
  static Reply Success(const PeerInfo& info);
  void Retire(std::shared_ptr<Connection> connection)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refuse(Refusal refusal, absl::string_view line);
  void Log(absl::string_view line);

  void OnWritable(std::uint32_t session) override;
  void OnLost(std::uint32_t session, std::string why) override;

  const Parts parts_;
  const PeerInfo::Memory memory_;  // whether we share it

  mutable Mutex mutex_;
  std::uint32_t last_session_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::uint32_t, Attempt> attempts_ ABSL_GUARDED_BY(mutex_);
  AttachedMap attached_ ABSL_GUARDED_BY(mutex_);  // by our session
  absl::Time next_answer_by_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  Returns returns_ ABSL_GUARDED_BY(mutex_);
  // Connections not in use any more, closed where no lock is held.
  std::vector<std::shared_ptr<Connection>> retired_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
