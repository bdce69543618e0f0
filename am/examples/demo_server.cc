#include "am/examples/demo_server.h"

#include <iostream>
#include <memory>

#include "am/examples/gateway.h"
#include "am/examples/inference_service.h"
#include "am/examples/or_die.h"
#include "am/examples/termination.h"
#include "am/manager.h"

namespace am::examples {
namespace {

void Serve(Manager& manager, Service& service, const Termination& termination) {
  OrDie(manager.Register(service));
  std::cout << manager.addresses().front().ToString() << std::endl;
  termination.Await();
  OrDie(manager.Shutdown());
}

}  // namespace

void ServeAsWorker() {
  const Termination termination;
  InferenceService service;
  const std::unique_ptr<Manager> manager =
      OrDie(Manager::Make({.name = "worker"}));
  Serve(*manager, service, termination);
}

void ServeAsGateway(const std::string& worker_address) {
  const Termination termination;
  const std::unique_ptr<Manager> manager =
      OrDie(Manager::Make({.name = "gateway"}));
  const PeerInfo worker = OrDie(manager->client().Connect(worker_address));
  Gateway service(worker.id);
  Serve(*manager, service, termination);
}

}  // namespace am::examples
