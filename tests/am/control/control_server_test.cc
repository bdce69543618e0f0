// Where a control server listens, and what others are told of that. The
// directory is a fake one.
#include "am/control/control_server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "am/manager.h"
#include "tests/am/fake_directory.h"

namespace am::control {
namespace {

class ControlServerTest : public testing::Test {
 protected:
  ControlServerTest() {
    ManagerOptions options;
    options.directory = registry_.MakeDirectory();
    manager_ = *Manager::Make(std::move(options));
  }

  absl::Status Start(const ControlServerOptions& options) {
    auto server = ControlServer::Make(*manager_, options);
    if (server.ok()) server_ = *std::move(server);
    return server.status();
  }

  static ControlServerOptions EveryInterface() {
    ControlServerOptions options;
    options.listen = "0.0.0.0:0";
    options.insecure_allow_plaintext_off_loopback = true;
    return options;
  }

  std::string Announced() {
    return registry_.Find(manager_->instance_id()).control_address;
  }

  FakeRegistry registry_;
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlServerTest, WhereItListensIsAnnouncedForAsLongAsItServes) {
  ASSERT_TRUE(Start({}).ok());
  EXPECT_EQ(Announced(), server_->address());
  server_.reset();
  EXPECT_EQ(Announced(), "");
}

TEST_F(ControlServerTest, EveryInterfaceIsNoPlaceToBeFoundAt) {
  ASSERT_TRUE(Start(EveryInterface()).ok());
  EXPECT_EQ(Announced(), "");
}

TEST_F(ControlServerTest, WhereOthersFindItIsAnnouncedInstead) {
  ControlServerOptions options = EveryInterface();
  options.advertise = "worker-7.example.com:443";
  ASSERT_TRUE(Start(options).ok());
  EXPECT_EQ(Announced(), "worker-7.example.com:443");
}

TEST_F(ControlServerTest, AnAddressThatLeadsNowhereIsRefused) {
  for (const char* const advertise : {"worker-7", "0.0.0.0:443", "host:0"}) {
    ControlServerOptions options;
    options.advertise = advertise;
    EXPECT_TRUE(absl::IsInvalidArgument(Start(options))) << advertise;
  }
  EXPECT_EQ(Announced(), "");
}

TEST_F(ControlServerTest, TwoOnOnePortAreRefused) {
  ASSERT_TRUE(Start({}).ok());
  ControlServerOptions options;
  options.listen = server_->address();
  EXPECT_TRUE(absl::IsUnavailable(Start(options)));
  EXPECT_EQ(Announced(), server_->address());
}

}  // namespace
}  // namespace am::control
