// Managers for tests, over ZeroMQ or in process.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "am/manager.h"
#include "am/message_builder.h"
#include "am/node.h"
#include "am/transport/in_process_transport.h"
#include "am/transport/shm_transport.h"
#include "am/transport/zmq_transport.h"
#include "am/v1/node.pb.h"

namespace am {

// The simplest handlers.
inline absl::StatusOr<std::string> Echo(Context&, const std::string& in) {
  return in;
}
inline absl::Status AlwaysOk(Context&, const std::string&) {
  return absl::OkStatus();
}

enum class Carrier { kInProcess, kTcp, kIpc, kShm };

// Makes managers that can reach each other by one kind of transport.
class World {
 public:
  explicit World(Carrier carrier) : carrier_(carrier) {}

  std::unique_ptr<Manager> MakeManager(ManagerOptions options = {}) {
    if (carrier_ == Carrier::kInProcess) {
      options.transport = network_.MakeTransport({});
    }
    options.share_memory = carrier_ == Carrier::kShm;
    if (carrier_ == Carrier::kShm && options.listen.empty()) {
      options.listen = {"shm://"};
    }
    absl::StatusOr<std::unique_ptr<Manager>> manager =
        Manager::Make(std::move(options));
    EXPECT_TRUE(manager.ok()) << manager.status();
    return *std::move(manager);
  }

  // A transport without a manager, for those who speak the protocol badly.
  std::unique_ptr<transport::Transport> MakeTransport() {
    if (carrier_ == Carrier::kInProcess) return network_.MakeTransport({});
    auto made = transport::MakeZmqTransport({});
    EXPECT_TRUE(made.ok()) << made.status();
    if (carrier_ != Carrier::kShm) return *std::move(made);
    transport::ShmOptions shm;
    shm.other = *std::move(made);
    return *transport::MakeShmTransport(shm);
  }

  // Where to listen with it.
  transport::Address FreeAddress() const {
    switch (carrier_) {
      case Carrier::kInProcess:
        return transport::Address::InProcess("");
      case Carrier::kTcp:
        return transport::Address::Tcp("127.0.0.1", 0);
      case Carrier::kShm:
        return transport::Address::Shm("");
      case Carrier::kIpc:
        break;
    }
    return transport::Address::Ipc("");
  }

  // Who `manager` is, with the addresses of this plane only.
  PeerInfo InfoOf(const Manager& manager) const {
    PeerInfo info = manager.peer_info();
    std::erase_if(info.addresses, [this](const transport::Address& address) {
      return address.scheme() != FreeAddress().scheme();
    });
    return info;
  }

  // Connects `from` to `to` and returns the id of `to`.
  InstanceId Connect(Manager& from, Manager& to) const {
    const absl::StatusOr<PeerInfo> peer = from.client().Connect(InfoOf(to));
    EXPECT_TRUE(peer.ok()) << peer.status();
    return to.instance_id();
  }

 private:
  const Carrier carrier_;
  transport::InProcessNetwork network_;
};

// Runs a test on each plane.
class PlaneTest : public testing::TestWithParam<Carrier> {
 protected:
  World world_{GetParam()};
};

// A client that is connected to a server, and short words for what it does.
class PairTest : public PlaneTest {
 protected:
  void Start(ManagerOptions server = {}, ManagerOptions client = {}) {
    server_ = world_.MakeManager(std::move(server));
    client_ = world_.MakeManager(std::move(client));
    peer_ = world_.Connect(*client_, *server_);
  }

  MessageBuilder Message(absl::string_view handler,
                         absl::string_view payload = "x") const {
    MessageBuilder message = client_->client().Message(handler);
    message.Payload(payload);
    return message;
  }

  // One-way.
  absl::Status Tell(absl::string_view handler,
                    absl::string_view payload = "x") const {
    return Message(handler, payload).SendDetached(peer_);
  }

  absl::Status Confirm(absl::string_view handler,
                       absl::string_view payload = "x") const {
    return Message(handler, payload).SendAndConfirm(peer_).Await();
  }

  absl::StatusOr<std::string> Ask(absl::string_view handler,
                                  absl::string_view payload = "x") const {
    return Message(handler, payload).Expect<std::string>().Send(peer_).Await();
  }

  // Calls the server until `condition` is true. False if a call failed, or it
  // never became true.
  template <typename Condition>
  bool ServesUntil(Condition condition) const {
    for (int i = 0; i < 20'000; ++i) {
      if (!client_->client().HealthCheck(peer_).Await().ok()) return false;
      if (condition()) return true;
    }
    return false;
  }

  // What became of the client's one-way messages, once all is known.
  Ledger SettledLedger() const {
    const std::shared_ptr<Peer> peer = client_->node().peers().Find(peer_);
    const auto settled = [&] { return peer->link().ledger().in_flight() == 0; };
    EXPECT_TRUE(ServesUntil(settled)) << peer->link().ledger().ToString();
    return peer->link().ledger();
  }

  std::unique_ptr<Manager> server_;
  std::unique_ptr<Manager> client_;
  InstanceId peer_;  // the server
};

inline std::string PlaneName(const testing::TestParamInfo<Carrier>& info) {
  switch (info.param) {
    case Carrier::kInProcess:
      return "InProcess";
    case Carrier::kTcp:
      return "Tcp";
    case Carrier::kIpc:
      return "Ipc";
    case Carrier::kShm:
      return "Shm";
  }
  return "";
}

#define INSTANTIATE_PLANES(Fixture)                                            \
  INSTANTIATE_TEST_SUITE_P(Planes, Fixture,                                    \
                           testing::Values(Carrier::kInProcess, Carrier::kTcp, \
                                           Carrier::kIpc, Carrier::kShm),      \
                           PlaneName)

}  // namespace am
