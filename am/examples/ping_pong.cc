// Round trips to a handler that is known by its name alone: no .proto.
#include <iostream>
#include <memory>
#include <string>

#include "am/clock.h"
#include "am/examples/or_die.h"
#include "am/histogram.h"
#include "am/manager.h"
#include "am/message_builder.h"

using am::examples::OrDie;

int main() {
  const std::unique_ptr<am::Manager> pong = OrDie(am::Manager::Make());
  OrDie(pong->RegisterAck("ping", [](am::Context&, const std::string& text) {
    return text == "ping" ? absl::OkStatus()
                          : absl::InvalidArgumentError("not a ping");
  }));

  const std::unique_ptr<am::Manager> ping = OrDie(am::Manager::Make());
  const am::PeerInfo peer = OrDie(ping->client().Connect(pong->peer_info()));
  am::MessageBuilder message = ping->client().Message("ping");
  message.Payload("ping").Timeout(absl::Seconds(5));

  const am::SteadyClock clock;
  am::Histogram round_trips;
  for (int round = 0; round < 1000; ++round) {
    const absl::Time sent = clock.Now();
    OrDie(message.SendAndConfirm(peer.id).Await());
    round_trips.Record(clock.Now() - sent);
  }
  std::cout << round_trips.ToString() << std::endl;

  // What the handler says comes back as it is.
  std::cout << message.Payload("pong").SendAndConfirm(peer.id).Await()
            << std::endl;
}
