// One-way messages beside raw PUSH/PULL, in one run: see bench/README.md.
//
//   tools/dev bench oneway --json oneway.json
//   tools/dev bench oneway --seconds 10     # does memory stay flat?
//
// What counts is what arrived: the receiver counts, and the clock stops when it
// says that it has all. It verifies each message, and one that is missing voids
// the row.
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/am_instance.h"
#include "bench/function_contestant.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"
#include "bench/plan.h"
#include "bench/zmq_sockets.h"

namespace am::bench {
namespace {

constexpr char kAmName[] = "am_push";
constexpr absl::string_view kHowMany = "?";  // asks a PULL what it counted

// Sent between two looks at the clock.
constexpr int kBatch = 64;

absl::Status Expect(std::uint64_t sent, std::uint64_t counted) {
  if (counted == sent) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("of ", sent, " sent, ", counted, " arrived"));
}

// Sends with `send` until `recorder` has enough; adds to `sent`.
template <typename Send>
absl::Status SendBatches(Recorder& recorder, std::uint64_t& sent, Send send) {
  while (!recorder.enough()) {
    for (int i = 0; i < kBatch; ++i) {
      if (absl::Status status = send(); !status.ok()) return status;
    }
    sent += kBatch;
    recorder.Add(kBatch);
  }
  return absl::OkStatus();
}

class AmPusher final : public Caller {
 public:
  AmPusher(AmLinks links, const Setting& setting)
      : manager_(std::move(links.manager)),
        stub_(manager_->client(), links.targets.front()),
        payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    absl::Status status = SendBatches(recorder, sent_, [this] {
      data_.set_payload(payloads_.Next());
      return stub_.Push(data_, {.when_full = WhenFull::kWait});
    });
    if (!status.ok()) return status;
    Count sent;
    sent.set_count(sent_);
    const absl::StatusOr<Count> counted = stub_.AwaitPushed(sent).Await();
    if (!counted.ok()) return counted.status();
    return Expect(sent_, counted->count());
  }

 private:
  const std::unique_ptr<Manager> manager_;
  const PingerAm::Client stub_;
  PayloadMaker payloads_;
  Data data_;
  std::uint64_t sent_ = 0;
};

class ZmqPusher final : public Caller {
 public:
  ZmqPusher(const Setting& setting, ZmqLoop loop, const std::string& address)
      : payloads_(setting.payload_bytes), sockets_(context_, setting, loop) {
    sockets_.Introduce(address);
  }

  absl::Status Run(Recorder& recorder) override {
    return Guarded([&] {
      absl::Status status = SendBatches(
          recorder, sent_, [this] { return Send(payloads_.Next()); });
      return status.ok() ? AskHowMany() : status;
    });
  }

 private:
  absl::Status Send(absl::string_view text) {
    zmq::message_t message(text.data(), text.size());
    return sockets_.Send(message) ? absl::OkStatus() : NoAnswer();
  }

  absl::Status AskHowMany() {
    if (absl::Status asked = Send(kHowMany); !asked.ok()) return asked;
    zmq::message_t answer;
    if (!sockets_.Receive(answer)) return NoAnswer();
    return Expect(sent_, *answer.data<std::uint64_t>());
  }

  PayloadMaker payloads_;
  zmq::context_t context_;
  ZmqSockets sockets_;
  std::uint64_t sent_ = 0;
};

// Counts messages that are intact, and says so when asked.
ZmqServer::Answer Counting() {
  return [count = std::uint64_t{0}](zmq::message_t& message) mutable {
    if (BytesOf(message) == kHowMany) {
      message.rebuild(&count, sizeof(count));
      return true;
    }
    count += IsIntact(BytesOf(message)) ? 1 : 0;
    return false;
  };
}

std::string ZmqName(ZmqLoop loop) {
  return absl::StrCat("libzmq_", NameOf(loop), "_push");
}

std::unique_ptr<Contestant> MakeZmqPushContestant(ZmqLoop loop) {
  return MakeContestant(
      ZmqName(loop),
      [=](const Setting& setting) {
        return MakeZmqServer(setting, loop, Counting());
      },
      [=](const Setting& setting, const std::string& address) {
        return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Caller>> {
          return std::make_unique<ZmqPusher>(setting, loop, address);
        });
      });
}

std::unique_ptr<Contestant> MakeAmPushContestant() {
  return MakeContestant(
      kAmName, [](const Setting& setting) { return MakeAmServer(setting); },
      [](const Setting& setting, const std::string& address)
          -> absl::StatusOr<std::unique_ptr<Caller>> {
        absl::StatusOr<AmLinks> links = ConnectAm(setting, address);
        if (!links.ok()) return links.status();
        return std::make_unique<AmPusher>(*std::move(links), setting);
      });
}

Contestants MakeContestants() {
  Contestants contestants;
  contestants.push_back(MakeAmPushContestant());
  for (const ZmqLoop loop : kZmqLoops) {
    contestants.push_back(MakeZmqPushContestant(loop));
  }
  return contestants;
}

// So many in flight that a PULL that polls takes what is there in bursts.
PlannedRun PlanOf(const std::string& name, const std::string& scheme) {
  return {.setting = {scheme, 64, kBatch},
          .comparisons = {
              {name, kAmName, "libzmq", NamesOfLoops(ZmqName), "msgs_per_s"}}};
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {
      .description = "One-way messages, counted where they arrive.",
      .contestants = am::bench::MakeContestants(),
      .plan = {am::bench::PlanOf("oneway_64", "ipc"),
               am::bench::PlanOf("oneway_64_tcp", "tcp")},
      .measure = am::bench::MeasureMemoryToo};
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
