// A handler that itself calls another instance: client -> gateway -> worker.
#include <iostream>
#include <memory>

#include "am/examples/gateway.h"
#include "am/examples/inference_service.h"
#include "am/examples/or_die.h"
#include "am/manager.h"

using am::examples::OrDie;

int main() {
  am::examples::InferenceService service;
  const std::unique_ptr<am::Manager> worker = OrDie(am::Manager::Make());
  OrDie(worker->Register(service));

  am::examples::Gateway forwarding(worker->instance_id());
  const std::unique_ptr<am::Manager> gateway = OrDie(am::Manager::Make());
  OrDie(gateway->client().Connect(worker->peer_info()));
  OrDie(gateway->Register(forwarding));

  const std::unique_ptr<am::Manager> client = OrDie(am::Manager::Make());
  OrDie(client->client().Connect(gateway->peer_info()));
  const examples::InferenceAm::Client stub(client->client(),
                                           gateway->instance_id());

  examples::ComputeRequest request;
  // The worker's refusal comes back through the gateway as it is.
  std::cout << stub.Compute(request).Await().status() << std::endl;
  for (int value = 1; value <= 100; ++value) {
    request.mutable_batch()->add_values(value);
  }
  std::cout << OrDie(stub.Compute(request).Await()).sum() << std::endl;
}
