// Method: a typed token that stands for one handler contract.
//
// Generated code defines one per rpc, at compile time; whoever registers,
// calls or builds a message passes it on:
//
//   manager.Register(InferenceAm::kCompute, [](am::Context&, const Request& r)
//       -> absl::StatusOr<Response> { ... });
//   client.Call(InferenceAm::kCompute, target, request).Await();
//
// Tokens are literal values without state.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/handler_id.h"
#include "am/retry_policy.h"

namespace am {

// What the sender hears of a message.
enum class Pattern : std::uint8_t {
  kNoReturn = 1,  // nothing; the ledger knows whether it was delivered
  kAck = 2,       // OK or an error, once the handler has run
  kResponse = 3,  // a value or an error
};

absl::string_view PatternName(Pattern pattern);

// Where a handler runs.
enum class Execution : std::uint8_t {
  kAuto = 0,    // inline on the receiving thread once it has proved quick
  kInline = 1,  // always on the receiving thread, or the one that sends to its
                // own instance: must never block
  kPool = 2,    // always on the worker pool
};

// The contract as the .proto states it. Views point to constant data that
// lives as long as the program.
struct MethodSpec {
  absl::string_view name;  // "package.Service/Method"
  std::uint64_t id = 0;    // HandlerId(name)
  Pattern pattern = Pattern::kResponse;
  absl::Duration timeout = absl::ZeroDuration();  // zero: 30 s
  int max_concurrency = 0;                        // zero: no limit of its own
  bool ordered = false;     // one at a time per sender, in order
  bool idempotent = false;  // may run twice without harm
  Execution execution = Execution::kAuto;
  RetryPolicy retry = {};  // of a caller that does not say; none by default
  absl::string_view input_type = {};   // full protobuf name, or empty: bytes
  absl::string_view output_type = {};  // likewise
};

// `Request` and `Response` are protobuf messages; `Response` is void for
// kNoReturn and kAck.
template <typename Request, typename Response, Pattern pattern>
struct Method {
  MethodSpec spec;
};

}  // namespace am
