// Operations of a leader, with their types erased.
#include <utility>

#include "am/cohort/leader_core.h"
#include "am/v1/node.am.h"
#include "am/wire/duration_proto.h"

namespace am::cohort {

std::shared_ptr<FanOut> LeaderCore::Begin(const MethodSpec& spec,
                                          FanOut::MakeMessage make,
                                          const OperationOptions& options) {
  FanOut::Plan plan;
  plan.spec = spec;
  plan.options = options;
  plan.make = std::move(make);
  return operations_->Begin(std::move(plan), options.ranks);
}

std::shared_ptr<FanOut> LeaderCore::Spread(const MethodSpec& spec,
                                           Payload payload,
                                           const OperationOptions& options) {
  operations_->CountSerialised();
  return Begin(
      spec,
      [payload = std::move(payload)](const Member&, FanOut::Send send) {
        send(payload);
        return absl::OkStatus();
      },
      options);
}

std::shared_ptr<FanOut> LeaderCore::AwaitHandlerOnAll(absl::string_view name,
                                                      absl::Duration timeout) {
  v1::AwaitHandlerRequest request;
  request.set_name(std::string(name));
  ToProto(timeout, *request.mutable_timeout());
  FanOut::Plan plan;
  plan.spec = v1::NodeAm::kAwaitHandler.spec;
  // The answer that it is not there needs some time to come back.
  plan.options.timeout = timeout + absl::Seconds(1);
  plan.make = [request](const Member&, FanOut::Send send) {
    send(Payload::Of(request));
    return absl::OkStatus();
  };
  plan.judge = [](const Reply& reply) -> absl::Status {
    v1::AwaitHandlerResponse response;
    absl::Status decoded = Decode(reply.payload.view(), reply.codec, response);
    if (!decoded.ok() || response.available()) return decoded;
    return absl::DeadlineExceededError("it has no handler " + response.name());
  };
  return operations_->Begin(std::move(plan), Ranks::All());
}

}  // namespace am::cohort
