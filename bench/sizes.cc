// Payloads of 64 bytes to 64 MiB, beside raw libzmq's and gRPC's: see
// bench/README.md.
//
//   tools/dev bench sizes --json sizes.json
//   tools/dev bench sizes --only payload_64mib
//
// Bytes there, a verdict back: the server verifies them, all of them.
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "bench/am_instance.h"
#include "bench/function_contestant.h"
#include "bench/grpc_contestant.h"
#include "bench/payload.h"
#include "bench/plan.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

constexpr char kAmName[] = "am_bytes";
constexpr GrpcStyle kGrpc = {GrpcCalling::kBlocking, PingerMethod::kPing};

struct Size {
  const char* case_name;
  std::size_t bytes;
};
constexpr Size kSizes[] = {
    {"payload_64", 64},          {"payload_1kib", 1 << 10},
    {"payload_16kib", 16 << 10}, {"payload_256kib", 256 << 10},
    {"payload_4mib", 4 << 20},   {"payload_64mib", 64 << 20},
};

class AmBytesCaller final : public Caller {
 public:
  AmBytesCaller(AmLinks links, const Setting& setting)
      : manager_(std::move(links.manager)),
        target_(links.targets.front()),
        payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    absl::Status status;
    while (status.ok() && !recorder.enough()) {
      const std::string& payload = payloads_.Next();
      const Recorder::Moment begun = recorder.Begin();
      status = manager_->client()
                   .Message("check")
                   .Payload(payload)
                   .SendAndConfirm(target_)
                   .Await();
      recorder.End(begun);
    }
    return status;
  }

 private:
  const std::unique_ptr<Manager> manager_;
  const Target target_;
  PayloadMaker payloads_;
};

// By the setting's scheme, or by `scheme` whatever that is.
std::unique_ptr<Contestant> MakeAmBytesContestant(
    const std::string& name, const std::string& scheme = "") {
  return MakeContestant(
      name,
      [=](const Setting& setting) {
        return MakeAmServer(WithScheme(setting, scheme));
      },
      [=](const Setting& setting, const std::string& address)
          -> absl::StatusOr<std::unique_ptr<Caller>> {
        absl::StatusOr<AmLinks> links =
            ConnectAm(WithScheme(setting, scheme), address);
        if (!links.ok()) return links.status();
        return std::make_unique<AmBytesCaller>(*std::move(links), setting);
      });
}

std::string LocalName(const std::string& scheme) {
  return absl::StrCat(kAmName, "_", scheme);
}

Contestants MakeContestants() {
  Contestants contestants;
  contestants.push_back(MakeAmBytesContestant(kAmName));
  for (const std::string scheme : {kShared, kSharedParked}) {
    contestants.push_back(MakeAmBytesContestant(LocalName(scheme), scheme));
  }
  for (const ZmqLoop loop : kZmqLoops) {
    contestants.push_back(MakeZmqContestant(loop, ZmqAnswer::kVerdict));
  }
  contestants.push_back(MakeGrpcContestant(kGrpc));
  return contestants;
}

PlannedRun PlanOf(const Size& size) {
  return {.setting = {"ipc", size.bytes},
          .comparisons = {
              {size.case_name, kAmName, "libzmq",
               ZmqContestantNames(ZmqAnswer::kVerdict)},
              {size.case_name, kAmName, "grpc_blocking", {NameOf(kGrpc)}}}};
}

// Over memory that is shared, beside a unix socket.
PlannedRun PlanOfLocal() {
  PlannedRun run = {.setting = {"ipc", 64 << 20}, .comparisons = {}};
  for (const std::string scheme : {kShared, kSharedParked}) {
    const std::string name =
        absl::StrCat("payload_local_64mib", scheme == kShared ? "" : "_parked");
    run.comparisons.push_back({name, LocalName(scheme), "libzmq",
                               ZmqContestantNames(ZmqAnswer::kVerdict)});
    run.comparisons.push_back(
        {name, LocalName(scheme), "grpc_blocking", {NameOf(kGrpc)}});
  }
  return run;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {
      .description = "Payloads of 64 bytes to 64 MiB.",
      .contestants = am::bench::MakeContestants(),
      .plan = {},
      .measure = am::bench::MeasureMemoryToo};
  for (const am::bench::Size& size : am::bench::kSizes) {
    benchmark.plan.push_back(am::bench::PlanOf(size));
  }
  benchmark.plan.push_back(am::bench::PlanOfLocal());
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
