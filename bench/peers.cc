// One instance among many peers, asked by turns or all at once, beside the same
// links of raw libzmq with a monitor each: see bench/README.md.
//
//   tools/dev bench peers --json peers.json
//
// All peers are instances (or pairs of sockets) of one other process.
#include <malloc.h>
#include <time.h>

#include <array>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "bench/am_instance.h"
#include "bench/function_contestant.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"
#include "bench/plan.h"
#include "bench/zmq_sockets.h"

namespace am::bench {
namespace {

constexpr std::array<int, 5> kPeers = {1, 4, 16, 64, 256};
constexpr int kFanOutPeers = 16;

// What an operation is: one message, to one peer after the other, or one to
// each of them at once, done when all have answered.
enum class Order { kTurns, kFanOut };

std::string NameOf(absl::string_view library, Order order, int peers) {
  return absl::StrCat(library, "_", peers,
                      order == Order::kTurns ? "_peers" : "_fan_out");
}

// What this process has on its heap, in KiB. (Its resident memory says little:
// it has been caller of other contestants before.)
double HeapKib() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / 1024;
}

// What all threads of this process have used.
double CpuUs() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return absl::ToDoubleMicroseconds(absl::DurationFromTimespec(time));
}

double CountThreads() {
  return static_cast<double>(std::distance(
      std::filesystem::directory_iterator("/proc/self/task"), {}));
}

class PeersCaller : public Caller {
 public:
  PeersCaller(const Setting& setting, Order order)
      : order_(order), payloads_(setting.payload_bytes) {}

  absl::Status Run(Recorder& recorder) override {
    const double begun_us = CpuUs();
    absl::Status status;
    while (status.ok() && !recorder.enough()) {
      const std::string& payload = payloads_.Next();
      const Recorder::Moment begun = recorder.Begin();
      status = order_ == Order::kTurns ? Ask(turn_++ % peers(), payload)
                                       : AskAll(payload);
      recorder.End(begun);
    }
    cpu_us_per_op_ =
        (CpuUs() - begun_us) / static_cast<double>(recorder.operations());
    return status;
  }

  std::vector<Metric> Metrics() const override {
    const double kib = HeapKib() - heap_kib_;
    return {{"caller_cpu_us_per_op", cpu_us_per_op_},
            {"caller_threads", CountThreads()},
            {"caller_kib_per_peer", kib / static_cast<double>(peers())}};
  }

 private:
  virtual std::size_t peers() const = 0;
  virtual absl::Status Ask(std::size_t peer, const std::string& payload) = 0;
  virtual absl::Status AskAll(const std::string& payload) = 0;

  // Before there was any link: members of those that derive come later.
  const double heap_kib_ = HeapKib();
  const Order order_;
  PayloadMaker payloads_;
  std::size_t turn_ = 0;
  double cpu_us_per_op_ = 0;  // of the last Run
};

class AmPeersCaller final : public PeersCaller {
 public:
  AmPeersCaller(const Setting& setting, Order order, const std::string& address)
      : PeersCaller(setting, order), links_(ConnectAm(setting, address)) {
    if (!links_.ok()) return;
    for (const Target& target : links_->targets) {
      stubs_.emplace_back(links_->manager->client(), target);
    }
  }

  const absl::Status& status() const { return links_.status(); }

 private:
  std::size_t peers() const override { return stubs_.size(); }

  absl::Status Ask(std::size_t peer, const std::string& payload) override {
    data_.set_payload(payload);
    return stubs_[peer].Ping(data_).Await();
  }

  absl::Status AskAll(const std::string& payload) override {
    data_.set_payload(payload);
    std::vector<Future<void>> answers;
    for (const PingerAm::Client& stub : stubs_) {
      answers.push_back(stub.Ping(data_));
    }
    absl::Status status;
    for (Future<void>& answer : answers) status.Update(answer.Await());
    return status;
  }

  const absl::StatusOr<AmLinks> links_;
  std::vector<PingerAm::Client> stubs_;
  Data data_;
};

class ZmqPeersCaller final : public PeersCaller {
 public:
  ZmqPeersCaller(const Setting& setting, Order order,
                 const std::string& addresses)
      : PeersCaller(setting, order),
        home_(context_, setting, ZmqLoop::kReceive) {
    for (const auto address : absl::StrSplit(addresses, ',')) {
      AddLink(std::string(address));
    }
  }

 private:
  struct Link {
    zmq::socket_t push;
    zmq::socket_t monitor;
  };

  void AddLink(const std::string& address) {
    const std::string events = absl::StrCat("inproc://events", links_.size());
    Link link = {{context_, zmq::socket_type::push},
                 {context_, zmq::socket_type::pair}};
    link.push.set(zmq::sockopt::linger, 0);
    link.monitor.set(zmq::sockopt::linger, 0);
    zmq_socket_monitor(link.push.handle(), events.c_str(), ZMQ_EVENT_ALL);
    link.monitor.connect(events);
    link.push.connect(address);
    zmq::message_t introduction(home_.address());
    link.push.send(introduction, zmq::send_flags::none);
    links_.push_back(std::move(link));
  }

  std::size_t peers() const override { return links_.size(); }

  absl::Status Ask(std::size_t peer, const std::string& payload) override {
    return Send(peer, payload) ? Expect(payload) : NoAnswer();
  }

  absl::Status AskAll(const std::string& payload) override {
    for (std::size_t peer = 0; peer < links_.size(); ++peer) {
      if (!Send(peer, payload)) return NoAnswer();
    }
    absl::Status status;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      status.Update(Expect(payload));
    }
    return status;
  }

  bool Send(std::size_t peer, const std::string& payload) {
    zmq::message_t message(payload);
    return links_[peer].push.send(message, zmq::send_flags::none).has_value();
  }

  absl::Status Expect(const std::string& payload) {
    zmq::message_t message;
    if (!home_.Receive(message)) return NoAnswer();
    if (BytesOf(message) == payload) return absl::OkStatus();
    return absl::DataLossError("libzmq: the answer differs");
  }

  zmq::context_t context_;
  ZmqSockets home_;
  std::vector<Link> links_;
};

class ZmqServers final : public Server {
 public:
  ZmqServers(const Setting& setting, int peers) {
    for (int i = 0; i < peers; ++i) {
      servers_.push_back(
          std::make_unique<ZmqServer>(setting, ZmqLoop::kReceive, SendBack));
    }
  }

  std::string address() const override {
    return absl::StrJoin(servers_, ",", [](std::string* out, const auto& one) {
      out->append(one->address());
    });
  }

 private:
  std::vector<std::unique_ptr<ZmqServer>> servers_;
};

std::unique_ptr<Contestant> MakeAmPeersContestant(Order order, int peers) {
  return MakeContestant(
      NameOf("am", order, peers),
      [=](const Setting& setting) { return MakeAmServer(setting, peers); },
      [=](const Setting& setting, const std::string& address)
          -> absl::StatusOr<std::unique_ptr<Caller>> {
        auto caller = std::make_unique<AmPeersCaller>(setting, order, address);
        if (!caller->status().ok()) return caller->status();
        return caller;
      });
}

std::unique_ptr<Contestant> MakeZmqPeersContestant(Order order, int peers) {
  return MakeContestant(
      NameOf("libzmq", order, peers),
      [=](const Setting& setting) {
        return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Server>> {
          return std::make_unique<ZmqServers>(setting, peers);
        });
      },
      [=](const Setting& setting, const std::string& address) {
        return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Caller>> {
          return std::make_unique<ZmqPeersCaller>(setting, order, address);
        });
      });
}

// Adds both contestants, and compares them.
void Add(const std::string& case_name, Order order, int peers,
         Benchmark& benchmark) {
  benchmark.contestants.push_back(MakeAmPeersContestant(order, peers));
  benchmark.contestants.push_back(MakeZmqPeersContestant(order, peers));
  benchmark.plan.front().comparisons.push_back(
      {case_name,
       NameOf("am", order, peers),
       "libzmq",
       {NameOf("libzmq", order, peers)}});
}

Benchmark MakeBenchmark() {
  Benchmark benchmark = {.description = "One instance among many peers.",
                         .contestants = {},
                         .plan = {{.setting = {"ipc", 64}, .comparisons = {}}}};
  for (const int peers : kPeers) {
    const std::string name = absl::StrCat("peers_", peers);
    Add(name, Order::kTurns, peers, benchmark);
    if (peers == 1) continue;
    benchmark.plan.front().comparisons.push_back(
        {name,
         NameOf("am", Order::kTurns, peers),
         "one_peer",
         {NameOf("am", Order::kTurns, 1)}});
  }
  Add(absl::StrCat("fan_out_", kFanOutPeers), Order::kFanOut, kFanOutPeers,
      benchmark);
  return benchmark;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  am::bench::Benchmark benchmark = am::bench::MakeBenchmark();
  return am::bench::RunBenchmark(benchmark, argc, argv);
}
