// The three patterns: log and forget, validate and be told, compute and get.
#include <iostream>
#include <memory>

#include "am/examples/inference_service.h"
#include "am/examples/or_die.h"
#include "am/manager.h"

using am::examples::OrDie;

int main() {
  am::examples::InferenceService service;
  const std::unique_ptr<am::Manager> server = OrDie(am::Manager::Make());
  OrDie(server->Register(service));

  const std::unique_ptr<am::Manager> client = OrDie(am::Manager::Make());
  const am::PeerInfo peer =
      OrDie(client->client().Connect(server->peer_info()));
  const examples::InferenceAm::Client stub(client->client(), peer.id);

  // NoReturn. OK: it is queued, and will be accounted for.
  examples::LogEntry entry;
  entry.set_text("three values to come");
  OrDie(stub.Log(entry));

  // Ack. The future is the handler's status.
  examples::ComputeRequest request;
  std::cout << stub.Validate(request.batch()).Await() << std::endl;
  for (const double value : {1.5, 2.5, 3.0}) {
    request.mutable_batch()->add_values(value);
  }
  std::cout << stub.Validate(request.batch()).Await() << std::endl;

  // Response. The future is the handler's value, or its status.
  am::Future<examples::ComputeResult> result =
      stub.Compute(request, {.timeout = absl::Seconds(1)});
  std::cout << OrDie(result.Await()).sum() << std::endl;

  // Ends when what was queued has been delivered.
  OrDie(client->Shutdown());
}
