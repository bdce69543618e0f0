// Greeter: says hello.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "am/examples/greeter.am.h"

namespace am::examples {

class Greeter final : public ::examples::GreeterAm::Service {
 public:
  absl::StatusOr<::examples::HelloReply> Hello(
      am::Context&, const ::examples::HelloRequest& request) override {
    ::examples::HelloReply reply;
    reply.set_text(absl::StrCat("Hello, ", request.name(), "!"));
    return reply;
  }
};

}  // namespace am::examples
