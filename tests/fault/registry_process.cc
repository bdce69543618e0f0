#include "tests/fault/registry_process.h"

#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/control/etcd/etcd_backend.h"
#include "am/control/etcd/etcd_calls.h"
#include "am/control/examples/etcd_process.h"
#include "am/control/registry_server.h"
#include "am/control/registry_service.h"
#include "am/examples/or_die.h"
#include "am/v1/registry.grpc.pb.h"
#include "src/proto/grpc/health/v1/health.grpc.pb.h"
#include "tests/fault/instance.h"

namespace am::fault {
namespace {

using control::EtcdCalls;
using control::examples::EtcdProcess;
using examples::OrDie;

// Has etcd forget all revisions but the last, as an operator would.
void Compact(const EtcdProcess& etcd) {
  const auto calls = EtcdCalls::Make(etcd.address());
  std::promise<absl::Status> ended;
  calls->Range(
      {}, [&](const absl::Status&, const etcdserverpb::RangeResponse& now) {
        etcdserverpb::CompactionRequest request;
        request.set_revision(now.header().revision());
        calls->Compact(request, [&](absl::Status status, const auto&) {
          ended.set_value(std::move(status));
        });
      });
  OrDie(ended.get_future().get());
}

// Until the registry says that what it knows is up to date.
void AwaitServing(const std::shared_ptr<grpc::Channel>& channel) {
  using Response = grpc::health::v1::HealthCheckResponse;
  const auto health = grpc::health::v1::Health::NewStub(channel);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("am.v1.Registry");
  Response response;
  while (response.status() != Response::SERVING) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    const auto stream = health->Watch(&context, request);
    while (stream->Read(&response)) {
      if (response.status() == Response::SERVING) context.TryCancel();
    }
    stream->Finish();
  }
}

// Whether a watch tells of that many before it ends.
bool WatchUntilComplete(v1::Registry::Stub& stub, std::size_t instances) {
  grpc::ClientContext context;
  const auto stream = stub.Watch(&context, {});
  std::set<std::uint64_t> seen;
  v1::WatchResponse response;
  while (seen.size() < instances && stream->Read(&response)) {
    for (const v1::WatchEvent& event : response.events()) {
      if (event.has_instance()) seen.insert(event.instance().peer().id());
      if (event.has_removal()) seen.erase(event.removal().id());
    }
  }
  context.TryCancel();
  stream->Finish();
  return seen.size() >= instances;
}

}  // namespace

int ServeRegistry(const RegistryProcessOptions& options) {
  const Signals signals;
  control::RegistryServer::Options server;
  server.control.listen = options.listen;
  if (!options.etcd.empty()) {
    control::EtcdOptions etcd;
    etcd.address = options.etcd;
    server.control.registry =
        control::RegistryService::Make(OrDie(control::MakeEtcdBackend(etcd)));
  }
  const auto registry = OrDie(control::RegistryServer::Start(server));
  Tell(absl::StrCat("at ", registry->address()));
  signals.ActUntilTerm({});
  return 0;
}

int KeepEtcd(EtcdFault fault) {
  const Signals signals;
  const auto etcd = OrDie(EtcdProcess::Start());
  Tell(absl::StrCat("at ", etcd->address()));
  SignalActions actions;
  actions.on_usr1 = [&] {
    if (fault == EtcdFault::kCompacted) Compact(*etcd);
    etcd->Kill();
    if (fault == EtcdFault::kWiped) etcd->Wipe();
    Tell("away");
  };
  actions.on_usr2 = [&] {
    OrDie(etcd->Restart());
    Tell("back");
  };
  signals.ActUntilTerm(actions);
  return 0;
}

int LookAtRegistry(const std::string& address, std::size_t instances) {
  const Signals signals;
  SignalActions actions;
  actions.on_usr1 = [&] {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto channel = grpc::CreateCustomChannel(
        address, grpc::InsecureChannelCredentials(), arguments);
    const auto stub = v1::Registry::NewStub(channel);
    do {
      AwaitServing(channel);
    } while (!WatchUntilComplete(*stub, instances));
    Tell("complete");
  };
  signals.ActUntilTerm(actions);
  return 0;
}

}  // namespace am::fault
