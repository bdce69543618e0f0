// A registry and instances with control servers, in the test's process, and
// amctl on them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "am/control/control_server.h"
#include "am/control/registry_server.h"
#include "am/manager.h"
#include "tests/am/event.h"

namespace am::amctl {

// What one run came to.
struct Outcome {
  int code;
  std::string out;
  std::string err;
};

class FleetTest : public testing::Test {
 protected:
  // alice and bob, who both serve "echo" (am.test.Number), "upper" (bytes),
  // "note" (one-way) and "fail"; bob may be drained. "hold" of alice holds its
  // calls until the end.
  FleetTest();
  ~FleetTest() override;

  // With --registry.
  Outcome Amctl(std::vector<std::string> arguments,
                const std::stop_token& stop = {});
  // Without anything.
  static Outcome Run(const std::vector<std::string>& arguments,
                     const std::stop_token& stop = {},
                     const std::string& in = "");

  // Runs amctl until it prints what `wanted` takes.
  template <typename Wanted>
  bool PrintsAtLast(const std::vector<std::string>& arguments, Wanted wanted) {
    for (int i = 0; i < 5'000; ++i) {
      if (wanted(Amctl(arguments).out)) return true;
    }
    return false;
  }

  std::string IdOf(const std::string& name) {
    return members_.at(name).manager->instance_id().ToString();
  }

  struct Member {
    std::unique_ptr<Manager> manager;
    std::unique_ptr<control::ControlServer> server;
  };

  Member Make(const std::string& name);

  Event release_;
  std::unique_ptr<control::RegistryServer> registry_;
  std::map<std::string, Member> members_;
};

}  // namespace am::amctl
