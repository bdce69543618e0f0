// The callers of am_contestant.h, one for each way to wait for a call. Those
// that block, or await, have one call under way at a time.
//
// `Method` is what they call: Start begins a call, Check says whether its
// result is OK and what it should be.
#pragma once

#include <cstddef>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/manager.h"
#include "am/task.h"
#include "bench/am_instance.h"
#include "bench/contestant.h"
#include "bench/flow.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"

namespace am::bench {

constexpr CallOptions kAmOptions = {.timeout = absl::Seconds(10)};

template <auto kMethod>
struct AckMethod {
  static Future<void> Start(const PingerAm::Client& stub, const Data& request) {
    return (stub.*kMethod)(request, kAmOptions);
  }
  static absl::Status Check(const absl::Status& result, const Data&) {
    return result;
  }
};
using PingMethod = AckMethod<&PingerAm::Client::Ping>;
using InlinePingMethod = AckMethod<&PingerAm::Client::InlinePing>;
using PoolPingMethod = AckMethod<&PingerAm::Client::PoolPing>;

template <auto kMethod>
struct ResponseMethod {
  static Future<Data> Start(const PingerAm::Client& stub, const Data& request) {
    return (stub.*kMethod)(request, kAmOptions);
  }
  static absl::Status Check(const absl::StatusOr<Data>& result,
                            const Data& request) {
    if (!result.ok()) return result.status();
    if (result->payload() == request.payload()) return absl::OkStatus();
    return absl::DataLossError("the answer differs");
  }
};
using EchoMethod = ResponseMethod<&PingerAm::Client::Echo>;
using LimitedEchoMethod = ResponseMethod<&PingerAm::Client::LimitedEcho>;

// Makes one request after another.
class AmRequests {
 public:
  AmRequests(std::size_t payload_bytes) : payloads_(payload_bytes) {}

  const Data& Next() {
    data_.set_payload(payloads_.Next());
    return data_;
  }
  const Data& current() const { return data_; }

 private:
  PayloadMaker payloads_;
  Data data_;
};

template <typename Method>
class ThreadCaller final : public Caller {
 public:
  ThreadCaller(AmLinks links, const Setting& setting)
      : manager_(std::move(links.manager)),
        stub_(manager_->client(), links.targets.front()),
        requests_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    absl::Status status;
    while (status.ok() && !recorder.enough()) {
      const Data& request = requests_.Next();
      const Recorder::Moment begun = recorder.Begin();
      const auto result = Method::Start(stub_, request).Await();
      recorder.End(begun);
      status = Method::Check(result, request);
    }
    return status;
  }

 private:
  const std::unique_ptr<Manager> manager_;
  const PingerAm::Client stub_;
  AmRequests requests_;
};

// Keeps as many calls under way as the setting says.
template <typename Method>
class CallbackCaller final : public Caller {
 public:
  CallbackCaller(AmLinks links, const Setting& setting)
      : manager_(std::move(links.manager)),
        stub_(manager_->client(), links.targets.front()),
        flow_(setting),
        requests_(static_cast<std::size_t>(setting.in_flight)) {}

  absl::Status Run(Recorder& recorder) override {
    return flow_.Run(recorder, [this](Flow::Slot& slot) {
      Data& request = requests_[slot.number()];
      request.set_payload(slot.payload());
      Method::Start(stub_, request)
          .OnDone([this, &slot, &request](const auto& result) {
            flow_.End(slot, Method::Check(result, request));
          });
    });
  }

 private:
  const std::unique_ptr<Manager> manager_;
  const PingerAm::Client stub_;
  Flow flow_;
  std::vector<Data> requests_;  // by the number of their slots
};

template <typename Method>
class CoroutineCaller final : public Caller {
 public:
  CoroutineCaller(AmLinks links, const Setting& setting)
      : manager_(std::move(links.manager)),
        stub_(manager_->client(), links.targets.front()),
        requests_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    std::promise<absl::Status> done;
    StartTask(Loop(recorder, done));
    return done.get_future().get();
  }

 private:
  Task<void> Loop(Recorder& recorder, std::promise<absl::Status>& done) {
    absl::Status status;
    while (status.ok() && !recorder.enough()) {
      const Data& request = requests_.Next();
      const Recorder::Moment begun = recorder.Begin();
      const auto result = co_await Method::Start(stub_, request);
      recorder.End(begun);
      status = Method::Check(result, request);
    }
    done.set_value(status);
  }

  const std::unique_ptr<Manager> manager_;
  const PingerAm::Client stub_;
  AmRequests requests_;
};

}  // namespace am::bench
