#include "am/cohort/worker.h"

#include <stop_token>
#include <thread>

#include "am/control/examples/playground/member.h"
#include "am/examples/inference.pb.h"
#include "am/examples/or_die.h"
#include "am/examples/termination.h"
#include "am/message_builder.h"
#include "tools/amctl/pause.h"

namespace am::playground {
namespace {

// So that there is something to see in ledgers; nobody has to be there.
void Tick(const Client& client, const std::stop_token& stop) {
  while (amctl::Pause(absl::Seconds(1), stop)) {
    client.Message("tick")
        .Payload(::examples::LogEntry())
        .SendDetached(AnyInstance())
        .IgnoreError();
  }
}

}  // namespace

void Work(const std::string& name, const std::string& registry) {
  const examples::Termination termination;
  Member member(name, registry, /*leads=*/false);
  const auto worker = examples::OrDie(
      cohort::Worker::Join(member.manager(), {.cohort = kCohort}));
  member.Announce();
  const std::jthread ticker([&](const std::stop_token& stop) {
    Tick(member.manager().client(), stop);
  });
  termination.Await();
}

}  // namespace am::playground
