// The option --plane of the commands that have it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace am::amctl {

inline constexpr const char* kPlanes[] = {"grpc", "zmq"};

inline void AddPlane(CLI::App& app, std::string& plane) {
  app.add_option("--plane", plane,
                 "grpc, by the control server, or zmq, the fast path")
      ->check(CLI::IsMember({kPlanes[0], kPlanes[1]}))
      ->capture_default_str();
}

}  // namespace am::amctl
