#include "bench/rounds.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/time/clock.h"
#include "bench/cpu_meter.h"
#include "bench/memory_meter.h"

namespace am::bench {
namespace {

constexpr absl::Duration kStopTimeout = absl::Seconds(10);
constexpr absl::Duration kCalm = absl::Seconds(1);
constexpr absl::Duration kSettle = absl::Milliseconds(100);

Load WarmUp(const Load& load) {
  return {load.duration / 10, std::max(load.operations / 10, std::int64_t{1})};
}

absl::StatusOr<Sample> TakeSample(Contestant& contestant,
                                  const Setting& setting,
                                  const Schedule& schedule) {
  absl::StatusOr<RunningServer> server = StartServer(contestant, setting);
  if (!server.ok()) return server.status();
  absl::StatusOr<std::unique_ptr<Caller>> caller =
      contestant.Connect(setting, server->address);
  if (!caller.ok()) return caller.status();
  absl::StatusOr<Sample> sample =
      schedule.measure(**caller, server->process.pid(), schedule.load);
  caller->reset();
  const absl::Status stopped = server->process.Stop(kStopTimeout);
  if (sample.ok() && !stopped.ok()) return stopped;
  return sample;
}

absl::Duration Since(std::chrono::steady_clock::time_point begun) {
  return absl::FromChrono(std::chrono::steady_clock::now() - begun);
}

// Waits until others leave the machine alone, `bound` at the most.
void AwaitCalm(absl::Duration bound) {
  const auto begun = std::chrono::steady_clock::now();
  CpuUse use;
  do {
    const CpuMeter meter(getpid());
    absl::SleepFor(kCalm);
    use = meter.Stop();
  } while (use.disturbed() && Since(begun) < bound);
}

absl::StatusOr<Sample> TakeCalmSample(Contestant& contestant,
                                      const Setting& setting,
                                      Schedule& schedule) {
  const auto begun = std::chrono::steady_clock::now();
  absl::Duration repeating;
  absl::StatusOr<Sample> sample = TakeSample(contestant, setting, schedule);
  const absl::Duration once = Since(begun);
  while (sample.ok() && sample->disturbed && repeating < schedule.patience) {
    AwaitCalm(schedule.patience - repeating);
    sample = TakeSample(contestant, setting, schedule);
    repeating = Since(begun) - once;
  }
  schedule.patience -= repeating;
  return sample;
}

std::vector<Contestant*> Participants(const Contestants& contestants,
                                      const Schedule& schedule) {
  const std::vector<std::string>& names = schedule.contestants;
  std::vector<Contestant*> chosen;
  for (const std::unique_ptr<Contestant>& one : contestants) {
    if (names.empty() || absl::c_linear_search(names, one->name())) {
      chosen.push_back(one.get());
    }
  }
  return chosen;
}

void Tell(int round, const Setting& setting, const Contestant& contestant,
          const absl::StatusOr<Sample>& sample) {
  const std::string name(contestant.name());
  std::fprintf(stderr, "round %d %s %zu B %d in flight %-18s ", round + 1,
               setting.scheme.c_str(), setting.payload_bytes, setting.in_flight,
               name.c_str());
  if (!sample.ok()) {
    std::fprintf(stderr, "%s\n", sample.status().ToString().c_str());
    return;
  }
  for (const Metric& metric : sample->metrics) {
    std::fprintf(stderr, "%s %.1f  ", metric.name.c_str(), metric.value);
  }
  std::fprintf(stderr, "others %.2f%s\n", sample->others,
               sample->disturbed ? "  disturbed" : "");
}

}  // namespace

absl::StatusOr<Sample> MeasureOperations(Caller& caller, pid_t server,
                                         const Load& load) {
  Recorder warm_up(WarmUp(load));
  if (absl::Status status = caller.Run(warm_up); !status.ok()) return status;

  Recorder recorder(load);
  const CpuMeter meter(server);
  const absl::Status status = caller.Run(recorder);
  const CpuUse use = meter.Stop();
  if (!status.ok()) return status;
  Sample sample = recorder.nanoseconds().empty()
                      ? ThroughputSample(recorder.operations(), use)
                      : LatencySample(recorder.nanoseconds(), use);
  for (Metric& metric : caller.Metrics()) {
    sample.metrics.push_back(std::move(metric));
  }
  return sample;
}

absl::StatusOr<Sample> MeasureMemoryToo(Caller& caller, pid_t server,
                                        const Load& load) {
  const MemoryMeter caller_meter(getpid());
  const MemoryMeter server_meter(server);
  absl::StatusOr<Sample> sample = MeasureOperations(caller, server, load);
  if (!sample.ok()) return sample;
  sample->metrics.push_back({"caller_peak_mb", caller_meter.PeakMb()});
  sample->metrics.push_back({"server_peak_mb", server_meter.PeakMb()});
  return sample;
}

absl::StatusOr<Sample> MeasureIdle(Caller& caller, pid_t server,
                                   const Load& load) {
  Recorder once({.operations = 1});
  if (absl::Status status = caller.Run(once); !status.ok()) return status;
  absl::SleepFor(kSettle);

  const CpuMeter meter(server);
  absl::SleepFor(load.duration);
  return IdleSample(meter.Stop());
}

Outcomes RunRounds(const Contestants& contestants, const Setting& setting,
                   Schedule& schedule) {
  const std::vector<Contestant*> those = Participants(contestants, schedule);
  Outcomes outcomes;
  for (int round = 0; round < schedule.rounds; ++round) {
    for (std::size_t turn = 0; turn < those.size(); ++turn) {
      const std::size_t first = static_cast<std::size_t>(round);
      Contestant& contestant = *those[(first + turn) % those.size()];
      Outcome& outcome = outcomes[std::string(contestant.name())];
      if (!outcome.status.ok()) continue;
      absl::StatusOr<Sample> sample =
          TakeCalmSample(contestant, setting, schedule);
      Tell(round, setting, contestant, sample);
      outcome.status = sample.status();
      if (sample.ok()) outcome.samples.push_back(*sample);
    }
  }
  return outcomes;
}

}  // namespace am::bench
