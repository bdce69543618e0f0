// A fresh link and its first Ack, beside raw libzmq's and gRPC's: see
// bench/README.md.
//
//   tools/dev bench connect --json connect.json
//
// An operation begins without a connection and ends with the answer to the
// first call. What it built is taken down before the next one.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/am_instance.h"
#include "bench/function_contestant.h"
#include "bench/grpc_contestant.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"
#include "bench/plan.h"
#include "bench/zmq_sockets.h"

namespace am::bench {
namespace {

constexpr char kAmName[] = "am_connect";
constexpr GrpcStyle kGrpc = {GrpcCalling::kConnect, PingerMethod::kPing};

class AmConnecter final : public Caller {
 public:
  AmConnecter(std::unique_ptr<Manager> manager, const Setting& setting,
              const std::string& address)
      : address_(address),
        manager_(std::move(manager)),
        payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    absl::Status status;
    while (status.ok() && !recorder.enough()) {
      data_.set_payload(payloads_.Next());
      status = ConnectAndPing(recorder);
    }
    return status;
  }

 private:
  absl::Status ConnectAndPing(Recorder& recorder) {
    Client& client = manager_->client();
    const Recorder::Moment begun = recorder.Begin();
    const absl::StatusOr<PeerInfo> peer = client.Connect(address_);
    if (!peer.ok()) return peer.status();
    const absl::Status status =
        PingerAm::Client(client, peer->id).Ping(data_).Await();
    recorder.End(begun);
    return status.ok() ? client.Disconnect(peer->id) : status;
  }

  const std::string address_;
  const std::unique_ptr<Manager> manager_;
  PayloadMaker payloads_;
  Data data_;
};

class ZmqConnecter final : public Caller {
 public:
  ZmqConnecter(const Setting& setting, ZmqLoop loop, const std::string& address)
      : setting_(setting),
        loop_(loop),
        address_(address),
        payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    return Guarded([&] {
      absl::Status status;
      while (status.ok() && !recorder.enough()) {
        const std::string& payload = payloads_.Next();
        const Recorder::Moment begun = recorder.Begin();
        ZmqSockets sockets(context_, setting_, loop_);
        sockets.Introduce(address_);
        status = sockets.Exchange(payload);
        recorder.End(begun);
      }
      return status;
    });
  }

 private:
  const Setting setting_;
  const ZmqLoop loop_;
  const std::string address_;
  PayloadMaker payloads_;
  zmq::context_t context_;
};

std::string ZmqName(ZmqLoop loop) {
  return absl::StrCat("libzmq_", NameOf(loop), "_connect");
}

std::unique_ptr<Contestant> MakeZmqConnectContestant(ZmqLoop loop) {
  return MakeContestant(
      ZmqName(loop),
      [=](const Setting& setting) {
        return MakeZmqServer(setting, loop, SendBack);
      },
      [=](const Setting& setting, const std::string& address) {
        return std::make_unique<ZmqConnecter>(setting, loop, address);
      });
}

std::unique_ptr<Contestant> MakeAmConnectContestant() {
  return MakeContestant(
      kAmName, [](const Setting& setting) { return MakeAmServer(setting); },
      [](const Setting& setting, const std::string& address)
          -> absl::StatusOr<std::unique_ptr<Caller>> {
        absl::StatusOr<std::unique_ptr<Manager>> manager =
            MakeAmInstance(setting);
        if (!manager.ok()) return manager.status();
        return std::make_unique<AmConnecter>(*std::move(manager), setting,
                                             address);
      });
}

Contestants MakeContestants() {
  Contestants contestants;
  contestants.push_back(MakeAmConnectContestant());
  for (const ZmqLoop loop : kZmqLoops) {
    contestants.push_back(MakeZmqConnectContestant(loop));
  }
  contestants.push_back(MakeGrpcContestant(kGrpc));
  return contestants;
}

PlannedRun PlanOf(const std::string& name, const std::string& scheme) {
  return {.setting = {scheme, 64},
          .comparisons = {{name, kAmName, "libzmq", NamesOfLoops(ZmqName)},
                          {name, kAmName, "grpc_blocking", {NameOf(kGrpc)}}}};
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {
      .description = "A fresh link and its first Ack.",
      .contestants = am::bench::MakeContestants(),
      .plan = {am::bench::PlanOf("connect_first_ack", "ipc"),
               am::bench::PlanOf("connect_first_ack_tcp", "tcp")}};
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
