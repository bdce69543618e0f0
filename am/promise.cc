#include "am/promise.h"

#include <algorithm>
#include <utility>

#include "am/node.h"

namespace am {

Promise::Promise(const Client& client, absl::Duration timeout)
    : table_(client.node_->shared_calls()),
      call_(table_->Begin(InstanceId(), client.node_->clock().Now() +
                                            std::min(timeout, kMaxTimeout))) {}

bool Promise::Finish(absl::Status status) const {
  return table_->Finish(call_->id, InstanceId(), {std::move(status), {}, {}});
}

void StartInBackground(Task<void> task) {
  Context* const context = internal::ExchangeCurrentContext(nullptr);
  StartTask(std::move(task));
  internal::ExchangeCurrentContext(context);
}

}  // namespace am
