// The cases: real processes, real faults, one row each.
#pragma once

#include <cstdint>
#include <string>

#include "tests/fault/row.h"

namespace am::fault {

// "tcp" or "ipc".
using Scheme = std::string;

// How much of it; tests take less.
struct Amount {
  int faults = 20;
  std::uint64_t messages_between = 50'000;  // of two faults
};

// No faults at all: every message is delivered.
Row Steady(const Scheme& scheme, std::uint64_t messages = 1'000'000);

// Kill -9 of the server amid traffic; another one begins at its address.
Row KillReceiver(const Scheme& scheme, const Amount& amount = {});

// Kill -9 of the caller amid traffic; another one begins at its address.
Row KillSender(const Scheme& scheme, const Amount& amount = {});

}  // namespace am::fault
