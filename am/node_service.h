// NodeService: what every instance answers about itself (am/v1/node.proto),
// written with the project's own plugin.
#pragma once

#include <functional>

#include "am/node.h"
#include "am/v1/node.am.h"

namespace am {

// Threads: any. `node` must outlive it.
class NodeService final : public v1::NodeAm::CoService {
 public:
  // How the instance ends; both are called on any thread and must not block.
  struct End {
    std::function<void()> begin;  // null: not for others to do
    std::function<bool()> is_over;
  };

  NodeService(Node& node, End end);

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
  Task<absl::StatusOr<v1::DrainResponse>> Drain(
      Context& context, const v1::DrainRequest& request) override;

 private:
  v1::HealthCheckResponse::Status status() const;

  Node& node_;
  const End end_;
  const absl::Time begin_;
};

}  // namespace am
