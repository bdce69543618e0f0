#include "tests/tools/amctl/fleet_fixture.h"

#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "am/control/registry_directory.h"
#include "tests/am/calculator.am.h"
#include "tools/amctl/amctl.h"

namespace am::amctl {
namespace {

absl::StatusOr<test::Number> Echo(Context&, const test::Number& number) {
  return number;
}
absl::StatusOr<std::string> Upper(Context&, const std::string& text) {
  return absl::AsciiStrToUpper(text);
}
absl::Status Refuse(Context&, const std::string&) {
  return absl::ResourceExhaustedError("not today");
}

}  // namespace

FleetTest::FleetTest() {
  auto registry = control::RegistryServer::Start({});
  EXPECT_TRUE(registry.ok()) << registry.status();
  registry_ = *std::move(registry);
  members_["alice"] = Make("alice");
  members_["bob"] = Make("bob");
  EXPECT_TRUE(members_["alice"]
                  .manager
                  ->RegisterAck("hold",
                                [this](Context&, const std::string&) {
                                  release_.Await();
                                  return absl::OkStatus();
                                })
                  .ok());
  EXPECT_TRUE(PrintsAtLast({"instances"}, [this](const std::string& out) {
    return absl::StrContains(out, members_["alice"].server->address()) &&
           absl::StrContains(out, members_["bob"].server->address());
  }));
  EXPECT_TRUE(PrintsAtLast({"handlers"}, [](const std::string& out) {
    return absl::StrContains(out, "hold");
  }));
}

FleetTest::~FleetTest() {
  release_.Set();
  for (auto& [name, member] : members_) member.server.reset();
}

FleetTest::Member FleetTest::Make(const std::string& name) {
  ManagerOptions options;
  options.name = name;
  options.labels = {{"who", name}};
  options.allow_drain_by_peers = name == "bob";
  control::RegistryDirectoryOptions directory;
  directory.registry = registry_->address();
  options.directory = control::MakeRegistryDirectory(directory);
  Member member;
  auto manager = Manager::Make(std::move(options));
  EXPECT_TRUE(manager.ok()) << manager.status();
  member.manager = *std::move(manager);
  Manager& m = *member.manager;
  EXPECT_TRUE(
      (m.RegisterResponse<test::Number, test::Number>("echo", Echo)).ok());
  EXPECT_TRUE(m.RegisterResponse("upper", Upper).ok());
  EXPECT_TRUE(m.RegisterNoReturn<test::Number>("note", [](Context&,
                                                          const test::Number&) {
               }).ok());
  EXPECT_TRUE(m.RegisterAck("fail", Refuse).ok());
  auto server = control::ControlServer::Make(m);
  EXPECT_TRUE(server.ok()) << server.status();
  member.server = *std::move(server);
  return member;
}

Outcome FleetTest::Amctl(std::vector<std::string> arguments,
                         const std::stop_token& stop) {
  arguments.insert(arguments.end(), {"--registry", registry_->address()});
  return Run(arguments, stop);
}

Outcome FleetTest::Run(const std::vector<std::string>& arguments,
                       const std::stop_token& stop, const std::string& text) {
  std::istringstream in(text);
  std::ostringstream out, err;
  const int code = amctl::Run(arguments, {in, out, err}, stop);
  return {code, out.str(), err.str()};
}

}  // namespace am::amctl
