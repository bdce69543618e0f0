// amctl: looks into instances, and calls them, from a shell.
//
// amctl.cc reads the arguments; each command is a file of its own
// (command.h lists them).
#pragma once

#include <istream>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

namespace am::amctl {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

// Does what the arguments, without the program's name, say, and returns the
// exit code (exit_code.h). Blocks; `stop` is the interrupt.
int Run(const std::vector<std::string>& arguments, Streams streams,
        const std::stop_token& stop);

}  // namespace am::amctl
