// What leaders and workers are told by their environment:
//
//   LEADER_ENDPOINT  where the leader listens, "tcp://127.0.0.1:5555"
//   REGISTRY         or a registry to find it by, "127.0.0.1:7700"
//   WORLD_SIZE       how many workers there are
//   RANK             which one this is; without: the order of joining decides
#pragma once

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "am/control/registry_directory.h"
#include "am/manager.h"

namespace am::examples {

inline std::string Environment(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

[[noreturn]] inline void Refuse(const std::string& why) {
  std::cerr << why << std::endl;
  std::exit(2);
}

// Ends the process if it is none.
inline int NumberIn(const char* name, const std::string& otherwise) {
  const std::string text = Environment(name, otherwise);
  int number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  Refuse(name + (" is \"" + text) + "\", not a number");
}

// No two that a registry knows have one name, unless it is empty.
inline ManagerOptions OptionsFor(const std::string& name) {
  ManagerOptions options;
  options.name = name;
  options.labels = {{"cohort", "example"}};
  const std::string registry = Environment("REGISTRY", "");
  if (!registry.empty()) {
    options.directory = control::MakeRegistryDirectory({.registry = registry});
  }
  return options;
}

}  // namespace am::examples
