// FakeInvocation: one message for a handler, without a node around it.
//
//   FakeInvocation invocation(request);
//   handler.Run(invocation);
//   EXPECT_THAT(invocation.status(), ...);
//
// The context's client must not be used.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "am/client.h"
#include "am/clock.h"
#include "am/context.h"
#include "am/handler.h"
#include "google/protobuf/message.h"

namespace am {

class FakeInvocation final : public Invocation {
 public:
  explicit FakeInvocation(const google::protobuf::Message& request)
      : payload_(request.SerializeAsString()) {}

  Context& context() override { return context_; }
  absl::string_view payload() const override { return payload_; }

  void Finish(absl::Status status) override { status_ = std::move(status); }

  void FinishWith(const Payload& value) override {
    status_ = absl::OkStatus();
    value_.resize(value.size());
    value.WriteTo(value_.data());
  }

  // How it ended. REQUIRES: it has.
  const absl::Status& status() const { return status_.value(); }

  template <typename Response>
  Response value() const {
    Response response;
    response.ParseFromString(value_);
    return response;
  }

 private:
  class StoppedClock final : public Clock {
   public:
    absl::Time Now() const override { return absl::UnixEpoch(); }
  };

  const std::string payload_;
  StoppedClock clock_;
  // Stands in for the node that nothing here reaches.
  alignas(std::max_align_t) char nowhere_ = 0;
  Client client_{reinterpret_cast<Node&>(nowhere_)};
  Context context_{{.codec = Codec::kProtobuf}, clock_, client_, {}};
  std::optional<absl::Status> status_;
  std::string value_;
};

}  // namespace am
