#include "bench/am_instance.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "am/transport/shm_transport.h"
#include "am/transport/zmq_transport.h"
#include "bench/payload.h"
#include "bench/pinger_service.h"

namespace am::bench {
namespace {

std::string ListenOf(const std::string& scheme) {
  if (scheme == "tcp") return "tcp://127.0.0.1:0";
  return absl::StartsWith(scheme, kShared) ? "shm://" : "ipc://";
}

absl::Status Check(Context&, absl::string_view payload) {
  if (IsIntact(payload)) return absl::OkStatus();
  return absl::DataLossError("the payload differs");
}

class AmServer final : public Server {
 public:
  absl::Status Add(const Setting& setting) {
    absl::StatusOr<std::unique_ptr<Manager>> manager = MakeAmInstance(setting);
    if (!manager.ok()) return manager.status();
    managers_.push_back(*std::move(manager));
    absl::Status status = managers_.back()->Register(pinger_);
    if (!status.ok()) return status;
    return managers_.back()->RegisterAck<absl::string_view>("check", Check);
  }

  std::string address() const override {
    return absl::StrJoin(managers_, ",", [](std::string* out, const auto& one) {
      out->append(one->addresses().front().ToString());
    });
  }

 private:
  PingerService pinger_;
  std::vector<std::unique_ptr<Manager>> managers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Manager>> MakeAmInstance(
    const Setting& setting) {
  absl::StatusOr<std::unique_ptr<transport::ZmqTransport>> zmq =
      transport::MakeZmqTransport({});
  if (!zmq.ok()) return zmq.status();
  std::shared_ptr<transport::Transport> transport = *std::move(zmq);
  if (absl::StartsWith(setting.scheme, kShared)) {
    transport::ShmOptions options;
    options.other = std::move(transport);
    if (setting.scheme == kSharedParked) {
      options.look = options.look_at_other = absl::ZeroDuration();
    }
    auto shm = transport::MakeShmTransport(options);
    if (!shm.ok()) return shm.status();
    transport = *std::move(shm);
  }
  return MakeAmInstance(setting, std::move(transport));
}

absl::StatusOr<std::unique_ptr<Manager>> MakeAmInstance(
    const Setting& setting, std::shared_ptr<transport::Transport> transport) {
  ManagerOptions options;
  options.listen = {ListenOf(setting.scheme)};
  options.transport = std::move(transport);
  return Manager::Make(std::move(options));
}

absl::StatusOr<std::unique_ptr<Server>> MakeAmServer(const Setting& setting,
                                                     int instances) {
  auto server = std::make_unique<AmServer>();
  for (int i = 0; i < instances; ++i) {
    if (absl::Status added = server->Add(setting); !added.ok()) return added;
  }
  return server;
}

absl::StatusOr<AmLinks> ConnectAm(const Setting& setting,
                                  const std::string& address) {
  absl::StatusOr<std::unique_ptr<Manager>> manager = MakeAmInstance(setting);
  if (!manager.ok()) return manager.status();
  AmLinks links = {*std::move(manager), {}};
  for (const auto one : absl::StrSplit(address, ',')) {
    const absl::StatusOr<PeerInfo> peer = links.manager->client().Connect(one);
    if (!peer.ok()) return peer.status();
    links.targets.push_back(peer->id);
  }
  return links;
}

}  // namespace am::bench
