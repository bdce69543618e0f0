// Named handlers: stand for a method where a handler is known by its name only.
//
//   const cohort::NamedResponse<Request, Result> work("work");
//   leader.ParMap(work, [](int rank) { return Request(); });
//   leader.Broadcast(cohort::NamedNoReturn<>("log"), std::string("hello"));
//
// `Request` and `Response` are protobuf messages, or std::string for bytes as
// they are. Values; copies share the name.
#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "am/handler_id.h"
#include "am/method.h"
#include "am/payload.h"

namespace am::cohort {

template <typename Request, typename Response, Pattern pattern>
class Named final : public Method<Request, Response, pattern> {
 public:
  // "work", or "package.Service/Method".
  explicit Named(absl::string_view name)
      : name_(std::make_shared<const std::string>(FullHandlerName(name))) {
    this->spec.name = *name_;
    this->spec.id = IsHandlerName(*name_) ? HandlerId(*name_) : kNoHandler;
    this->spec.pattern = pattern;
  }

 private:
  std::shared_ptr<const std::string> name_;
};

template <typename Request = std::string>
using NamedNoReturn = Named<Request, void, Pattern::kNoReturn>;
template <typename Request = std::string>
using NamedAck = Named<Request, void, Pattern::kAck>;
template <typename Request = std::string, typename Response = std::string>
using NamedResponse = Named<Request, Response, Pattern::kResponse>;

namespace internal {

// Borrows the message.
inline Payload PayloadOf(const std::string& bytes) {
  return Payload::Borrow(bytes);
}
inline Payload PayloadOf(const google::protobuf::MessageLite& message) {
  return Payload::Of(message);
}

// Writes it, for several to share.
template <typename Request>
Payload Serialised(const Request& request) {
  const Payload borrowed = PayloadOf(request);
  return Payload::Share(borrowed.ToBuffer(), borrowed.codec());
}

}  // namespace internal
}  // namespace am::cohort
