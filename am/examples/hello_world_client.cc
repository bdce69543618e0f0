// Has hello_world_server say hello.
//
//   hello_world_client tcp://127.0.0.1:5555 World
#include <iostream>
#include <memory>

#include "am/examples/greeter.am.h"
#include "am/examples/or_die.h"
#include "am/manager.h"

using am::examples::OrDie;

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: hello_world_client ADDRESS [NAME]\n";
    return 2;
  }
  const std::unique_ptr<am::Manager> manager =
      OrDie(am::Manager::Make({.name = "client"}));

  // Proves the way there and back; from now on messages arrive.
  const am::PeerInfo server = OrDie(manager->client().Connect(argv[1]));

  examples::GreeterAm::Client greeter(manager->client(), server.id);
  examples::HelloRequest request;
  request.set_name(argc > 2 ? argv[2] : "World");
  std::cout << OrDie(greeter.Hello(request).Await()).text() << std::endl;
}
