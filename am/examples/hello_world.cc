// A client and a server in one program, which is how tests may be written.
#include <iostream>
#include <memory>

#include "am/examples/greeter.am.h"
#include "am/examples/greeter.h"
#include "am/examples/or_die.h"
#include "am/manager.h"

using am::examples::OrDie;

int main() {
  // Outlives the manager that serves it.
  am::examples::Greeter greeter;
  const std::unique_ptr<am::Manager> server = OrDie(am::Manager::Make());
  OrDie(server->Register(greeter));

  const std::unique_ptr<am::Manager> client = OrDie(am::Manager::Make());
  const am::PeerInfo peer =
      OrDie(client->client().Connect(server->peer_info()));

  const examples::GreeterAm::Client stub(client->client(), peer.id);
  for (const char* name : {"World", "Active Messages", "ZeroMQ"}) {
    examples::HelloRequest request;
    request.set_name(name);
    std::cout << OrDie(stub.Hello(request).Await()).text() << std::endl;
  }
}
