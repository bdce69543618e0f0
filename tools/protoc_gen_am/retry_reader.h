// RetryReader: the retry policy of an rpc, checked.
#pragma once

#include <functional>

#include "absl/strings/string_view.h"
#include "am/retry_policy.h"
#include "am/v1/options.pb.h"

namespace am::codegen {

// Is told of each thing that is wrong with `field` of v1::RetryPolicy (0: with
// the policy as a whole), and what to do.
using RefuseRetry = std::function<void(int field, absl::string_view why)>;

// The policy of `options`; without max_attempts if they have none.
RetryPolicy ReadRetry(const v1::HandlerOptions& options,
                      const RefuseRetry& refuse);

}  // namespace am::codegen
