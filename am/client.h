// Client: the way to send messages to other instances.
//
//   am::Client& client = manager.client();
//   absl::StatusOr<am::PeerInfo> peer = client.Connect("tcp://10.0.0.7:5555");
//   InferenceAm::Client inference(client, peer->id);          // typed stub, or
//   client.Message("compute").Payload(request).Expect<Result>().Send(peer->id);
//
// A small handle that copies freely. Threads: any, at any time. It must not
// outlive its Manager. Nothing here blocks but what says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/call_options.h"
#include "am/directory.h"
#include "am/future.h"
#include "am/instance_id.h"
#include "am/ledger.h"
#include "am/method.h"
#include "am/payload.h"
#include "am/peer_info.h"
#include "am/target.h"

namespace am {

class MessageBuilder;
class Node;
class Promise;

namespace v1 {
class HealthCheckResponse;
class PeerInfo;
class ListHandlersResponse;
class AwaitHandlerResponse;
}  // namespace v1

class Client final {
 public:
  explicit Client(Node& node) : node_(&node) {}

  InstanceId instance_id() const;

  // How others reach us; what a discovery system would publish.
  PeerInfo peer_info() const;

  // Proves the path to a peer in both directions and returns who it is. To
  // connect again to a connected peer returns at once; both sides may connect
  // at the same time. Blocks until done, `timeout` at the most.
  // UNAVAILABLE: nobody listens there, or it cannot reach us back; the text
  // says which. FAILED_PRECONDITION: another incarnation, or another protocol
  // version, answers there.
  absl::StatusOr<PeerInfo> Connect(absl::string_view address,
                                   absl::Duration timeout = absl::Seconds(10));
  absl::StatusOr<PeerInfo> Connect(const PeerInfo& peer,
                                   absl::Duration timeout = absl::Seconds(10));

  // The same without blocking.
  Future<v1::PeerInfo> StartConnect(absl::string_view address,
                                    absl::Duration timeout) const;
  Future<v1::PeerInfo> StartConnect(const PeerInfo& peer,
                                    absl::Duration timeout) const;

  // Asks who serves gRPC at "host:port" (am/control/control_server.h), over the
  // control plane, so that messages to it can go that way: to an instance that
  // cannot be connected to, or cannot connect back. Nothing is connected.
  // Blocks until done, `timeout` at the most.
  // FAILED_PRECONDITION: we have no control plane. UNAVAILABLE: nobody serves
  // there. INVALID_ARGUMENT: it is our own.
  absl::StatusOr<PeerInfo> ConnectControl(
      absl::string_view address, absl::Duration timeout = absl::Seconds(10));

  // Forgets a peer; its pending calls end with UNAVAILABLE, or wait for it to
  // be connected again if they have a retry policy. NOT_FOUND if it is not
  // known.
  absl::Status Disconnect(InstanceId peer);

  // Everyone connected, whoever began it, in order of their ids.
  std::vector<PeerInfo> ListPeers() const;

  // What became of the one-way messages sent over the link to a peer, also to
  // one that is lost; or to this instance itself. NOT_FOUND: it is not known,
  // or was forgotten.
  absl::StatusOr<Ledger> LedgerOf(InstanceId peer) const;

  // Every instance that the directory knows (ManagerOptions::directory), in
  // order of their ids, whether connected or not. `is_stale` is set to whether
  // that may be out of date, because the directory cannot be reached.
  std::vector<InstanceRecordPtr> ListInstances(bool* is_stale = nullptr) const;

  // Begins a message to a handler by name, "compute" or "pkg.Service/Method".
  MessageBuilder Message(absl::string_view handler) const;

  // What every instance answers (am.v1.Node): its handlers, whether (and when)
  // it has one, and how it is. AwaitHandler of AnyInstance() is done once the
  // directory knows somebody who has it, or with DEADLINE_EXCEEDED.
  Future<v1::ListHandlersResponse> ListHandlers(Target target) const;
  Future<v1::AwaitHandlerResponse> AwaitHandler(Target target,
                                                absl::string_view handler,
                                                absl::Duration timeout) const;
  Future<v1::HealthCheckResponse> HealthCheck(Target target) const;

  // Calls a handler by its contract, and again if `options`, or else the
  // contract, have a retry policy: the handler runs once for all that.
  template <typename Request, typename Response, Pattern pattern>
  Future<Response> Call(const Method<Request, Response, pattern>& method,
                        Target target, const Request& request,
                        const CallOptions& options = {}) const {
    static_assert(pattern != Pattern::kNoReturn,
                  "a NoReturn handler has no result: use Send");
    return Future<Response>(StartCall(
        method.spec, target, Payload::Of(request, options.codec), options));
  }

  // Sends a one-way message. OK: queued; from then on the ledger accounts for
  // it (over the control plane, the metric am_control_one_way_total).
  // RESOURCE_EXHAUSTED: the way to the peer is full. UNAVAILABLE: the peer is
  // not connected. With WhenFull::kWait it blocks instead of the former, until
  // DEADLINE_EXCEEDED.
  template <typename Request>
  absl::Status Send(const Method<Request, void, Pattern::kNoReturn>& method,
                    Target target, const Request& request,
                    const CallOptions& options = {}) const {
    return SendOneWay(method.spec, target, Payload::Of(request, options.codec),
                      options);
  }

  // The same with the types erased; `payload` is read before they return.
  std::shared_ptr<PendingCall> StartCall(const MethodSpec& spec, Target target,
                                         const Payload& payload,
                                         const CallOptions& options) const;
  absl::Status SendOneWay(const MethodSpec& spec, Target target,
                          const Payload& payload,
                          const CallOptions& options) const;

 private:
  friend class Promise;

  Node* node_;
};

}  // namespace am
