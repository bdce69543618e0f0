#include "bench/am_contestant.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/manager.h"
#include "am/transport/zmq_transport.h"
#include "bench/am_caller.h"
#include "bench/payload.h"
#include "bench/pinger.am.h"

namespace am::bench {
namespace {

// An instance that listens on the scheme alone.
absl::StatusOr<std::unique_ptr<Manager>> MakeInstance(const Setting& setting) {
  absl::StatusOr<std::unique_ptr<transport::ZmqTransport>> transport =
      transport::MakeZmqTransport({});
  if (!transport.ok()) return transport.status();
  ManagerOptions options;
  options.listen = {setting.scheme == "tcp" ? "tcp://127.0.0.1:0" : "ipc://"};
  options.transport = *std::move(transport);
  return Manager::Make(std::move(options));
}

class Pinger final : public PingerAm::Service {
 public:
  absl::Status Ping(Context&, const Data& request) override {
    if (IsIntact(request.payload())) return absl::OkStatus();
    return absl::DataLossError("the payload differs");
  }

  absl::StatusOr<Data> Echo(Context&, const Data& request) override {
    return request;
  }
};

class AmServer final : public Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Make(const Setting& setting) {
    absl::StatusOr<std::unique_ptr<Manager>> manager = MakeInstance(setting);
    if (!manager.ok()) return manager.status();
    auto server = std::make_unique<AmServer>(*std::move(manager));
    const absl::Status status = server->manager_->Register(server->pinger_);
    if (!status.ok()) return status;
    return server;
  }

  explicit AmServer(std::unique_ptr<Manager> manager)
      : manager_(std::move(manager)) {}

  std::string address() const override {
    return manager_->addresses().front().ToString();
  }

 private:
  Pinger pinger_;
  const std::unique_ptr<Manager> manager_;
};

template <typename Method>
std::unique_ptr<Caller> MakeCaller(Waiter waiter,
                                   std::unique_ptr<Manager> manager,
                                   Target target, const Setting& setting) {
  switch (waiter) {
    case Waiter::kThread:
      return std::make_unique<ThreadCaller<Method>>(std::move(manager), target,
                                                    setting);
    case Waiter::kCallback:
      return std::make_unique<CallbackCaller<Method>>(std::move(manager),
                                                      target, setting);
    case Waiter::kCoroutine:
      return std::make_unique<CoroutineCaller<Method>>(std::move(manager),
                                                       target, setting);
  }
  return nullptr;
}

class AmContestant final : public Contestant {
 public:
  AmContestant(PingerMethod method, Waiter waiter)
      : method_(method),
        waiter_(waiter),
        name_(AmContestantName(method, waiter)) {}

  absl::string_view name() const override { return name_; }

  absl::StatusOr<std::unique_ptr<Server>> Serve(
      const Setting& setting) override {
    return AmServer::Make(setting);
  }

  absl::StatusOr<std::unique_ptr<Caller>> Connect(
      const Setting& setting, const std::string& address) override {
    absl::StatusOr<std::unique_ptr<Manager>> manager = MakeInstance(setting);
    if (!manager.ok()) return manager.status();
    const absl::StatusOr<PeerInfo> peer = (*manager)->client().Connect(address);
    if (!peer.ok()) return peer.status();
    if (method_ == PingerMethod::kPing) {
      return MakeCaller<PingMethod>(waiter_, *std::move(manager), peer->id,
                                    setting);
    }
    return MakeCaller<EchoMethod>(waiter_, *std::move(manager), peer->id,
                                  setting);
  }

 private:
  const PingerMethod method_;
  const Waiter waiter_;
  const std::string name_;
};

}  // namespace

std::string AmContestantName(PingerMethod method, Waiter waiter) {
  const char* const waiters[] = {"thread", "callback", "coroutine"};
  return absl::StrCat(method == PingerMethod::kPing ? "am_ping_" : "am_echo_",
                      waiters[static_cast<int>(waiter)]);
}

std::unique_ptr<Contestant> MakeAmContestant(PingerMethod method,
                                             Waiter waiter) {
  return std::make_unique<AmContestant>(method, waiter);
}

}  // namespace am::bench
