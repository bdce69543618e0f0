// The callers of am_contestant.h, one for each way to wait for a call.
//
// `Method` is what they call: Start begins a call, Check says whether its
// result is OK and what it should be.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "am/manager.h"
#include "am/task.h"
#include "bench/contestant.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"

namespace am::bench {

constexpr CallOptions kAmOptions = {.timeout = absl::Seconds(10)};

struct PingMethod {
  static Future<void> Start(const PingerAm::Client& stub, const Data& request) {
    return stub.Ping(request, kAmOptions);
  }
  static absl::Status Check(const absl::Status& result, const Data&) {
    return result;
  }
};

struct EchoMethod {
  static Future<Data> Start(const PingerAm::Client& stub, const Data& request) {
    return stub.Echo(request, kAmOptions);
  }
  static absl::Status Check(const absl::StatusOr<Data>& result,
                            const Data& request) {
    if (!result.ok()) return result.status();
    if (result->payload() == request.payload()) return absl::OkStatus();
    return absl::DataLossError("the answer differs");
  }
};

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
  ThreadCaller(std::unique_ptr<Manager> manager, Target target,
               const Setting& setting)
      : manager_(std::move(manager)),
        stub_(manager_->client(), target),
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

template <typename Method>
class CallbackCaller final : public Caller {
 public:
  CallbackCaller(std::unique_ptr<Manager> manager, Target target,
                 const Setting& setting)
      : manager_(std::move(manager)),
        stub_(manager_->client(), target),
        requests_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    done_ = std::promise<absl::Status>();
    Next(recorder);
    return done_.get_future().get();
  }

 private:
  void Next(Recorder& recorder) {
    if (recorder.enough()) return done_.set_value(absl::OkStatus());
    const Data& request = requests_.Next();
    const Recorder::Moment begun = recorder.Begin();
    Method::Start(stub_, request)
        .OnDone([this, &recorder, begun](const auto& result) {
          recorder.End(begun);
          const absl::Status status =
              Method::Check(result, requests_.current());
          if (!status.ok()) return done_.set_value(status);
          Next(recorder);
        });
  }

  const std::unique_ptr<Manager> manager_;
  const PingerAm::Client stub_;
  AmRequests requests_;
  std::promise<absl::Status> done_;
};

template <typename Method>
class CoroutineCaller final : public Caller {
 public:
  CoroutineCaller(std::unique_ptr<Manager> manager, Target target,
                  const Setting& setting)
      : manager_(std::move(manager)),
        stub_(manager_->client(), target),
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
