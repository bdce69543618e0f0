#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "am/examples/demo_client.h"
#include "am/examples/or_die.h"

namespace am::examples {
namespace {

constexpr CallOptions kBounded = {.timeout = absl::Seconds(5)};

void Tell(const char* what, const char* to, const char* pattern,
          const std::string& outcome) {
  std::cout << absl::StreamFormat("  %-22s %-8s %-9s %s\n", what, to, pattern,
                                  outcome);
}

void Compute(const ::examples::InferenceAm::Client& stub, const char* to) {
  ::examples::ComputeRequest request;
  for (int value = 1; value <= 100; ++value) {
    request.mutable_batch()->add_values(value);
  }
  const ::examples::ComputeResult result =
      OrDie(stub.Compute(request, kBounded).Await());
  Tell("Compute 1 + ... + 100", to, "Response",
       absl::StrCat("OK, ", result.sum()));
}

}  // namespace

void ShowPatterns(const ::examples::InferenceAm::Client& worker,
                  const ::examples::InferenceAm::Client& gateway) {
  std::cout << "\nWhat the client sends, to whom, and what becomes of it:\n";
  ::examples::Batch batch;
  Tell("Validate no values", "worker", "Ack",
       worker.Validate(batch, kBounded).Await().ToString());
  batch.add_values(1);
  const absl::Status valid = worker.Validate(batch, kBounded).Await();
  OrDie(valid);
  Tell("Validate one value", "worker", "Ack", valid.ToString());
  Compute(worker, "worker");
  Compute(gateway, "gateway");

  ::examples::LogEntry entry;
  entry.set_text("hello from the client");
  OrDie(worker.Log(entry, kBounded));
  Tell("Log", "worker", "NoReturn", "OK, queued; then the worker prints");
}

}  // namespace am::examples
