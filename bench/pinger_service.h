// PingerService: what our own contestants serve; see pinger.proto.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/machine_clock.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"
#include "bench/tally.h"

namespace am::bench {

class PingerService final : public PingerAm::Service {
 public:
  absl::Status Ping(Context&, const Data& request) override {
    return Check(request);
  }
  absl::Status InlinePing(Context&, const Data& request) override {
    return Check(request);
  }
  absl::Status PoolPing(Context&, const Data& request) override {
    return Check(request);
  }

  absl::StatusOr<Data> Echo(Context&, const Data& request) override {
    return request;
  }
  absl::StatusOr<Data> LimitedEcho(Context&, const Data& request) override {
    return request;
  }

  void Push(Context&, const Data& request) override {
    if (IsIntact(request.payload())) tally_.Add();
  }
  void Mark(Context& context, const Data& request) override {
    marked_ = NowNanoseconds();
    Push(context, request);
  }
  absl::StatusOr<Count> AwaitPushed(Context&, const Count& wanted) override {
    Count count;
    count.set_count(tally_.Await(wanted.count(), absl::Seconds(10)));
    count.set_marked(marked_);
    return count;
  }

 private:
  static absl::Status Check(const Data& request) {
    if (IsIntact(request.payload())) return absl::OkStatus();
    return absl::DataLossError("the payload differs");
  }

  Tally tally_;
  std::atomic<std::int64_t> marked_ = 0;
};

}  // namespace am::bench
