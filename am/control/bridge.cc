#include "am/control/bridge.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "am/control/bridged_call.h"

namespace am::control {

grpc::ServerGenericBidiReactor* Bridge::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  absl::string_view name = context->method();
  absl::ConsumePrefix(&name, "/");
  std::shared_ptr<HandlerEntry> handler = node_.handlers().FindByName(name);
  const std::shared_ptr<BridgedCall> call =
      BridgedCall::Make(node_, *context, next_call_id_.fetch_add(1));
  if (handler == nullptr) {
    call->End(
        absl::UnimplementedError(absl::StrCat("there is no handler ", name)));
  } else {
    call->Begin(std::move(handler));
  }
  return call.get();
}

}  // namespace am::control
