#include "am/control/examples/playground/worker.h"

#include <iostream>
#include <stop_token>
#include <thread>

#include "am/control/control_server.h"
#include "am/control/examples/playground/worker_handlers.h"
#include "am/control/registry_directory.h"
#include "am/examples/inference.pb.h"
#include "am/examples/or_die.h"
#include "am/examples/termination.h"
#include "am/message_builder.h"
#include "am/v1/node.pb.h"
#include "tools/amctl/pause.h"

namespace am::playground {
namespace {

using examples::OrDie;

ManagerOptions Options(const std::string& name, const std::string& registry) {
  ManagerOptions options;
  options.name = name;
  options.directory = control::MakeRegistryDirectory({.registry = registry});
  options.allow_drain_by_peers = true;
  return options;
}

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
  examples::Greeter greeter;
  const auto manager = OrDie(Manager::Make(Options(name, registry)));
  const auto control = OrDie(control::ControlServer::Make(*manager));
  RegisterAll(*manager, greeter);
  Client& client = manager->client();
  OrDie(client.AwaitHandler(AnyInstance(), "tick", absl::Seconds(10))
            .Await()
            .status());
  std::cout << manager->instance_id().ToString() << ' ' << control->address()
            << ' ' << manager->addresses().front().ToString() << std::endl;

  const std::jthread ticker(
      [&](const std::stop_token& stop) { Tick(client, stop); });
  termination.Await();
}

}  // namespace am::playground
