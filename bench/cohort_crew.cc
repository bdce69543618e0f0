#include "bench/cohort_crew.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>
#include <zmq.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "am/cohort/worker.h"
#include "am/examples/or_die.h"
#include "bench/pinger.am.h"
#include "bench/socket_folder.h"

namespace am::bench {
namespace {

using examples::OrDie;

constexpr char kWork[] = "work";
constexpr char kWorkOverMemory[] = "work_over_memory";
constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kPatienceMs = 10'000;

// Where a raw socket is bound, in a folder of its own.
std::string AddressIn(const SocketFolder& folder) {
  return absl::StrCat("ipc://", folder.socket());
}

class EchoService final : public PingerAm::Service {
 public:
  absl::Status Ping(Context&, const Data&) override { return absl::OkStatus(); }
  absl::StatusOr<Data> Echo(Context&, const Data& data) override {
    return data;
  }
};

// Sends back what it gets, with its rank before it, to the address that comes
// first.
void EchoRaw(zmq::socket_t& pull, zmq::context_t& context, char rank) {
  zmq::message_t message;
  if (!pull.recv(message)) return;
  zmq::socket_t push(context, zmq::socket_type::push);
  push.set(zmq::sockopt::linger, 0);
  push.connect(message.to_string());
  while (pull.recv(message)) {
    zmq::message_t answer(message.size() + 1);
    answer.data<char>()[0] = rank;
    std::copy_n(message.data<char>(), message.size(), answer.data<char>() + 1);
    push.send(answer, zmq::send_flags::none);
  }
}

int Work(const std::string& leader, int rank, bool share_memory) {
  const SocketFolder folder;
  zmq::context_t context;
  zmq::socket_t pull(context, zmq::socket_type::pull);
  pull.bind(AddressIn(folder));
  std::thread echo([&] {
    try {
      EchoRaw(pull, context, static_cast<char>(rank));
    } catch (const zmq::error_t&) {
      // The process ends.
    }
  });
  EchoService service;
  const auto manager = OrDie(Manager::Make({.share_memory = share_memory}));
  OrDie(manager->Register(service));
  cohort::WorkerOptions options;
  options.leader = leader;
  options.rank = rank;
  const auto worker = OrDie(cohort::Worker::Join(*manager, options));
  std::printf("%s\n", AddressIn(folder).c_str());
  std::fflush(stdout);
  worker->AwaitEnd().IgnoreError();  // or its parent kills it
  context.shutdown();
  echo.join();
  return 0;
}

}  // namespace

std::optional<int> WorkIfAsked(int argc, char** argv) {
  int rank = 0;
  if (argc != 4) return std::nullopt;
  const absl::string_view work = argv[1];
  if (work != kWork && work != kWorkOverMemory) return std::nullopt;
  if (!absl::SimpleAtoi(argv[3], &rank)) return 1;
  return Work(argv[2], rank, work == kWorkOverMemory);
}

absl::StatusOr<std::unique_ptr<Crew>> Crew::Start(int workers, Way way) {
  const bool share_memory = way == Way::kMemory;
  auto crew = std::make_unique<Crew>();
  auto manager =
      Manager::Make({.name = "leader", .share_memory = share_memory});
  if (!manager.ok()) return manager.status();
  crew->manager_ = *std::move(manager);
  auto leader = cohort::Leader::Make(
      *crew->manager_, {.size = cohort::CohortSize::Fixed(workers)});
  if (!leader.ok()) return leader.status();
  crew->leader_ = *std::move(leader);
  const std::string address = crew->manager_->addresses().front().ToString();
  for (int rank = 0; rank < workers; ++rank) {
    auto process = examples::ChildProcess::Start(
        {"/proc/self/exe", share_memory ? kWorkOverMemory : kWork, address,
         absl::StrCat(rank)});
    if (!process.ok()) return process.status();
    crew->processes_.push_back(*std::move(process));
  }
  for (examples::ChildProcess& process : crew->processes_) {
    auto echo = process.ReadLine(kPatience);
    if (!echo.ok()) return echo.status();
    crew->echoes_.push_back(*std::move(echo));
  }
  absl::Status complete = crew->leader_->AwaitComplete(kPatience);
  if (!complete.ok()) return complete;
  return crew;
}

class RawLoop::Sockets final {
 public:
  explicit Sockets(const std::vector<std::string>& echoes) {
    pull_.set(zmq::sockopt::rcvtimeo, kPatienceMs);
    pull_.bind(AddressIn(folder_));
    for (const std::string& echo : echoes) {
      zmq::socket_t& push =
          pushes_.emplace_back(context_, zmq::socket_type::push);
      push.set(zmq::sockopt::linger, 0);
      push.set(zmq::sockopt::sndtimeo, kPatienceMs);
      push.connect(echo);
      push.send(zmq::message_t(AddressIn(folder_)), zmq::send_flags::none);
    }
  }

  bool Map(const std::string& payload) {
    for (zmq::socket_t& push : pushes_) {
      push.send(zmq::message_t(payload), zmq::send_flags::none);
    }
    std::vector<bool> seen(pushes_.size());
    for (std::size_t i = 0; i < pushes_.size(); ++i) {
      zmq::message_t answer;
      if (!pull_.recv(answer)) return false;
      const auto rank = static_cast<std::size_t>(answer.data<char>()[0]);
      if (rank >= seen.size() || seen[rank] ||
          answer.to_string_view().substr(1) != payload) {
        return false;
      }
      seen[rank] = true;
    }
    return true;
  }

 private:
  const SocketFolder folder_;
  zmq::context_t context_;
  zmq::socket_t pull_{context_, zmq::socket_type::pull};
  std::vector<zmq::socket_t> pushes_;
};

RawLoop::RawLoop(const std::vector<std::string>& echoes)
    : sockets_(std::make_unique<Sockets>(echoes)) {}

RawLoop::~RawLoop() = default;

bool RawLoop::Map(const std::string& payload) { return sockets_->Map(payload); }

}  // namespace am::bench
