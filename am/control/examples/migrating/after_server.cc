// After: an instance, which the gRPC client calls unchanged.
//
//   after_server 127.0.0.1:0
#include <iostream>
#include <memory>

#include "am/control/control_server.h"
#include "am/control/examples/migrating/quotes.am.h"
#include "am/examples/or_die.h"
#include "am/examples/termination.h"
#include "am/manager.h"

using am::examples::OrDie;

class Quotes final : public migrating::QuotesAm::Service {
  absl::StatusOr<migrating::Quote> Get(
      am::Context&, const migrating::Symbol& request) override {
    if (request.name() != "ACME") {
      return absl::NotFoundError("no symbol " + request.name());
    }
    migrating::Quote response;
    response.set_price(12.5);
    return response;
  }

  absl::StatusOr<google::protobuf::Empty> Report(
      am::Context& context, const migrating::Trade&) override {
    if (context.cancelled()) return absl::CancelledError();
    return google::protobuf::Empty();
  }
};

int main(int argc, char** argv) {
  const am::examples::Termination termination;
  Quotes quotes;
  const std::unique_ptr<am::Manager> manager =
      OrDie(am::Manager::Make({.name = "quotes"}));
  OrDie(manager->Register(quotes));
  const std::unique_ptr<am::control::ControlServer> server =
      OrDie(am::control::ControlServer::Make(
          *manager, {.listen = argc > 1 ? argv[1] : "127.0.0.1:0"}));
  std::cout << server->address() << std::endl;
  std::cout << manager->addresses().front().ToString() << std::endl;

  termination.Await();
  OrDie(manager->Shutdown());
}
