#include "am/node_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "am/future.h"
#include "am/wire/duration_proto.h"

namespace am {
namespace {

v1::HandlerInfo InfoOf(const HandlerEntry& handler, absl::Time now) {
  const MethodSpec& spec = handler.spec();
  v1::HandlerInfo info;
  info.set_name(std::string(spec.name));
  // The same numbers by construction of both enums.
  info.set_pattern(static_cast<v1::HandlerPattern>(spec.pattern));
  info.set_input_type(std::string(spec.input_type));
  info.set_output_type(std::string(spec.output_type));
  if (const int running = handler.running(); running > 0) {
    info.set_running(static_cast<std::uint64_t>(running));
    ToProto(now - handler.busy_since(), *info.mutable_busy_for());
  }
  return info;
}

v1::PeerDescription DescriptionOf(const Peer& peer) {
  v1::PeerDescription description;
  ToProto(peer.info(), *description.mutable_peer());
  description.set_state(std::string(PeerStateName(peer.state())));
  const Ledger ledger = peer.link().ledger();
  description.set_accepted(ledger.accepted);
  description.set_delivered(ledger.received.delivered);
  description.set_expired(ledger.received.expired);
  description.set_rejected(ledger.received.rejected);
  description.set_overloaded(ledger.received.overloaded);
  description.set_draining(ledger.received.draining);
  description.set_link_lost(ledger.link_lost);
  description.set_in_doubt(ledger.in_doubt);
  description.set_in_flight(ledger.in_flight());
  description.set_refused(ledger.refused);
  description.set_address(peer.link().address());
  description.set_detour(peer.detour());
  return description;
}

}  // namespace

NodeService::NodeService(Node& node, End end)
    : node_(node), end_(std::move(end)), begin_(node.clock().Now()) {}

v1::HealthCheckResponse::Status NodeService::status() const {
  if (end_.is_over()) return v1::HealthCheckResponse::STOPPED;
  return node_.is_draining() ? v1::HealthCheckResponse::DRAINING
                             : v1::HealthCheckResponse::SERVING;
}

Task<absl::StatusOr<v1::ListHandlersResponse>> NodeService::ListHandlers(
    Context&, const v1::ListHandlersRequest&) {
  v1::ListHandlersResponse response;
  for (const auto& handler : node_.handlers().List()) {
    *response.add_handlers() = InfoOf(*handler, node_.clock().Now());
  }
  co_return response;
}

Task<absl::StatusOr<v1::AwaitHandlerResponse>> NodeService::AwaitHandler(
    Context& context, const v1::AwaitHandlerRequest& request) {
  if (node_.is_draining()) {
    co_return absl::UnavailableError("the instance is shutting down");
  }
  v1::AwaitHandlerResponse response;
  response.set_name(FullHandlerName(request.name()));
  absl::Duration timeout = context.remaining();
  if (request.has_timeout()) {
    timeout = std::min(timeout, FromProto(request.timeout()));
  }
  const absl::Status awaited =
      co_await Future<void>(node_.AwaitHandler(response.name(), timeout));
  response.set_available(awaited.ok());
  if (!awaited.ok() && !absl::IsDeadlineExceeded(awaited)) co_return awaited;
  co_return response;
}

Task<absl::StatusOr<v1::HealthCheckResponse>> NodeService::HealthCheck(
    Context&, const v1::HealthCheckRequest&) {
  v1::HealthCheckResponse response;
  response.set_status(status());
  ToProto(node_.clock().Now() - begin_, *response.mutable_uptime());
  co_return response;
}

Task<absl::StatusOr<v1::PeerInfo>> NodeService::Discover(
    Context&, const v1::DiscoverRequest&) {
  v1::PeerInfo info;
  am::ToProto(node_.peers().introduction(), info);
  co_return info;
}

Task<absl::StatusOr<v1::DescribeResponse>> NodeService::Describe(
    Context&, const v1::DescribeRequest&) {
  v1::DescribeResponse response;
  am::ToProto(node_.peers().introduction(), *response.mutable_self());
  response.set_status(status());
  response.set_calls_pending(node_.calls().size());
  response.set_handlers_active(
      static_cast<std::uint64_t>(node_.dispatcher().active()));
  response.set_handlers_queued(
      static_cast<std::uint64_t>(node_.dispatcher().queued()));
  for (const auto& peer : node_.peers().List()) {
    *response.add_peers() = DescriptionOf(*peer);
  }
  for (const auto& [name, count] : node_.refusals().List()) {
    (*response.mutable_refused())[name] = count;
  }
  for (const auto& [name, count] : node_.counters().List()) {
    (*response.mutable_counters())[name] = count;
  }
  co_return response;
}

Task<absl::StatusOr<v1::DrainResponse>> NodeService::Drain(
    Context&, const v1::DrainRequest&) {
  if (end_.begin == nullptr) {
    co_return absl::PermissionDeniedError(
        "this instance is not for others to drain "
        "(ManagerOptions::allow_drain_by_peers)");
  }
  v1::DrainResponse response;
  // Without this call.
  response.set_handlers_active(
      static_cast<std::uint64_t>(node_.dispatcher().active() - 1));
  end_.begin();
  co_return response;
}

}  // namespace am
