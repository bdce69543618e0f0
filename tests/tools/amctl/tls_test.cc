// amctl with servers that have TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/am/control/party.h"
#include "tests/tools/amctl/fleet_fixture.h"

namespace am::amctl {
namespace {

using control::MakeParty;
using control::Path;
using ::testing::HasSubstr;

class AmctlTlsTest : public FleetTest {
 protected:
  AmctlTlsTest() {
    MakeParty("server");
    MakeParty("client");
    control::RegistryServer::Options options;
    options.control.tls = {Path("server.crt"), Path("server.key"),
                           Path("client.crt")};
    auto registry = control::RegistryServer::Start(options);
    EXPECT_TRUE(registry.ok()) << registry.status();
    secured_ = *std::move(registry);
  }

  Outcome Instances(const std::vector<std::string>& tls) {
    std::vector<std::string> arguments{"instances", "--registry",
                                       secured_->address()};
    arguments.insert(arguments.end(), tls.begin(), tls.end());
    return Run(arguments);
  }

  std::unique_ptr<control::RegistryServer> secured_;
};

TEST_F(AmctlTlsTest, ShowsACertificateAndTrustsTheAuthority) {
  const Outcome outcome =
      Instances({"--tls_ca", Path("server.crt"), "--tls_certificate",
                 Path("client.crt"), "--tls_key", Path("client.key")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(AmctlTlsTest, WithoutTlsItSaysWhatMayBeMissing) {
  const Outcome outcome = Instances({});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("give --tls_ca"));
}

TEST_F(AmctlTlsTest, WithoutACertificateItSaysWhatMayBeMissing) {
  const Outcome outcome = Instances({"--tls_ca", Path("server.crt")});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("--tls_certificate"));
}

TEST_F(AmctlTlsTest, FilesThatAreNotThereAreWrongArguments) {
  const Outcome outcome = Instances({"--tls_ca", "/no/such"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("/no/such"));
}

}  // namespace
}  // namespace am::amctl
