// NoReturnHandler, AckHandler, ResponseHandler: handlers that are known by a
// bare name, as classes.
//
//   class Log final : public am::NoReturnHandler<LogEntry> {
//    public:
//     absl::string_view name() const override { return "log"; }
//     void Handle(am::Context&, const LogEntry& entry) override { ... }
//   };
//   manager.Register(std::make_shared<Log>());
//
// A `Request` or `Response` is a protobuf message, or std::string for bytes as
// they are; a `Request` may be absl::string_view too (am/handler.h). Handle is
// called by several threads at once. The manager shares in the handler until it
// is deregistered and its calls have ended.
#pragma once

#include <concepts>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/context.h"
#include "am/method.h"

namespace am {

// What a handler with a bare name may ask for; see MethodSpec.
struct HandlerOptions {
  int max_concurrency = 0;
  bool ordered = false;
  Execution execution = Execution::kAuto;
};

// What the three have in common.
class NamedHandler {
 public:
  virtual ~NamedHandler() = default;

  // A letter, then letters, digits and underscores.
  virtual absl::string_view name() const = 0;
  virtual HandlerOptions options() const { return {}; }
};

template <typename RequestType = std::string>
class NoReturnHandler : public NamedHandler {
 public:
  using Request = RequestType;
  using Response = void;
  static constexpr Pattern kPattern = Pattern::kNoReturn;

  virtual void Handle(Context& context, const Request& request) = 0;
};

template <typename RequestType = std::string>
class AckHandler : public NamedHandler {
 public:
  using Request = RequestType;
  using Response = void;
  static constexpr Pattern kPattern = Pattern::kAck;

  virtual absl::Status Handle(Context& context, const Request& request) = 0;
};

template <typename RequestType = std::string,
          typename ResponseType = std::string>
class ResponseHandler : public NamedHandler {
 public:
  using Request = RequestType;
  using Response = ResponseType;
  static constexpr Pattern kPattern = Pattern::kResponse;

  virtual absl::StatusOr<Response> Handle(Context& context,
                                          const Request& request) = 0;
};

}  // namespace am
