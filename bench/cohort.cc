// Parallel maps beside a raw loop over the same workers, what a broadcast costs
// its leader, and how long many workers take to join: see bench/README.md.
//
//   tools/dev bench cohort
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "am/cohort/worker.h"
#include "am/examples/or_die.h"
#include "am/simulation/simulated_world.h"
#include "bench/cohort_crew.h"
#include "bench/comparison_flags.h"
#include "bench/pinger.am.h"
#include "bench/recorder.h"
#include "bench/report.h"
#include "bench/sample.h"

namespace am::bench {
namespace {

using examples::OrDie;

constexpr int kMapWorkers = 8;
constexpr int kBroadcastWorkers = 32;
constexpr std::size_t kMapBytes = 64;
constexpr std::size_t kBroadcastBytes = 1 << 20;

constexpr char kParMap[] = "am_par_map";
constexpr char kRawLoop[] = "zmq_loop";

// False: an answer was wrong.
using Operation = std::function<bool()>;

absl::StatusOr<Recorder> Record(const Load& load, const Operation& operation) {
  Recorder recorder(load);
  while (!recorder.enough()) {
    const Recorder::Moment begun = recorder.Begin();
    if (!operation()) return absl::DataLossError("an answer was wrong");
    recorder.End(begun);
  }
  return recorder;
}

// After a tenth of the load to warm up.
absl::StatusOr<Sample> Measure(const Load& load, const Operation& operation) {
  const Load less = {load.duration / 10, load.operations / 10 + 1};
  const absl::StatusOr<Recorder> warm_up = Record(less, operation);
  if (!warm_up.ok()) return warm_up.status();
  const absl::StatusOr<Recorder> recorder = Record(load, operation);
  if (!recorder.ok()) return recorder.status();
  std::vector<double> us;
  for (const std::int64_t nanoseconds : recorder->nanoseconds()) {
    us.push_back(static_cast<double>(nanoseconds) / 1e3);
  }
  return Sample{.metrics = {{"p50_us", Median(std::move(us))}}};
}

bool MapOnce(cohort::Leader& leader, const std::string& payload) {
  const auto outcomes = leader
                            .ParMap(PingerAm::kEcho,
                                    [&](int) {
                                      Data data;
                                      data.set_payload(payload);
                                      return data;
                                    })
                            .Await();
  if (outcomes.size() != kMapWorkers) return false;
  return std::all_of(outcomes.begin(), outcomes.end(), [&](const auto& one) {
    return one.ok() && one.value->payload() == payload;
  });
}

// How the crews reach each other, and what their cases are called.
struct CrewSetting {
  Crew::Way way;
  std::string par_map;
  std::string broadcast;
};

std::vector<CrewSetting> CrewSettings() {
  return {{Crew::Way::kMemory, "par_map_local_8_64", "broadcast_local_32_1mib"},
          {Crew::Way::kZmq, "par_map_8_64", "broadcast_32_1mib"}};
}

// Ours and the raw loop, over the same workers, by turns.
void CompareMaps(const CrewSetting& setting, const Schedule& schedule,
                 Report& report) {
  const auto crew = OrDie(Crew::Start(kMapWorkers, setting.way));
  RawLoop raw(crew->echoes());
  const std::string payload(kMapBytes, 'x');
  std::vector<std::pair<std::string, Operation>> contestants = {
      {kParMap, [&] { return MapOnce(crew->leader(), payload); }},
      {kRawLoop, [&] { return raw.Map(payload); }}};
  Outcomes outcomes;
  for (int round = 0; round < schedule.rounds; ++round) {
    for (const auto& [name, operation] : contestants) {
      Outcome& outcome = outcomes[name];
      if (!outcome.status.ok()) continue;
      const absl::StatusOr<Sample> sample = Measure(schedule.load, operation);
      outcome.status = sample.status();
      if (sample.ok()) outcome.samples.push_back(*sample);
    }
    std::reverse(contestants.begin(), contestants.end());
  }
  AddRows({.case_name = setting.par_map,
           .ours = kParMap,
           .peer = "libzmq",
           .peers = {kRawLoop}},
          outcomes, report);
}

// A line of /proc/self/status, in payloads.
double StatusPayloads(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind(name + ":", 0) == 0) {
      return 1024 * std::stod(line.substr(name.size() + 1)) / kBroadcastBytes;
    }
  }
  return OrDie(absl::StatusOr<double>(
      absl::NotFoundError("no " + name + " in /proc/self/status")));
}

// A row beside what ours may take, or must: `unit`, which is `of_it`.
Row RowBeside(const std::string& case_name, const std::string& metric,
              const std::string& unit, double of_it,
              const std::vector<double>& ours) {
  const auto [low, high] = std::minmax_element(ours.begin(), ours.end());
  return {.case_name = case_name,
          .metric = metric,
          .peer = unit,
          .peer_contestant = unit,
          .ours = Median(ours),
          .peer_value = of_it,
          .ratio = {Median(ours) / of_it, *low / of_it, *high / of_it},
          .rounds = static_cast<int>(ours.size())};
}

void MeasureBroadcast(const CrewSetting& setting, Report& report) {
  const auto crew = OrDie(Crew::Start(kBroadcastWorkers, setting.way));
  cohort::Leader& leader = crew->leader();
  OrDie(leader.BroadcastAcks(PingerAm::kPing, Data()).Await().status());
  const auto serialised = [&] {
    return leader.Describe().Await().counters().at("serialised");
  };
  const std::uint64_t serialised_before = serialised();
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak is now's
  const double before = StatusPayloads("VmRSS");
  const double rings_before = StatusPayloads("RssShmem");
  {
    Data data;
    data.set_payload(std::string(kBroadcastBytes, 'x'));
    OrDie(leader.BroadcastAcks(PingerAm::kPing, data).Await().status());
  }
  const double peak = StatusPayloads("VmHWM") - before;
  const double rings = StatusPayloads("RssShmem") - rings_before;
  const auto times = static_cast<double>(serialised() - serialised_before);
  report.rows.push_back(
      RowBeside(setting.broadcast, "times_written", "payload", 1, {times}));
  report.rows.push_back(
      RowBeside(setting.broadcast, "leader_peak_mb", "payload", 1, {peak}));
  report.rows.push_back(
      RowBeside(setting.broadcast, "leader_rings_mb", "payload", 1, {rings}));
}

Task<void> Join(Manager& manager, int rank,
                std::unique_ptr<cohort::Worker>& worker) {
  cohort::WorkerOptions options;
  options.leader = "inproc://leader";
  options.rank = rank;
  worker = OrDie(co_await cohort::Worker::JoinTask(manager, options));
}

// How long it takes to make so many workers, as instances of a simulated world,
// and to have them join: of real time, in ms.
double JoinAll(int count) {
  const auto begun = std::chrono::steady_clock::now();
  SimulatedWorld world(/*seed=*/1);
  const auto leading = world.MakeManager("leader", {});
  const auto leader = OrDie(cohort::Leader::Make(
      *leading, {.size = cohort::CohortSize::Fixed(count)}));
  std::vector<std::unique_ptr<Manager>> managers;
  std::vector<std::unique_ptr<cohort::Worker>> workers(
      static_cast<std::size_t>(count));
  for (int rank = 0; rank < count; ++rank) {
    managers.push_back(world.MakeManager(absl::StrCat("w", rank), {}));
    StartTask(
        Join(*managers.back(), rank, workers[static_cast<std::size_t>(rank)]));
  }
  OrDie(leader->AwaitComplete(absl::Minutes(1)));
  const std::chrono::duration<double, std::milli> took =
      std::chrono::steady_clock::now() - begun;
  world.Run(absl::Seconds(1));  // until all know that they have joined
  return took.count();
}

void MeasureJoining(int count, const Schedule& schedule, Report& report) {
  std::vector<double> times;
  for (int round = 0; round < schedule.rounds; ++round) {
    times.push_back(JoinAll(count));
  }
  report.rows.push_back(RowBeside(absl::StrCat("join_", count, "_simulated"),
                                  "real_ms", "1 s", 1000, times));
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  if (const auto code = am::bench::WorkIfAsked(argc, argv)) return *code;
  CLI::App app("Cohorts beside raw libzmq, in one run.");
  am::bench::ComparisonFlags flags;
  flags.AddTo(app);
  int joining = 256;
  app.add_option("--joining", joining, "workers that join in simulation")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  am::bench::Report report;
  for (const am::bench::CrewSetting& setting : am::bench::CrewSettings()) {
    am::bench::CompareMaps(setting, flags.schedule(), report);
    am::bench::MeasureBroadcast(setting, report);
  }
  am::bench::MeasureJoining(joining, flags.schedule(), report);
  return am::bench::Publish(report, flags.json);
}
