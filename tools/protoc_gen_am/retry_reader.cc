#include "tools/protoc_gen_am/retry_reader.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"

namespace am::codegen {
namespace {

using Proto = v1::RetryPolicy;

constexpr int kMostAttempts = 100;
constexpr absl::Duration kMaxBackoff = absl::Hours(24);

class RetryReader {
 public:
  RetryReader(const Proto& proto, const RefuseRetry& refuse)
      : proto_(proto), refuse_(refuse) {}

  RetryPolicy Read() {
    RetryPolicy policy;
    policy.max_attempts = ReadAttempts();
    ReadBackoff(Proto::kInitialBackoffFieldNumber, "initial_backoff",
                proto_.initial_backoff(), policy.initial_backoff);
    ReadBackoff(Proto::kMaxBackoffFieldNumber, "max_backoff",
                proto_.max_backoff(), policy.max_backoff);
    if (policy.max_backoff < policy.initial_backoff) {
      refuse_(Proto::kMaxBackoffFieldNumber,
              absl::StrCat("max_backoff, ",
                           absl::FormatDuration(policy.max_backoff),
                           ", is less than initial_backoff, ",
                           absl::FormatDuration(policy.initial_backoff),
                           "; write a longer one"));
    }
    policy.multiplier = ReadMultiplier(policy.multiplier);
    if (proto_.codes_size() > 0) policy.codes = ReadCodes();
    return policy;
  }

 private:
  int ReadAttempts() {
    const int attempts = proto_.max_attempts();
    if (attempts < 1 || attempts > kMostAttempts) {
      refuse_(Proto::kMaxAttemptsFieldNumber,
              absl::StrCat("max_attempts is ", attempts,
                           "; write how many there may be in all, the first "
                           "included, from 1 to ",
                           kMostAttempts));
    }
    return attempts;
  }

  void ReadBackoff(int field, absl::string_view name, const std::string& text,
                   absl::Duration& backoff) {
    if (text.empty()) return;
    absl::Duration read;
    if (absl::ParseDuration(text, &read) && read >= absl::Nanoseconds(1) &&
        read <= kMaxBackoff) {
      backoff = read;
      return;
    }
    refuse_(field, absl::StrCat(name, " \"", text,
                                "\" is not a duration from 1ns to 24h; write "
                                "one such as \"50ms\" or \"1.5s\""));
  }

  double ReadMultiplier(double multiplier) {
    if (proto_.backoff_multiplier() == 0) return multiplier;
    if (!(proto_.backoff_multiplier() >= 1) ||
        !std::isfinite(proto_.backoff_multiplier())) {
      refuse_(Proto::kBackoffMultiplierFieldNumber,
              absl::StrCat("backoff_multiplier is ",
                           proto_.backoff_multiplier(), "; write 1 or more"));
    }
    return proto_.backoff_multiplier();
  }

  StatusCodes ReadCodes() {
    StatusCodes codes;
    for (const int code : proto_.codes()) {
      if (code == Proto::OK || !Proto::Code_IsValid(code)) {
        refuse_(Proto::kCodesFieldNumber,
                absl::StrCat("code ", code,
                             " is no error of gRPC's; write such as "
                             "UNAVAILABLE"));
        continue;
      }
      codes.Add(static_cast<absl::StatusCode>(code));
    }
    return codes;
  }

  const Proto& proto_;
  const RefuseRetry& refuse_;
};

}  // namespace

RetryPolicy ReadRetry(const v1::HandlerOptions& options,
                      const RefuseRetry& refuse) {
  if (!options.has_retry()) return {};
  if (options.pattern() == v1::HandlerOptions::NO_RETURN) {
    refuse(0,
           "NO_RETURN has no reply that could ask for a retry; leave retry "
           "out, or use ACK");
  }
  return RetryReader(options.retry(), refuse).Read();
}

}  // namespace am::codegen
