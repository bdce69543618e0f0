// Node: an instance's parts, put together; what Manager and Client stand on.
//
//   transport --frames--> Driver --> Node::OnFrame --> Link      counts
//                                                  --> PeerTable handshakes
//                                                  --> CallTable replies
//                                                  --> Dispatcher --> handlers
//   Client --calls--> Outbox --> Link, or ControlOutbox
//
// It starts no thread and reads no clock but those it is given.
//
// Threads: any, but for OnFrame and OnTick, which the driver calls one at a
// time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/call/call_table.h"
#include "am/client.h"
#include "am/clock.h"
#include "am/counters.h"
#include "am/dispatch/dispatcher.h"
#include "am/dispatch/handler_table.h"
#include "am/driver/driver.h"
#include "am/fleet/awaited_names.h"
#include "am/fleet/fleet.h"
#include "am/manager_options.h"
#include "am/outbox/control_outbox.h"
#include "am/outbox/hedging.h"
#include "am/outbox/outbox.h"
#include "am/outbox/self_link.h"
#include "am/peer/peer_table.h"
#include "am/peer/session_table.h"
#include "am/planted_bug.h"
#include "am/refusals.h"
#include "am/transport/transport.h"

namespace am {

class Node final : private FrameSink {
 public:
  // `transport` and `clock` must outlive the node; it listens already.
  Node(const ManagerOptions& options, PeerInfo self,
       transport::Transport& transport, std::shared_ptr<Driver> driver,
       const Clock& clock);
  ~Node() override;

  // Begins to receive.
  void Start();

  // A call that is done once a handler of this name is registered here.
  std::shared_ptr<PendingCall> AwaitHandler(const std::string& full_name,
                                            absl::Duration timeout);

  // Whom a message to this handler goes to, other than `except`; begins to
  // connect to it if need be.
  absl::StatusOr<InstanceId> Choose(const AnyInstance& any,
                                    const MethodSpec& spec,
                                    const CallOptions& options,
                                    InstanceId except = InstanceId());

  // Where we serve gRPC, for peers that connect from now on.
  void SetControlAddress(std::string address) {
    peers_.SetControlAddress(std::move(address));
  }

  // Shuts down but for the threads: see Manager::Shutdown. Once.
  absl::Status Drain();

  // After Drain: stops the threads. Not from one of them.
  void Stop();

  bool is_draining() const { return draining_.load(); }

  // `listener` is called once, by the thread that drains, when that begins;
  // removed by its number.
  int AddDrainListener(std::function<void()> listener);
  void RemoveDrainListener(int number);

  std::size_t max_message_bytes() const { return options_.max_message_bytes; }
  const std::function<void(absl::string_view)>& log() const {
    return options_.log;
  }
  const PeerInfo& self() const { return peers_.self(); }
  Client& client() { return client_; }
  HandlerTable& handlers() { return handlers_; }
  Outbox& outbox() { return outbox_; }
  Hedging& hedging() { return *hedging_; }
  ControlOutbox& control() { return control_; }
  const ControlOutbox& control() const { return control_; }
  const SelfLink& self_link() const { return *self_link_; }
  Fleet& fleet() { return fleet_; }
  SessionTable& sessions() { return sessions_; }
  const PeerTable& peers() const { return peers_; }
  void AddPeerListener(PeerListener listener) {
    peers_.AddListener(std::move(listener));
  }
  Dispatcher& dispatcher() { return dispatcher_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }
  const CallTable& calls() const { return *calls_; }
  const std::shared_ptr<CallTable>& shared_calls() { return calls_; }
  const Refusals& refusals() const { return refusals_; }
  const Counters& counters() const { return *counters_; }
  const Clock& clock() const { return clock_; }

  std::string DebugString() const;

 private:
  void FinishLocal(std::uint64_t call_id);
  std::string ControlAddressOf(InstanceId instance) const;

  void OnFrame(transport::InboundFrame frame, absl::Time now) override;
  absl::Time OnTick(absl::Time now) override;
  bool Accept(const FrameReader& reader, std::size_t bytes, absl::Time now);
  void OnMessage(const FrameReader& reader, const MessageView& message,
                 absl::Time now);
  void OnControl(const MessageView& message, absl::Time now);
  void OnReply(InstanceId from, const MessageHeader& header,
               absl::string_view metadata, transport::Buffer payload,
               absl::Time now);
  void OnPeerLost(const std::shared_ptr<Peer>& peer, const absl::Status& why);
  void OnHandlerEvent(const HandlerEvent& event);
  void AwaitTold();
  std::string Unfinished() const;

  const ManagerOptions options_;
  const Clock& clock_;
  const std::shared_ptr<Driver> driver_;
  Client client_;
  Refusals refusals_;
  const std::shared_ptr<Counters> counters_;
  HandlerTable handlers_;
  const std::shared_ptr<CallTable> calls_;
  Dispatcher dispatcher_;
  PeerTable peers_;
  Fleet fleet_;
  ControlOutbox control_;
  const std::shared_ptr<SelfLink> self_link_;
  Outbox outbox_;
  const std::shared_ptr<Hedging> hedging_;
  SessionTable sessions_;
  BugTrigger planted_bug_;
  std::atomic<bool> draining_ = false;

  Mutex drain_mutex_;
  std::map<int, std::function<void()>> drain_listeners_
      ABSL_GUARDED_BY(drain_mutex_);
  int next_drain_listener_ ABSL_GUARDED_BY(drain_mutex_) = 0;

  AwaitedNames awaited_handlers_;

  // The sender of the frame in hand; of the holder of the receiving role.
  std::shared_ptr<Peer> sender_;
};

}  // namespace am
