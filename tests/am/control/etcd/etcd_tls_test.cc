// Registries on a real etcd that has TLS and wants to know who calls.
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "am/control/etcd/etcd_backend.h"
#include "am/control/examples/etcd_process.h"
#include "tests/am/control/party.h"
#include "tests/am/control/registry_fixture.h"

namespace am::control {
namespace {

// Alice is etcd, and takes calls of bob and her own.
class EtcdTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!examples::EtcdProcess::IsInstalled()) {
      GTEST_SKIP() << "etcd is not installed: `tools/dev setup` does so";
    }
    const Party alice = MakeParty("alice"), bob = MakeParty("bob");
    MakeParty("mallory");
    WriteFile(Path("clients.crt"), alice.certificate + bob.certificate);
    auto etcd = examples::EtcdProcess::Start(
        {Path("alice.crt"), Path("alice.key"), Path("clients.crt")});
    ASSERT_TRUE(etcd.ok()) << etcd.status();
    etcd_ = *std::move(etcd);
  }

  // Of one who trusts `server` and shows that it is `client`, if anybody.
  EtcdOptions Options(const std::string& server,
                      const std::string& client) const {
    EtcdOptions options;
    options.address = etcd_->address();
    options.tls.ca = Path(server + ".crt");
    if (client.empty()) return options;
    options.tls.certificate = Path(client + ".crt");
    options.tls.key = Path(client + ".key");
    return options;
  }

  // The first thing that a registry has to say of etcd.
  static std::string Word(EtcdOptions options) {
    std::promise<std::string> word;
    options.log = [&word, said = false](absl::string_view line) mutable {
      if (!std::exchange(said, true)) word.set_value(std::string(line));
    };
    const auto backend = MakeEtcdBackend(options);
    return word.get_future().get();
  }

  std::unique_ptr<examples::EtcdProcess> etcd_;
};

TEST_F(EtcdTlsTest, WhoShowsACertificateSharesTheStore) {
  const EtcdOptions options = Options("alice", "bob");
  ServedRegistry one(RegistryService::Make(*MakeEtcdBackend(options)));
  ServedRegistry other(RegistryService::Make(*MakeEtcdBackend(options)));
  ASSERT_TRUE(one.AwaitHealth());
  ASSERT_TRUE(other.AwaitHealth());
  WatchedRegistry watched(other.stub());
  EXPECT_EQ(watched.Next(), ".");
  EXPECT_TRUE(one.Register(Record(7, "seven"), absl::Minutes(5)).ok());
  EXPECT_EQ(watched.Next(), "+7");
  EXPECT_EQ(other.KeepAlive(7, one.epoch()), absl::Minutes(5));
}

TEST_F(EtcdTlsTest, WhoShowsNoneOrAnothersOrTrustsAnotherIsNotServed) {
  EXPECT_TRUE(absl::StartsWith(Word(Options("alice", "bob")), "follows "));
  for (const EtcdOptions& options :
       {Options("alice", ""), Options("alice", "mallory"),
        Options("mallory", "bob")}) {
    const std::string word = Word(options);
    EXPECT_TRUE(absl::StartsWith(word, "etcd at ")) << word;
  }
}

TEST_F(EtcdTlsTest, InTheClearNothingIsHeardOfIt) {
  EtcdOptions options;
  options.address = etcd_->address();
  const std::string word = Word(options);
  EXPECT_TRUE(absl::StartsWith(word, "etcd at ")) << word;
}

TEST_F(EtcdTlsTest, ItIsFollowedOnAfterARestart) {
  ServedRegistry registry(
      RegistryService::Make(*MakeEtcdBackend(Options("alice", "bob"))));
  ASSERT_TRUE(registry.AwaitHealth());
  EXPECT_TRUE(registry.Register(Record(7), absl::Minutes(5)).ok());
  etcd_->Kill();
  EXPECT_TRUE(
      registry.AwaitHealth(grpc::health::v1::HealthCheckResponse::NOT_SERVING));
  ASSERT_TRUE(etcd_->Restart().ok());
  EXPECT_TRUE(registry.AwaitHealth());
  EXPECT_TRUE(registry.Get(7).ok());
}

}  // namespace
}  // namespace am::control
