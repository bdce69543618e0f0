// One-way messages beside raw PUSH/PULL, in one run: see bench/README.md.
//
//   tools/dev bench oneway --json oneway.json
//   tools/dev bench oneway --seconds 10     # does memory stay flat?
//
// What counts is what arrived: the receiver counts, and the clock stops when it
// says that it has all. It verifies each message, and one that is missing voids
// the row.
//
// An idle link must not hold a single message back in the hope of company: for
// that, one message after another is sent with rests in between, and the
// receiver tells when it came.
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/am_instance.h"
#include "bench/function_contestant.h"
#include "bench/machine_clock.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"
#include "bench/plan.h"
#include "bench/zmq_sockets.h"

namespace am::bench {
namespace {

constexpr char kAmName[] = "am_push";
constexpr char kAmIdleName[] = "am_mark";
constexpr absl::string_view kHowMany = "?";  // asks a PULL what it counted

// Sent between two looks at the clock.
constexpr int kBatch = 64;

// Before each single message and after it.
constexpr absl::Duration kRest = absl::Milliseconds(2);

// What the receiver counted, and when the last one came.
struct Arrived {
  std::uint64_t count = 0;
  std::int64_t last = 0;
};

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

// Sends single messages with `send`, and asks `arrived` for each.
template <typename Send, typename Ask>
absl::Status SendSingles(Recorder& recorder, std::uint64_t& sent, Send send,
                         Ask arrived) {
  while (!recorder.enough()) {
    absl::SleepFor(kRest);
    const Recorder::Moment begun = recorder.Begin();
    if (absl::Status status = send(); !status.ok()) return status;
    ++sent;
    absl::SleepFor(kRest);
    const absl::StatusOr<Arrived> what = arrived();
    if (!what.ok()) return what.status();
    recorder.EndAt(begun, MomentOf(what->last));
  }
  return absl::OkStatus();
}

class AmPusher : public Caller {
 public:
  AmPusher(AmLinks links, const Setting& setting)
      : manager_(std::move(links.manager)),
        stub_(manager_->client(), links.targets.front()),
        payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    absl::Status status = SendBatches(recorder, sent_, [this] {
      return stub_.Push(Next(), {.when_full = WhenFull::kWait});
    });
    return status.ok() ? AskArrived().status() : status;
  }

 protected:
  const Data& Next() {
    data_.set_payload(payloads_.Next());
    return data_;
  }

  // Not OK if any is missing.
  absl::StatusOr<Arrived> AskArrived() {
    Count sent;
    sent.set_count(sent_);
    const absl::StatusOr<Count> counted = stub_.AwaitPushed(sent).Await();
    if (!counted.ok()) return counted.status();
    absl::Status status = Expect(sent_, counted->count());
    if (!status.ok()) return status;
    return Arrived{counted->count(), counted->marked()};
  }

  const std::unique_ptr<Manager> manager_;
  const PingerAm::Client stub_;
  std::uint64_t sent_ = 0;

 private:
  PayloadMaker payloads_;
  Data data_;
};

class AmMarker final : public AmPusher {
 public:
  using AmPusher::AmPusher;

  absl::Status Run(Recorder& recorder) override {
    return SendSingles(
        recorder, sent_, [this] { return stub_.Mark(Next()); },
        [this] { return AskArrived(); });
  }
};

class ZmqPusher final : public Caller {
 public:
  ZmqPusher(const Setting& setting, ZmqLoop loop, const std::string& address)
      : singles_(setting.in_flight == 1),
        payloads_(setting.payload_bytes),
        sockets_(context_, setting, loop) {
    sockets_.Introduce(address);
  }

  absl::Status Run(Recorder& recorder) override {
    return Guarded([&] {
      const auto send = [this] { return Send(payloads_.Next()); };
      if (singles_) {
        return SendSingles(recorder, sent_, send,
                           [this] { return AskArrived(); });
      }
      absl::Status status = SendBatches(recorder, sent_, send);
      return status.ok() ? AskArrived().status() : status;
    });
  }

 private:
  absl::Status Send(absl::string_view text) {
    zmq::message_t message(text.data(), text.size());
    return sockets_.Send(message) ? absl::OkStatus() : NoAnswer();
  }

  // Not OK if any is missing.
  absl::StatusOr<Arrived> AskArrived() {
    if (absl::Status asked = Send(kHowMany); !asked.ok()) return asked;
    zmq::message_t answer;
    if (!sockets_.Receive(answer)) return NoAnswer();
    const Arrived arrived = *answer.data<Arrived>();
    absl::Status status = Expect(sent_, arrived.count);
    if (!status.ok()) return status;
    return arrived;
  }

  const bool singles_;
  PayloadMaker payloads_;
  zmq::context_t context_;
  ZmqSockets sockets_;
  std::uint64_t sent_ = 0;
};

// Counts messages that are intact, and says so when asked. Looks at the clock
// for single ones only.
ZmqServer::Answer Counting(bool singles) {
  return [singles, arrived = Arrived()](zmq::message_t& message) mutable {
    if (BytesOf(message) == kHowMany) {
      message.rebuild(&arrived, sizeof(arrived));
      return true;
    }
    if (singles) arrived.last = NowNanoseconds();
    arrived.count += IsIntact(BytesOf(message)) ? 1 : 0;
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
        return MakeZmqServer(setting, loop, Counting(setting.in_flight == 1));
      },
      [=](const Setting& setting, const std::string& address) {
        return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Caller>> {
          return std::make_unique<ZmqPusher>(setting, loop, address);
        });
      });
}

// By the setting's scheme, or by `scheme` whatever that is.
template <typename AmCaller>
std::unique_ptr<Contestant> MakeAmPushContestant(
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
        return std::make_unique<AmCaller>(*std::move(links), setting);
      });
}

std::string LocalName(const std::string& scheme) {
  return absl::StrCat(kAmName, "_", scheme);
}

Contestants MakeContestants() {
  Contestants contestants;
  contestants.push_back(MakeAmPushContestant<AmPusher>(kAmName));
  contestants.push_back(MakeAmPushContestant<AmMarker>(kAmIdleName));
  for (const std::string scheme : {kShared, kSharedParked}) {
    contestants.push_back(
        MakeAmPushContestant<AmPusher>(LocalName(scheme), scheme));
  }
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

// Over memory that is shared, beside a unix socket.
PlannedRun PlanOfLocal() {
  PlannedRun run = {.setting = {"ipc", 64, kBatch}, .comparisons = {}};
  for (const std::string scheme : {kShared, kSharedParked}) {
    run.comparisons.push_back(
        {absl::StrCat("oneway_local_64", scheme == kShared ? "" : "_parked"),
         LocalName(scheme), "libzmq", NamesOfLoops(ZmqName), "msgs_per_s"});
  }
  return run;
}

PlannedRun PlanOfIdle() {
  return {.setting = {"ipc", 64},
          .comparisons = {{"oneway_64_idle", kAmIdleName, "libzmq",
                           NamesOfLoops(ZmqName)}}};
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = {
      .description = "One-way messages, counted where they arrive.",
      .contestants = am::bench::MakeContestants(),
      .plan = {am::bench::PlanOf("oneway_64", "ipc"),
               am::bench::PlanOf("oneway_64_tcp", "tcp"),
               am::bench::PlanOfLocal(), am::bench::PlanOfIdle()},
      .measure = am::bench::MeasureMemoryToo};
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
