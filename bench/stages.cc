// Where the time of a round trip goes, from stamps taken on its way: see
// bench/README.md.
//
//   tools/dev bench stages --json stages.json
//
//   caller     stub and encoding | TrySend --- wire ---+
//   server                                             | Receive: dispatch,
//                                       handler, reply | TrySend --- wire ---+
//   caller                                          Receive: completion | end
//
// The server sends its stamps with the answer; that of sending the answer comes
// with the next one.
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/transport/zmq_transport.h"
#include "bench/am_instance.h"
#include "bench/function_contestant.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"
#include "bench/plan.h"
#include "bench/stamping_transport.h"
#include "bench/zmq_contestant.h"

namespace am::bench {
namespace {

constexpr char kName[] = "am_stages";

enum Stage {
  kEncode,
  kWireThere,
  kDispatch,
  kHandler,
  kReply,
  kWireBack,
  kEnd
};
constexpr std::array<const char*, kEnd + 1> kStages = {
    "encode_us", "wire_there_us", "dispatch_us", "handler_us",
    "reply_us",  "wire_back_us",  "complete_us"};

struct Stamped {
  std::shared_ptr<Stamps> stamps;
  std::unique_ptr<Manager> manager;
};

absl::StatusOr<Stamped> MakeStamped(const Setting& setting) {
  absl::StatusOr<std::unique_ptr<transport::ZmqTransport>> transport =
      transport::MakeZmqTransport({});
  if (!transport.ok()) return transport.status();
  auto stamps = std::make_shared<Stamps>();
  absl::StatusOr<std::unique_ptr<Manager>> manager = MakeAmInstance(
      setting,
      std::make_shared<StampingTransport>(*std::move(transport), stamps));
  if (!manager.ok()) return manager.status();
  return Stamped{std::move(stamps), *std::move(manager)};
}

// One call at a time.
class StampingServer final : public Server, public StamperAm::Service {
 public:
  explicit StampingServer(Stamped stamped) : stamped_(std::move(stamped)) {}
  ~StampingServer() override { stamped_.manager.reset(); }

  absl::Status Register() { return stamped_.manager->Register(*this); }

  std::string address() const override {
    return stamped_.manager->addresses().front().ToString();
  }

  absl::StatusOr<ServerStamps> Stamp(Context&, const Data& request) override {
    ServerStamps stamps;
    stamps.set_entered(NowNanoseconds());
    stamps.set_received(stamped_.stamps->received);
    stamps.set_left_before(left_);
    stamps.set_sent_before(stamped_.stamps->sent.exchange(0));
    if (!IsIntact(request.payload())) return absl::DataLossError("differs");
    left_ = NowNanoseconds();
    stamps.set_left(left_);
    return stamps;
  }

 private:
  Stamped stamped_;
  std::int64_t left_ = 0;
};

class StampingCaller final : public Caller {
 public:
  StampingCaller(Stamped stamped, Target target, const Setting& setting)
      : stamped_(std::move(stamped)),
        stub_(stamped_.manager->client(), target),
        payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    for (std::vector<double>& stage : stages_us_) stage.clear();
    received_before_ = 0;
    absl::Status status;
    while (status.ok() && !recorder.enough()) {
      data_.set_payload(payloads_.Next());
      status = Call(recorder);
    }
    return status;
  }

  std::vector<Metric> Metrics() const override {
    std::vector<Metric> metrics;
    for (std::size_t i = 0; i < kStages.size(); ++i) {
      metrics.push_back({kStages[i], Median(stages_us_[i])});
    }
    return metrics;
  }

 private:
  absl::Status Call(Recorder& recorder) {
    stamped_.stamps->sent = 0;
    const Recorder::Moment moment = recorder.Begin();
    const std::int64_t begun = NowNanoseconds();
    const absl::StatusOr<ServerStamps> answer = stub_.Stamp(data_).Await();
    const std::int64_t ended = NowNanoseconds();
    recorder.End(moment);
    if (!answer.ok()) return answer.status();
    const std::int64_t sent = stamped_.stamps->sent;
    const std::int64_t received = stamped_.stamps->received;
    Note(kEncode, begun, sent);
    Note(kWireThere, sent, answer->received());
    Note(kDispatch, answer->received(), answer->entered());
    Note(kHandler, answer->entered(), answer->left());
    if (received_before_ != 0) {
      Note(kReply, answer->left_before(), answer->sent_before());
      Note(kWireBack, answer->sent_before(), received_before_);
    }
    Note(kEnd, received, ended);
    received_before_ = received;
    return absl::OkStatus();
  }

  void Note(Stage stage, std::int64_t from, std::int64_t to) {
    stages_us_[stage].push_back(static_cast<double>(to - from) / 1e3);
  }

  Stamped stamped_;
  const StamperAm::Client stub_;
  PayloadMaker payloads_;
  Data data_;
  std::int64_t received_before_ = 0;
  std::array<std::vector<double>, kStages.size()> stages_us_;
};

absl::StatusOr<std::unique_ptr<Server>> Serve(const Setting& setting) {
  absl::StatusOr<Stamped> stamped = MakeStamped(setting);
  if (!stamped.ok()) return stamped.status();
  auto server = std::make_unique<StampingServer>(*std::move(stamped));
  if (absl::Status added = server->Register(); !added.ok()) return added;
  return server;
}

absl::StatusOr<std::unique_ptr<Caller>> Connect(const Setting& setting,
                                                const std::string& address) {
  absl::StatusOr<Stamped> stamped = MakeStamped(setting);
  if (!stamped.ok()) return stamped.status();
  const absl::StatusOr<PeerInfo> peer =
      stamped->manager->client().Connect(address);
  if (!peer.ok()) return peer.status();
  return std::make_unique<StampingCaller>(*std::move(stamped), peer->id,
                                          setting);
}

Benchmark MakeBenchmark() {
  Benchmark benchmark = {.description = "Where the time of a round trip goes.",
                         .contestants = {},
                         .plan = {}};
  benchmark.contestants.push_back(MakeContestant(kName, Serve, Connect));
  for (const ZmqLoop loop : kZmqLoops) {
    benchmark.contestants.push_back(MakeZmqContestant(loop));
  }
  for (const std::string scheme : {"ipc", "tcp"}) {
    benchmark.plan.push_back(
        {.setting = {.scheme = scheme},
         .comparisons = {{absl::StrCat("stages_", scheme), kName, "libzmq",
                          ZmqContestantNames()}}});
  }
  return benchmark;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = am::bench::MakeBenchmark();
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
