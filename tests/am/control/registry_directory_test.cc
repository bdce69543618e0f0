// Managers that find each other by a registry, over real sockets.
#include "am/control/registry_directory.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "am/control/control_server.h"
#include "am/control/record_proto.h"
#include "am/control/registry_server.h"
#include "am/manager.h"
#include "am/message_builder.h"
#include "am/v1/node.pb.h"
#include "am/v1/registry.grpc.pb.h"
#include "tests/am/event.h"

namespace am::control {
namespace {

using ::testing::IsSupersetOf;
using ::testing::StartsWith;

class RegistryDirectoryTest : public testing::Test {
 protected:
  RegistryDirectoryTest() { StartRegistry("127.0.0.1:0"); }

  void StartRegistry(const std::string& listen) {
    RegistryServer::Options options;
    options.control.listen = listen;
    auto registry = RegistryServer::Start(options);
    ASSERT_TRUE(registry.ok()) << registry.status();
    registry_ = *std::move(registry);
    address_ = registry_->address();
  }
  void StopRegistry() { registry_.reset(); }

  std::unique_ptr<Manager> Make(const std::string& name) {
    RegistryDirectoryOptions options;
    options.registry = address_;
    options.ttl = ttl_;
    options.retry_max = absl::Milliseconds(200);
    options.reconcile_interval = reconcile_interval_;
    options.log = log_;
    ManagerOptions manager;
    manager.name = name;
    manager.labels = {{"of", name}};
    manager.directory = MakeRegistryDirectory(options);
    auto made = Manager::Make(std::move(manager));
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  std::unique_ptr<Manager> MakeEcho(const std::string& name) {
    auto manager = Make(name);
    EXPECT_TRUE(manager
                    ->RegisterResponse(
                        "echo",
                        [](Context&, const std::string& in)
                            -> absl::StatusOr<std::string> { return in; })
                    .ok());
    return manager;
  }

  static absl::Status Echo(Manager& from) {
    return from.client()
        .Message("echo")
        .Payload("x")
        .Expect<std::string>()
        .Send(AnyInstance())
        .Await()
        .status();
  }

  static absl::Status AwaitEcho(Manager& manager) {
    return manager.client()
        .AwaitHandler(AnyInstance(), "echo", absl::Seconds(20))
        .Await()
        .status();
  }

  // Counts one kind of events.
  static void Count(Manager& manager, InstanceEvent::Kind kind, Tally& tally) {
    manager.OnInstanceEvent([kind, &tally](const InstanceEvent& event) {
      if (event.kind == kind) tally.Add();
    });
  }

  std::unique_ptr<v1::Registry::Stub> Stub() const {
    return v1::Registry::NewStub(
        grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  }

  // Waits until the registry knows it.
  v1::Instance AwaitRecord(const Manager& manager) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(20));
    const auto stub = Stub();
    const auto watch = stub->Watch(&context, {});
    v1::WatchResponse response;
    while (watch->Read(&response)) {
      for (const v1::WatchEvent& event : response.events()) {
        if (event.instance().peer().id() == manager.instance_id().value()) {
          return event.instance();
        }
      }
    }
    ADD_FAILURE() << "it did not register";
    return {};
  }

  v1::Instance Get(const Manager& manager) const {
    grpc::ClientContext context;
    v1::GetRequest request;
    v1::Instance instance;
    request.set_id(manager.instance_id().value());
    const grpc::Status status = Stub()->Get(&context, request, &instance);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return instance;
  }

  std::unique_ptr<RegistryServer> registry_;
  std::string address_;
  std::function<void(absl::string_view)> log_;
  absl::Duration ttl_ = absl::Seconds(10);
  absl::Duration reconcile_interval_ = absl::Minutes(1);
};

TEST_F(RegistryDirectoryTest, ManagersFindEachOtherWithoutAddresses) {
  const auto server = MakeEcho("server");
  const auto client = Make("client");
  ASSERT_TRUE(AwaitEcho(*client).ok());
  const absl::Status echoed = Echo(*client);
  EXPECT_TRUE(echoed.ok()) << echoed;
}

TEST_F(RegistryDirectoryTest, RecordSaysWhatAnInstanceIs) {
  const auto server = MakeEcho("server");
  const auto client = Make("client");
  ASSERT_TRUE(AwaitEcho(*client).ok());
  const v1::Instance record = Get(*server);
  const v1::PeerInfo& peer = record.peer();
  EXPECT_EQ(peer.id(), server->instance_id().value());
  EXPECT_EQ(peer.name(), "server");
  EXPECT_THAT(peer.addresses(), IsSupersetOf({StartsWith("tcp://127.0.0.1:"),
                                              StartsWith("ipc://")}));
  EXPECT_NE(peer.boot_id(), "");
  EXPECT_NE(peer.ipc_inode(), 0);
  EXPECT_EQ(record.labels().at("of"), "server");
  EXPECT_EQ(record.state(), v1::Instance::SERVING);
  EXPECT_EQ(record.min_protocol(), 1);
  EXPECT_EQ(record.max_protocol(), 1);
  EXPECT_GT(record.epoch(), 0);
}

TEST_F(RegistryDirectoryTest, RecordSaysWhatAHandlerIs) {
  const auto server = Make("server");
  ASSERT_TRUE(
      server
          ->RegisterAck<v1::GetRequest>(
              "check",
              [](Context&, const v1::GetRequest&) { return absl::OkStatus(); })
          .ok());
  ASSERT_TRUE(server->client()
                  .AwaitHandler(AnyInstance(), "check", absl::Seconds(20))
                  .Await()
                  .ok());
  const v1::Instance record = Get(*server);
  const v1::HandlerInfo& check = record.handlers(0);
  EXPECT_EQ(check.name(), "am.v1.Handlers/check");
  EXPECT_EQ(check.pattern(), v1::HANDLER_PATTERN_ACK);
  EXPECT_EQ(check.input_type(), "am.v1.GetRequest");
  EXPECT_EQ(check.output_type(), "");
  EXPECT_EQ(check.schema_fingerprint(),
            SchemaFingerprint("am.v1.GetRequest", ""));
}

TEST_F(RegistryDirectoryTest, WhoDrainsIsSaidToAndChosenNoMore) {
  Event begun, release;
  Tally draining, gone;
  const auto server = MakeEcho("server");
  const auto client = Make("client");
  ASSERT_TRUE(server
                  ->RegisterAck("hold",
                                [&](Context&, const std::string&) {
                                  begun.Set();
                                  release.Await();
                                  return absl::OkStatus();
                                })
                  .ok());
  ASSERT_TRUE(client->client()
                  .AwaitHandler(AnyInstance(), "hold", absl::Seconds(20))
                  .Await()
                  .ok());
  Future<void> held =
      client->client().Message("hold").SendAndConfirm(AnyInstance());
  EXPECT_TRUE(begun.Await());
  Count(*client, InstanceEvent::Kind::kGone, gone);
  client->OnInstanceEvent([&](const InstanceEvent& event) {
    if (event.instance != nullptr && event.instance->draining) draining.Add();
  });
  const std::jthread stopping([&] { EXPECT_TRUE(server->Shutdown().ok()); });
  EXPECT_TRUE(draining.AwaitAtLeast(1));
  EXPECT_EQ(Get(*server).state(), v1::Instance::DRAINING);
  EXPECT_TRUE(absl::IsUnavailable(Echo(*client)));
  release.Set();
  EXPECT_TRUE(held.Await().ok());
  EXPECT_TRUE(gone.AwaitAtLeast(1));
}

TEST_F(RegistryDirectoryTest, RecordSaysWhereGrpcIsServedWhileItIs) {
  const auto server = MakeEcho("server");
  const auto client = Make("client");
  Tally announced;
  Tally ended;
  client->OnInstanceEvent([&](const InstanceEvent& event) {
    if (event.instance == nullptr) return;
    if (event.instance->peer.id != server->instance_id()) return;
    if (!event.instance->control_address.empty()) announced.Add();
    if (event.instance->control_address.empty()) ended.Add();
  });
  auto control = ControlServer::Make(*server);
  ASSERT_TRUE(control.ok()) << control.status();
  ASSERT_TRUE(announced.AwaitAtLeast(1));
  EXPECT_EQ(Get(*server).control_address(), (*control)->address());
  const int before = ended.value();
  control->reset();
  EXPECT_TRUE(ended.AwaitAtLeast(before + 1));
}

TEST_F(RegistryDirectoryTest, ManagersMayComeBeforeTheRegistry) {
  StopRegistry();
  const auto server = MakeEcho("server");
  const auto client = Make("client");
  StartRegistry(address_);
  ASSERT_TRUE(AwaitEcho(*client).ok());
  EXPECT_TRUE(Echo(*client).ok());
}

TEST_F(RegistryDirectoryTest, RegistryRestartIsSurvivedWithTheSameEpoch) {
  const auto server = MakeEcho("server");
  const auto client = Make("client");
  ASSERT_TRUE(AwaitEcho(*client).ok());
  const std::uint64_t epoch = Get(*server).epoch();
  Tally stale;
  Tally current;
  Count(*client, InstanceEvent::Kind::kStale, stale);
  Count(*client, InstanceEvent::Kind::kCurrent, current);
  StopRegistry();
  ASSERT_TRUE(stale.AwaitAtLeast(1));
  bool is_stale = false;
  EXPECT_FALSE(client->client().ListInstances(&is_stale).empty());
  EXPECT_TRUE(is_stale);
  EXPECT_TRUE(Echo(*client).ok());

  StartRegistry(address_);
  ASSERT_TRUE(current.AwaitAtLeast(1));
  EXPECT_EQ(AwaitRecord(*server).epoch(), epoch);
  EXPECT_TRUE(Echo(*client).ok());
}

TEST_F(RegistryDirectoryTest, NoCallFailsWhileTheRegistryIsAway) {
  const auto server = MakeEcho("server");
  const auto client = Make("client");
  ASSERT_TRUE(AwaitEcho(*client).ok());
  Tally stale;
  Tally current;
  Count(*client, InstanceEvent::Kind::kStale, stale);
  Count(*client, InstanceEvent::Kind::kCurrent, current);
  Tally calls;
  Tally failed;
  std::jthread caller([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!Echo(*client).ok()) failed.Add();
      calls.Add();
    }
  });
  StopRegistry();
  ASSERT_TRUE(stale.AwaitAtLeast(1));
  ASSERT_TRUE(calls.AwaitAtLeast(calls.value() + 200));
  StartRegistry(address_);
  ASSERT_TRUE(current.AwaitAtLeast(1));
  ASSERT_TRUE(AwaitEcho(*client).ok());
  caller.request_stop();
  caller.join();
  EXPECT_EQ(failed.value(), 0);
}

TEST_F(RegistryDirectoryTest, ShutdownDeregisters) {
  auto server = MakeEcho("server");
  const auto client = Make("client");
  ASSERT_TRUE(AwaitEcho(*client).ok());
  Tally gone;
  Count(*client, InstanceEvent::Kind::kGone, gone);
  server.reset();
  EXPECT_TRUE(gone.AwaitAtLeast(1));
  EXPECT_TRUE(absl::IsUnavailable(Echo(*client)));
}

TEST_F(RegistryDirectoryTest, NameThatIsTakenIsToldToTheOperator) {
  const auto first = MakeEcho("worker");
  ASSERT_TRUE(AwaitEcho(*first).ok());
  Tally refused;
  log_ = [&](absl::string_view line) {
    if (line.find("ALREADY_EXISTS") != absl::string_view::npos) refused.Add();
  };
  const auto second = Make("worker");
  EXPECT_TRUE(refused.AwaitAtLeast(1));
}

TEST_F(RegistryDirectoryTest, SupersededInstanceIsToldAndStaysOut) {
  Tally superseded;
  log_ = [&](absl::string_view line) {
    if (line.find("superseded") != absl::string_view::npos) superseded.Add();
  };
  const auto server = MakeEcho("server");
  ASSERT_TRUE(AwaitEcho(*server).ok());
  v1::RegisterRequest request;
  v1::RegisterResponse response;
  *request.mutable_instance() = Get(*server);
  request.mutable_instance()->set_epoch(0);
  request.mutable_instance()->mutable_peer()->set_id(0x6e6577);
  grpc::ClientContext context;
  ASSERT_TRUE(Stub()->Register(&context, request, &response).ok());
  ASSERT_TRUE(server->Deregister("echo").ok());  // so that it registers again
  EXPECT_TRUE(superseded.AwaitAtLeast(1));
}

TEST_F(RegistryDirectoryTest, RegistryIsToldHowMuchAnInstanceHasToDo) {
  ttl_ = absl::Seconds(1);  // told every third of it
  const auto idle = MakeEcho("idle");
  const auto busy = MakeEcho("busy");
  const auto client = Make("client");
  Event release;
  ASSERT_TRUE(busy->RegisterAck("block",
                                [&](Context&, const std::string&) {
                                  release.Await();
                                  return absl::OkStatus();
                                })
                  .ok());
  ASSERT_TRUE(client->client()
                  .AwaitHandler(AnyInstance(), "block", absl::Seconds(20))
                  .Await()
                  .ok());
  Future<void> blocked =
      client->client().Message("block").SendAndConfirm(AnyInstance());
  v1::ResolveRequest request;
  request.set_handler_name("am.v1.Node/HealthCheck");
  request.set_choice(v1::ResolveRequest::LEAST_OUTSTANDING);
  request.set_limit(3);
  v1::ResolveResponse response;
  // Often enough in a row not to be by chance.
  for (int last = 0; last < 20;) {
    grpc::ClientContext context;
    ASSERT_TRUE(Stub()->Resolve(&context, request, &response).ok());
    const bool is_last = response.instances_size() == 3 &&
                         response.instances(2).peer().name() == "busy";
    last = is_last ? last + 1 : 0;
  }
  release.Set();
}

TEST_F(RegistryDirectoryTest, ReconcilingDisturbsNothing) {
  reconcile_interval_ = absl::Milliseconds(1);
  const auto client = Make("client");
  Tally stale;
  Tally appeared;
  Count(*client, InstanceEvent::Kind::kStale, stale);
  Count(*client, InstanceEvent::Kind::kAppeared, appeared);
  std::vector<std::unique_ptr<Manager>> servers;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(MakeEcho("server " + std::to_string(i)));
  }
  ASSERT_TRUE(AwaitEcho(*client).ok());
  EXPECT_TRUE(appeared.AwaitAtLeast(3));
  EXPECT_EQ(stale.value(), 0);
}

}  // namespace
}  // namespace am::control
