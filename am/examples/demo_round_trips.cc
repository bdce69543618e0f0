#include <functional>
#include <iostream>

#include "absl/strings/str_format.h"
#include "am/clock.h"
#include "am/examples/demo_client.h"
#include "am/examples/or_die.h"
#include "am/histogram.h"

namespace am::examples {
namespace {

constexpr int kCalls = 2000;
constexpr CallOptions kBounded = {.timeout = absl::Seconds(5)};

void Measure(const char* what, const std::function<absl::Status()>& call) {
  const SteadyClock clock;
  Histogram durations;
  for (int i = 0; i < kCalls; ++i) {
    const absl::Time begun = clock.Now();
    OrDie(call());
    durations.Record(clock.Now() - begun);
  }
  const auto us = [&](double percent) {
    return absl::ToDoubleMicroseconds(durations.Percentile(percent));
  };
  std::cout << absl::StreamFormat("  %-22s %6d %8.0f %8.0f %8.0f\n", what,
                                  kCalls, us(50), us(99), us(100));
}

}  // namespace

void ShowRoundTrips(const ::examples::InferenceAm::Client& worker,
                    const ::examples::InferenceAm::Client& gateway) {
  std::cout << absl::StreamFormat("\n  %-22s %6s %8s %8s %8s\n",
                                  "round trips, us", "calls", "p50", "p99",
                                  "max");
  ::examples::ComputeRequest request;
  request.mutable_batch()->add_values(1);
  Measure("Validate, worker",
          [&] { return worker.Validate(request.batch(), kBounded).Await(); });
  Measure("Compute, worker",
          [&] { return worker.Compute(request, kBounded).Await().status(); });
  Measure("Compute, gateway",
          [&] { return gateway.Compute(request, kBounded).Await().status(); });
  std::cout << "\n";
}

}  // namespace am::examples
