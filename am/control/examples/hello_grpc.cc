// Says hello to other instances and to gRPC, until Ctrl-C. Prints where gRPC is
// served.
//
//   hello_grpc 127.0.0.1:50051
//   grpcurl -plaintext -d '{"name": "World"}' 127.0.0.1:50051
//       examples.Greeter/Hello
#include <iostream>
#include <memory>
#include <string>

#include "am/control/control_server.h"
#include "am/examples/greeter.h"
#include "am/examples/or_die.h"
#include "am/examples/termination.h"
#include "am/manager.h"

using am::examples::OrDie;

int main(int argc, char** argv) {
  const am::examples::Termination termination;
  am::examples::Greeter greeter;
  const std::string listen = argc > 1 ? argv[1] : "127.0.0.1:0";

  const std::unique_ptr<am::Manager> manager =
      OrDie(am::Manager::Make({.name = "server"}));
  OrDie(manager->Register(greeter));
  const std::unique_ptr<am::control::ControlServer> control =
      OrDie(am::control::ControlServer::Make(*manager, {.listen = listen}));

  // Seen and called from now on, though it came later and has no .proto.
  OrDie(manager->RegisterResponse(
      "shout",
      [](am::Context&, const std::string& text) -> absl::StatusOr<std::string> {
        return text + "!";
      }));
  std::cout << control->address() << std::endl;

  termination.Await();
  OrDie(manager->Shutdown());
}
