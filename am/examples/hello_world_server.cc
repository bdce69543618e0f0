// Says hello to hello_world_client, until Ctrl-C.
//
//   hello_world_server tcp://127.0.0.1:5555
#include <iostream>
#include <memory>
#include <string>

#include "am/examples/greeter.h"
#include "am/examples/or_die.h"
#include "am/examples/termination.h"
#include "am/manager.h"

using am::examples::OrDie;

int main(int argc, char** argv) {
  const am::examples::Termination termination;
  am::examples::Greeter greeter;

  // Port 0 asks the system for a free one.
  const std::string address = argc > 1 ? argv[1] : "tcp://127.0.0.1:0";
  const std::unique_ptr<am::Manager> manager =
      OrDie(am::Manager::Make({.name = "server", .listen = {address}}));
  OrDie(manager->Register(greeter));
  std::cout << manager->addresses().front().ToString() << std::endl;

  termination.Await();
  OrDie(manager->Shutdown());
}
