// Registries on a real etcd that is killed, wiped, compacted and shared.
#include "am/control/etcd/etcd_backend.h"

#include <gtest/gtest.h>

#include <future>

#include "am/control/etcd/etcd_calls.h"
#include "am/control/examples/etcd_process.h"
#include "tests/am/control/registry_fixture.h"

namespace am::control {
namespace {

using grpc::health::v1::HealthCheckResponse;

class EtcdBackendTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!examples::EtcdProcess::IsInstalled()) {
      GTEST_SKIP() << "etcd is not installed: `tools/dev setup` does so";
    }
    auto etcd = examples::EtcdProcess::Start();
    ASSERT_TRUE(etcd.ok()) << etcd.status();
    etcd_ = *std::move(etcd);
    StartRegistry();
  }

  void StartRegistry() { registry_.emplace(MakeService()); }

  std::shared_ptr<RegistryService> MakeService() const {
    EtcdOptions options;
    options.address = etcd_->address();
    return RegistryService::Make(*MakeEtcdBackend(options));
  }

  // Registers under a lease that outlasts the test.
  std::uint64_t Register(const v1::Instance& record) {
    const grpc::Status status = registry_->Register(record, absl::Minutes(5));
    EXPECT_TRUE(status.ok()) << status.error_message();
    return registry_->epoch();
  }

  void KillEtcd() {
    etcd_->Kill();
    EXPECT_TRUE(registry_->AwaitHealth(HealthCheckResponse::NOT_SERVING));
  }
  void RestartEtcd() {
    const absl::Status restarted = etcd_->Restart();
    ASSERT_TRUE(restarted.ok()) << restarted;
    EXPECT_TRUE(registry_->AwaitHealth());
  }

  // Has etcd forget what was before now.
  void Compact() const {
    const auto calls = EtcdCalls::Make(etcd_->address());
    std::promise<absl::Status> ended;
    calls->Range(
        {}, [&](const absl::Status&, const etcdserverpb::RangeResponse& now) {
          etcdserverpb::CompactionRequest request;
          request.set_revision(now.header().revision());
          calls->Compact(request, [&](absl::Status status, const auto&) {
            ended.set_value(std::move(status));
          });
        });
    const absl::Status status = ended.get_future().get();
    EXPECT_TRUE(status.ok()) << status;
  }

  // Deletes all keys of ours, as an operator might.
  void DeleteAll() const {
    const auto calls = EtcdCalls::Make(etcd_->address());
    etcdserverpb::TxnRequest txn;
    auto& keys = *txn.add_success()->mutable_request_delete_range();
    keys.set_key("am/v1/");
    keys.set_range_end("am/v10");
    std::promise<absl::Status> ended;
    calls->Txn(txn, [&](absl::Status status, const auto&) {
      ended.set_value(std::move(status));
    });
    const absl::Status status = ended.get_future().get();
    EXPECT_TRUE(status.ok()) << status;
  }

  std::unique_ptr<examples::EtcdProcess> etcd_;
  std::optional<ServedRegistry> registry_;
};

TEST_F(EtcdBackendTest, TwoRegistriesOfOneStoreKnowTheSame) {
  ASSERT_TRUE(registry_->AwaitHealth());
  ServedRegistry other(MakeService());
  ASSERT_TRUE(other.AwaitHealth());
  WatchedRegistry watched(other.stub());
  EXPECT_EQ(watched.Next(), ".");
  const std::uint64_t epoch = Register(Record(7, "seven"));
  EXPECT_EQ(watched.Next(), "+7");
  EXPECT_EQ(other.KeepAlive(7, epoch), absl::Minutes(5));
  EXPECT_EQ(other.Register(Record(8, "seven")).error_code(),
            grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_TRUE(other.Deregister(7, epoch).ok());
}

TEST_F(EtcdBackendTest, ARegistryThatRestartsKnowsAll) {
  ASSERT_TRUE(registry_->AwaitHealth());
  const std::uint64_t epoch = Register(Record(7));
  registry_.reset();
  StartRegistry();
  ASSERT_TRUE(registry_->AwaitHealth());
  ASSERT_TRUE(registry_->Get(7).ok());
  EXPECT_EQ(registry_->instance().epoch(), epoch);
  EXPECT_EQ(registry_->KeepAlive(7, epoch), absl::Minutes(5));
}

TEST_F(EtcdBackendTest, WhileEtcdIsAwayWhatWasKnownIsListedAndNobodyRegisters) {
  ASSERT_TRUE(registry_->AwaitHealth());
  const std::uint64_t epoch = Register(Record(7));
  WatchedRegistry watched(registry_->stub());
  EXPECT_EQ(watched.Next(), "+7");
  EXPECT_EQ(watched.Next(), ".");
  KillEtcd();
  EXPECT_EQ(watched.Next(), "end");
  EXPECT_EQ(WatchedRegistry(registry_->stub()).Next(), "end");
  EXPECT_TRUE(registry_->Get(7).ok());
  const auto unavailable = grpc::StatusCode::UNAVAILABLE;
  EXPECT_EQ(registry_->Get(8).error_code(), unavailable);
  EXPECT_EQ(registry_->Register(Record(8)).error_code(), unavailable);
  EXPECT_EQ(registry_->Deregister(7, epoch).error_code(), unavailable);
  EXPECT_EQ(registry_->KeepAlive(7, epoch), absl::ZeroDuration());
}

TEST_F(EtcdBackendTest, EtcdThatWasKilledIsFollowedOn) {
  ASSERT_TRUE(registry_->AwaitHealth());
  const std::uint64_t epoch = Register(Record(7));
  v1::WatchRequest resume;
  {
    WatchedRegistry watched(registry_->stub());
    EXPECT_EQ(watched.Next(), "+7");
    EXPECT_EQ(watched.Next(), ".");
    resume.set_generation(watched.response().generation());
    resume.set_revision(watched.response().revision());
  }
  KillEtcd();
  RestartEtcd();
  EXPECT_EQ(registry_->KeepAlive(7, epoch), absl::Minutes(5));
  Register(Record(8));
  WatchedRegistry watched(registry_->stub(), resume);
  EXPECT_EQ(watched.Next(), "+8");
}

TEST_F(EtcdBackendTest, WipedStoreIsARegistryThatHasRestarted) {
  ASSERT_TRUE(registry_->AwaitHealth());
  v1::Instance record = Record(7);
  record.set_epoch(Register(record));
  v1::WatchRequest resume;
  {
    WatchedRegistry watched(registry_->stub());
    EXPECT_EQ(watched.Next(), "+7");
    resume.set_generation(watched.response().generation());
    resume.set_revision(watched.response().revision());
  }
  KillEtcd();
  etcd_->Wipe();
  RestartEtcd();
  WatchedRegistry watched(registry_->stub(), resume);
  EXPECT_EQ(watched.Next(), ".");
  EXPECT_NE(watched.response().generation(), resume.generation());
  EXPECT_EQ(Register(record), record.epoch());
  EXPECT_EQ(watched.Next(), "+7");
  EXPECT_GT(Register(Record(8)), record.epoch());
}

TEST_F(EtcdBackendTest, KeysDeletedByHandAreAStoreThatWasWiped) {
  ASSERT_TRUE(registry_->AwaitHealth());
  v1::Instance record = Record(7);
  record.set_epoch(Register(record));
  std::optional<WatchedRegistry> watched(registry_->stub());
  EXPECT_EQ(watched->Next(), "+7");
  EXPECT_EQ(watched->Next(), ".");
  DeleteAll();
  EXPECT_EQ(watched->Next(), "end");
  ASSERT_TRUE(registry_->AwaitHealth());
  watched.emplace(registry_->stub());
  EXPECT_EQ(watched->Next(), ".");
  EXPECT_EQ(Register(record), record.epoch());
  EXPECT_EQ(watched->Next(), "+7");
}

TEST_F(EtcdBackendTest, CompactionIsNotNoticed) {
  ASSERT_TRUE(registry_->AwaitHealth());
  WatchedRegistry watched(registry_->stub());
  EXPECT_EQ(watched.Next(), ".");
  Register(Record(1));
  Register(Record(2));
  Compact();
  Register(Record(3));
  EXPECT_EQ(watched.Next(), "+1");
  EXPECT_EQ(watched.Next(), "+2");
  EXPECT_EQ(watched.Next(), "+3");
  KillEtcd();
  RestartEtcd();
  EXPECT_TRUE(registry_->Get(1).ok());
}

TEST(EtcdUrl, SaysWhereAndUnderWhichPrefix) {
  EXPECT_EQ(ParseEtcdUrl("etcd://127.0.0.1:2379")->prefix, "am/v1/");
  EXPECT_EQ(ParseEtcdUrl("etcd://127.0.0.1:2379/")->prefix, "am/v1/");
  EXPECT_EQ(ParseEtcdUrl("etcd://127.0.0.1:2379/blue")->prefix, "blue/");
  EXPECT_EQ(ParseEtcdUrl("etcd://127.0.0.1:2379/a/b/")->address,
            "127.0.0.1:2379");
  for (const char* const url : {"", "127.0.0.1:2379", "etcd://", "etcd://host",
                                "http://host:1", "etcd://host:0"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseEtcdUrl(url).status())) << url;
  }
}

TEST(EtcdBackend, PlaintextOffLoopbackNeedsAWord) {
  EtcdOptions options;
  options.address = "192.0.2.1:2379";
  EXPECT_TRUE(absl::IsPermissionDenied(MakeEtcdBackend(options).status()));
  options.prefix = "";
  EXPECT_TRUE(absl::IsInvalidArgument(MakeEtcdBackend(options).status()));
}

}  // namespace
}  // namespace am::control
