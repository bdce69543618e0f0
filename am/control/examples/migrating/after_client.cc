// After: a client on the fast path.
//
//   after_client tcp://127.0.0.1:5555 ACME
#include <iostream>
#include <memory>

#include "am/control/examples/migrating/quotes.am.h"
#include "am/examples/or_die.h"
#include "am/manager.h"

using am::examples::OrDie;

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::unique_ptr<am::Manager> manager =
      OrDie(am::Manager::Make({.name = "client"}));
  const am::PeerInfo server = OrDie(manager->client().Connect(argv[1]));
  migrating::QuotesAm::Client quotes(manager->client(), server.id);

  migrating::Symbol symbol;
  symbol.set_name(argv[2]);
  const absl::StatusOr<migrating::Quote> quote =
      quotes.Get(symbol, {.timeout = absl::Seconds(5)}).Await();
  if (!quote.ok()) {
    std::cerr << quote.status() << '\n';
    return 1;
  }
  std::cout << quote->price() << std::endl;
}
