// Member: a process of the playground that serves.
#pragma once

#include <memory>
#include <string>

#include "am/control/control_server.h"
#include "am/examples/greeter.h"
#include "am/manager.h"

namespace am::playground {

inline constexpr char kCohort[] = "playground";

// Lets others drain it. Ends the process if something cannot be had.
class Member {
 public:
  // Serves (member_handlers.h), known to the registry at `registry`.
  Member(const std::string& name, const std::string& registry, bool leads);

  Manager& manager() { return *manager_; }

  // Prints one line once others can find it: its id, its control address and
  // its data address.
  void Announce();

 private:
  examples::Greeter greeter_;
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<control::ControlServer> control_;
};

// The leader of the cohort, or one of the workers that join it and send each
// other a "tick" each second. Until SIGINT or SIGTERM.
void Lead(const std::string& name, const std::string& registry);
void Work(const std::string& name, const std::string& registry);

}  // namespace am::playground
