// TLS from files: who is admitted, and files that change while it serves.
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "am/control/registry_directory.h"
#include "am/control/registry_service.h"
#include "src/proto/grpc/health/v1/health.grpc.pb.h"
#include "tests/am/control/control_fixture.h"
#include "tests/am/control/party.h"
#include "tests/am/event.h"

namespace am::control {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class TlsTest : public ControlTest {
 protected:
  // Puts the party where the server looks.
  void Install(const Party& party) {
    WriteFile(Path("server.crt"), party.certificate);
    WriteFile(Path("server.key"), party.key);
  }

  ControlServerOptions Options(const std::string& client_ca = "") {
    ControlServerOptions options;
    options.tls = {Path("server.crt"), Path("server.key"), client_ca};
    return options;
  }

  // What a check of `service` ends with, on a new connection of one who trusts
  // `server` and shows `client`.
  grpc::Status Check(const Party& server, const std::string& service = "",
                     const Party& client = {}) {
    grpc::SslCredentialsOptions trust;
    trust.pem_root_certs = server.certificate;
    trust.pem_cert_chain = client.certificate;
    trust.pem_private_key = client.key;
    const auto stub = grpc::health::v1::Health::NewStub(
        grpc::CreateChannel(server_->address(), grpc::SslCredentials(trust)));
    HealthCheckRequest request;
    request.set_service(service);
    grpc::ClientContext context;
    Limit(context);
    return Await([&](auto done) {
      stub->async()->Check(&context, &request, &response_, std::move(done));
    });
  }

  // Whether `condition` becomes true within a minute or so.
  template <typename Condition>
  bool Becomes(Condition condition) {
    for (int i = 0; i < 10'000; ++i) {
      if (condition()) return true;
    }
    return false;
  }

  HealthCheckResponse response_;
  Tally kept_;
};

TEST_F(TlsTest, AClientThatTrustsTheServerIsServed) {
  const Party alice = MakeParty("alice");
  Install(alice);
  Start({}, Options());
  EXPECT_TRUE(Check(alice).ok());
  EXPECT_FALSE(Check(MakeParty("mallory")).ok());
}

// Its copy of the key must not end up elsewhere then.
TEST_F(TlsTest, WithoutAPlaceForTemporaryFilesNothingIsServed) {
  Install(MakeParty("alice"));
  const ControlServerOptions options = Options();
  const char* const before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TMPDIR", "/nonexistent", 1);
  const auto manager = Manager::Make();
  ASSERT_TRUE(manager.ok()) << manager.status();
  EXPECT_EQ(ControlServer::Make(**manager, options).status().code(),
            absl::StatusCode::kUnavailable);
  if (before == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", kept.c_str(), 1);
  }
}

TEST_F(TlsTest, WithAuthoritiesAClientMustShowACertificate) {
  const Party alice = MakeParty("alice"), bob = MakeParty("bob");
  Install(alice);
  Start({}, Options(Path("bob.crt")));
  EXPECT_TRUE(Check(alice, "", bob).ok());
  EXPECT_FALSE(Check(alice).ok());
  EXPECT_FALSE(Check(alice, "", MakeParty("mallory")).ok());
}

TEST_F(TlsTest, FilesThatChangeAreTakenOver) {
  const Party alice = MakeParty("alice"), carol = MakeParty("carol");
  Install(alice);
  Start({}, Options());
  ASSERT_TRUE(Check(alice).ok());
  Install(carol);
  EXPECT_TRUE(Becomes([&] { return Check(carol).ok(); }));
}

TEST_F(TlsTest, AuthoritiesThatChangeAreTakenOverToo) {
  const Party alice = MakeParty("alice"), bob = MakeParty("bob"),
              carol = MakeParty("carol");
  Install(alice);
  WriteFile(Path("clients.crt"), bob.certificate);
  Start({}, Options(Path("clients.crt")));
  EXPECT_TRUE(Check(alice, "", bob).ok());
  EXPECT_FALSE(Check(alice, "", carol).ok());
  WriteFile(Path("clients.crt"), carol.certificate);
  EXPECT_TRUE(Becomes([&] { return Check(alice, "", carol).ok(); }));
  EXPECT_FALSE(Check(alice, "", bob).ok());
}

TEST_F(TlsTest, HalfWrittenFilesAreNotUsedAndHealthSaysSo) {
  const Party alice = MakeParty("alice"), carol = MakeParty("carol");
  Install(alice);
  ManagerOptions manager;
  manager.log = [this](absl::string_view line) {
    if (absl::StrContains(line, "those before stay in use")) kept_.Add();
  };
  Start(std::move(manager), Options());
  const auto tls_is = [&](HealthCheckResponse::ServingStatus status) {
    return Check(alice, "am.control.Tls").ok() && response_.status() == status;
  };
  EXPECT_TRUE(tls_is(HealthCheckResponse::SERVING));
  WriteFile(Path("server.crt"),
            carol.certificate.substr(0, carol.certificate.size() / 2));
  EXPECT_TRUE(
      Becomes([&] { return tls_is(HealthCheckResponse::NOT_SERVING); }));
  EXPECT_TRUE(Check(alice).ok());
  EXPECT_TRUE(kept_.AwaitAtLeast(1));
  Install(alice);
  EXPECT_TRUE(Becomes([&] { return tls_is(HealthCheckResponse::SERVING); }));
}

// Whether a registry takes an instance that comes with these files.
bool Registers(const std::string& registry, const TlsClientFiles& files) {
  std::promise<bool> told;
  std::once_flag first;
  RegistryDirectoryOptions directory;
  directory.registry = registry;
  directory.tls = files;
  directory.log = [&](absl::string_view line) {
    std::call_once(
        first, [&] { told.set_value(absl::StartsWith(line, "registered")); });
  };
  ManagerOptions options;
  options.directory = MakeRegistryDirectory(directory);
  const auto manager = Manager::Make(std::move(options));
  EXPECT_TRUE(manager.ok()) << manager.status();
  return told.get_future().get();
}

TEST_F(TlsTest, ARegistryAdmitsThoseWhoShowAndTrustTheRightCertificate) {
  const Party alice = MakeParty("alice"), bob = MakeParty("bob");
  MakeParty("mallory");
  Install(alice);
  ControlServerOptions options = Options(Path("bob.crt"));
  options.registry = RegistryService::Make();
  Start({}, options);
  const std::string& registry = server_->address();
  const auto files = [](const std::string& trusted, const std::string& shown) {
    TlsClientFiles shows;
    shows.ca = Path(trusted + ".crt");
    shows.certificate = Path(shown + ".crt");
    shows.key = Path(shown + ".key");
    return shows;
  };
  EXPECT_TRUE(Registers(registry, files("alice", "bob")));
  EXPECT_FALSE(Registers(registry, files("mallory", "bob")));
  EXPECT_FALSE(Registers(registry, files("alice", "mallory")));
  TlsClientFiles part = files("alice", "bob");
  part.key = "";
  EXPECT_FALSE(Registers(registry, part));
  part.certificate = "";
  EXPECT_FALSE(Registers(registry, part));
  EXPECT_FALSE(Registers(registry, {}));
}

TEST_F(TlsTest, AnInstanceThatIsNotAdmittedIsOnceItsFilesAreTheRightOnes) {
  const Party alice = MakeParty("alice"), bob = MakeParty("bob"),
              mallory = MakeParty("mallory");
  Install(alice);
  ControlServerOptions options = Options(Path("bob.crt"));
  options.registry = RegistryService::Make();
  Start({}, options);
  const auto show = [](const Party& party) {
    WriteFile(Path("client.crt"), party.certificate);
    WriteFile(Path("client.key"), party.key);
  };
  show(mallory);
  Tally refused, registered;
  RegistryDirectoryOptions directory;
  directory.registry = server_->address();
  directory.retry_max = absl::Milliseconds(200);
  directory.tls = {Path("alice.crt"), Path("client.crt"), Path("client.key")};
  directory.log = [&](absl::string_view line) {
    (absl::StartsWith(line, "registered") ? registered : refused).Add();
  };
  ManagerOptions instance;
  instance.directory = MakeRegistryDirectory(directory);
  const auto manager = Manager::Make(std::move(instance));
  ASSERT_TRUE(manager.ok()) << manager.status();
  EXPECT_TRUE(refused.AwaitAtLeast(1));
  EXPECT_EQ(registered.value(), 0);
  show(bob);
  EXPECT_TRUE(registered.AwaitAtLeast(1));
}

TEST_F(TlsTest, AKeyOfAnotherIsRefusedAtTheStart) {
  Party alice = MakeParty("alice");
  alice.key = MakeParty("bob").key;
  Install(alice);
  manager_ = *Manager::Make();
  EXPECT_EQ(ControlServer::Make(*manager_, Options()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(TlsTest, APartOfTheFilesIsNoReasonForPlaintext) {
  manager_ = *Manager::Make();
  ControlServerOptions options;
  options.tls.client_ca = Path("bob.crt");
  EXPECT_EQ(ControlServer::Make(*manager_, options).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace am::control
