// Parallel maps beside a raw loop over the same workers, and what a broadcast
// costs its leader: see bench/README.md.
//
//   tools/dev bench cohort
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "am/examples/or_die.h"
#include "bench/cohort_crew.h"
#include "bench/pinger.am.h"
#include "bench/sample.h"

namespace am::bench {
namespace {

using examples::OrDie;

constexpr int kMapWorkers = 8;
constexpr int kBroadcastWorkers = 32;
constexpr std::size_t kMapBytes = 64;
constexpr std::size_t kBroadcastBytes = 1 << 20;

[[noreturn]] void Void(const char* why) {
  std::printf("void: %s\n", why);
  std::exit(1);
}

// Median time of one of `operations`, in us, after a tenth to warm up.
double Time(int operations, const std::function<bool()>& operation) {
  std::vector<double> times;
  for (int i = -operations / 10; i < operations; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    if (!operation()) Void("an operation failed");
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - begun;
    if (i >= 0) times.push_back(took.count());
  }
  return Median(times);
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

// Our time divided by the raw loop's, in each round, by turns.
bool CompareMaps(int rounds, int operations) {
  const auto crew = OrDie(Crew::Start(kMapWorkers));
  RawLoop raw(crew->echoes());
  const std::string payload(kMapBytes, 'x');
  std::vector<double> ours, theirs, ratios;
  for (int round = 0; round < rounds; ++round) {
    const auto time_ours = [&] {
      ours.push_back(
          Time(operations, [&] { return MapOnce(crew->leader(), payload); }));
    };
    if (round % 2 == 0) time_ours();
    theirs.push_back(Time(operations, [&] { return raw.Map(payload); }));
    if (round % 2 == 1) time_ours();
    ratios.push_back(ours.back() / theirs.back());
  }
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "par_map_%d_workers_64  p50_us ours %.1f raw %.1f  ratio %.2f "
      "(%.2f to %.2f)\n",
      kMapWorkers, Median(ours), Median(theirs), Median(ratios), *low, *high);
  return Median(ratios) <= 1.5;
}

// A line of /proc/self/status, in bytes.
double StatusBytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind(name + ":", 0) == 0) {
      return 1024 * std::stod(line.substr(name.size() + 1));
    }
  }
  Void("no such line in /proc/self/status");
}

bool MeasureBroadcast() {
  const auto crew = OrDie(Crew::Start(kBroadcastWorkers));
  cohort::Leader& leader = crew->leader();
  OrDie(leader.BroadcastAcks(PingerAm::kPing, Data()).Await().status());
  const auto serialised = [&] {
    return leader.Describe().Await().counters().at("serialised");
  };
  const auto serialised_before = serialised();
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak is now's
  const double before = StatusBytes("VmRSS");
  {
    Data data;
    data.set_payload(std::string(kBroadcastBytes, 'x'));
    OrDie(leader.BroadcastAcks(PingerAm::kPing, data).Await().status());
  }
  const double peak = StatusBytes("VmHWM") - before;
  const auto times = serialised() - serialised_before;
  std::printf(
      "broadcast_%d_workers_1MiB  serialised %d times, peak %.2f payloads "
      "above before\n",
      kBroadcastWorkers, static_cast<int>(times), peak / kBroadcastBytes);
  return times == 1 && peak < 3 * kBroadcastBytes;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  if (const auto code = am::bench::WorkIfAsked(argc, argv)) return *code;
  int rounds = 7, operations = 2000;
  CLI::App app("Cohorts beside raw libzmq, in one run.");
  app.add_option("--rounds", rounds, "of ours and the raw loop, by turns")
      ->check(CLI::PositiveNumber);
  app.add_option("--operations", operations, "of each round")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const bool maps = am::bench::CompareMaps(rounds, operations);
  const bool broadcast = am::bench::MeasureBroadcast();
  return maps && broadcast ? 0 : 1;
}
