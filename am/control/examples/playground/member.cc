#include "am/control/examples/playground/member.h"

#include <iostream>

#include "am/control/examples/playground/member_handlers.h"
#include "am/control/registry_directory.h"
#include "am/examples/or_die.h"
#include "am/v1/node.pb.h"

namespace am::playground {
namespace {

using examples::OrDie;

ManagerOptions Options(const std::string& name, const std::string& registry,
                       bool leads) {
  ManagerOptions options;
  options.name = name;
  options.directory = control::MakeRegistryDirectory({.registry = registry});
  options.allow_drain_by_peers = true;
  // By which workers find it.
  if (leads) options.labels = {{"cohort", kCohort}};
  return options;
}

}  // namespace

Member::Member(const std::string& name, const std::string& registry, bool leads)
    : manager_(OrDie(Manager::Make(Options(name, registry, leads)))),
      control_(OrDie(control::ControlServer::Make(*manager_))) {
  RegisterAll(*manager_, greeter_);
}

void Member::Announce() {
  OrDie(manager_->client()
            .AwaitHandler(AnyInstance(), "tick", absl::Seconds(10))
            .Await()
            .status());
  std::cout << manager_->instance_id().ToString() << ' ' << control_->address()
            << ' ' << manager_->addresses().front().ToString() << std::endl;
}

}  // namespace am::playground
