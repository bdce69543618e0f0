// NodeService: what every instance answers about itself (am/v1/node.proto),
// written with the project's own plugin.
#pragma once

#include "am/node.h"
#include "am/v1/node.am.h"

namespace am {

// Threads: any. `node` must outlive it.
class NodeService final : public v1::NodeAm::CoService {
 public:
  explicit NodeService(Node& node);

  Task<absl::StatusOr<v1::ListHandlersResponse>> ListHandlers(
      Context& context, const v1::ListHandlersRequest& request) override;
  Task<absl::StatusOr<v1::AwaitHandlerResponse>> AwaitHandler(
      Context& context, const v1::AwaitHandlerRequest& request) override;
  Task<absl::StatusOr<v1::HealthCheckResponse>> HealthCheck(
      Context& context, const v1::HealthCheckRequest& request) override;
  Task<absl::StatusOr<v1::PeerInfo>> Discover(
      Context& context, const v1::DiscoverRequest& request) override;
  Task<absl::StatusOr<v1::DescribeResponse>> Describe(
      Context& context, const v1::DescribeRequest& request) override;

 private:
  v1::HealthCheckResponse::Status status() const;

  Node& node_;
  const absl::Time begin_;
};

}  // namespace am
