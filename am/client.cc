#include "am/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "am/node.h"
#include "am/v1/node.pb.h"
#include "am/v1/wire.pb.h"
#include "am/wire/duration_proto.h"

namespace am {
namespace {

absl::StatusOr<PeerInfo> AwaitPeer(Future<v1::PeerInfo> future) {
  const absl::StatusOr<v1::PeerInfo> proto = future.Await();
  if (!proto.ok()) return proto.status();
  return FromProto(*proto);
}

absl::Time After(const Clock& clock, absl::Duration timeout) {
  return clock.Now() + std::min(timeout, kMaxTimeout);
}

}  // namespace

InstanceId Client::instance_id() const { return node_->self().id; }

PeerInfo Client::peer_info() const { return node_->peers().introduction(); }

Future<v1::PeerInfo> Client::StartConnect(absl::string_view address,
                                          absl::Duration timeout) const {
  const absl::StatusOr<transport::Address> parsed =
      transport::Address::Parse(address);
  if (!parsed.ok()) return Future<v1::PeerInfo>(parsed.status());
  return Future<v1::PeerInfo>(
      node_->sessions().Connect(*parsed, After(node_->clock(), timeout)));
}

Future<v1::PeerInfo> Client::StartConnect(const PeerInfo& peer,
                                          absl::Duration timeout) const {
  return Future<v1::PeerInfo>(
      node_->sessions().Connect(peer, After(node_->clock(), timeout)));
}

absl::StatusOr<PeerInfo> Client::Connect(absl::string_view address,
                                         absl::Duration timeout) {
  return AwaitPeer(StartConnect(address, timeout));
}

absl::StatusOr<PeerInfo> Client::Connect(const PeerInfo& peer,
                                         absl::Duration timeout) {
  return AwaitPeer(StartConnect(peer, timeout));
}

absl::StatusOr<PeerInfo> Client::ConnectControl(absl::string_view address,
                                                absl::Duration timeout) {
  const std::string where(address);
  absl::StatusOr<PeerInfo> peer = AwaitPeer(Future<v1::PeerInfo>(
      node_->control().Discover(where, After(node_->clock(), timeout))));
  if (!peer.ok()) return peer;
  if (peer->id == instance_id()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " is this instance's own server"));
  }
  node_->control().NoteAddress(peer->id, where);
  return peer;
}

absl::Status Client::Disconnect(InstanceId peer) {
  return node_->sessions().Disconnect(peer);
}

std::vector<PeerInfo> Client::ListPeers() const {
  std::vector<PeerInfo> infos;
  for (const auto& peer : node_->peers().List()) {
    if (peer->state() != PeerState::kLost) infos.push_back(peer->info());
  }
  return infos;
}

absl::StatusOr<Ledger> Client::LedgerOf(InstanceId id) const {
  if (id == instance_id()) return node_->self_link().ledger();
  const std::shared_ptr<Peer> peer = node_->peers().Find(id);
  if (peer == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("instance ", id.ToString(), " is not known"));
  }
  return peer->link().ledger();
}

std::vector<InstanceRecordPtr> Client::ListInstances(bool* is_stale) const {
  if (is_stale != nullptr) *is_stale = node_->fleet().is_stale();
  return node_->fleet().List();
}

MessageBuilder Client::Message(absl::string_view handler) const {
  return MessageBuilder(*this, handler);
}

Future<v1::ListHandlersResponse> Client::ListHandlers(Target target) const {
  return Message("am.v1.Node/ListHandlers")
      .Expect<v1::ListHandlersResponse>()
      .Send(target);
}

Future<v1::AwaitHandlerResponse> Client::AwaitHandler(
    Target target, absl::string_view handler, absl::Duration timeout) const {
  if (target.any() != nullptr) {
    return Future<v1::AwaitHandlerResponse>(node_->fleet().AwaitHandler(
        FullHandlerName(handler), After(node_->clock(), timeout)));
  }
  v1::AwaitHandlerRequest request;
  request.set_name(std::string(handler));
  const absl::Duration asked = std::min(timeout, kMaxTimeout);
  ToProto(asked, *request.mutable_timeout());
  // The answer "not available" needs some time to come back.
  return Message("am.v1.Node/AwaitHandler")
      .Payload(request)
      .Timeout(asked + absl::Seconds(1))
      .Expect<v1::AwaitHandlerResponse>()
      .Send(target);
}

Future<v1::HealthCheckResponse> Client::HealthCheck(Target target) const {
  return Message("am.v1.Node/HealthCheck")
      .Expect<v1::HealthCheckResponse>()
      .Send(target);
}

std::shared_ptr<PendingCall> Client::StartCall(
    const MethodSpec& spec, Target target, const Payload& payload,
    const CallOptions& options) const {
  if (target.any() == nullptr && options.hedge_after > absl::ZeroDuration()) {
    return node_->outbox().Ended(absl::InvalidArgumentError(
        "a call to one instance cannot be hedged: send it to AnyInstance"));
  }
  if (target.any() != nullptr) {
    if (options.hedge_after > absl::ZeroDuration()) {
      return node_->hedging().Start(spec, *target.any(), payload, options);
    }
    const absl::StatusOr<InstanceId> chosen =
        node_->Choose(*target.any(), spec, options);
    if (!chosen.ok()) return node_->outbox().Ended(chosen.status());
    target = *chosen;
  }
  return node_->outbox().StartCall(spec, target, payload, options);
}

absl::Status Client::SendOneWay(const MethodSpec& spec, Target target,
                                const Payload& payload,
                                const CallOptions& options) const {
  if (target.any() != nullptr) {
    const absl::StatusOr<InstanceId> chosen =
        node_->Choose(*target.any(), spec, options);
    if (!chosen.ok()) return chosen.status();
    target = *chosen;
  }
  return node_->outbox().SendOneWay(spec, target, payload, options);
}

}  // namespace am
