// Contestant: one way to talk between two processes, to be compared with
// others.
//
// Its server runs in a process of its own (bench/server_process.h), its caller
// in the one that measures:
//
//   server process                     measuring process
//   server = contestant.Serve(...)
//   server->address()  ------------->  caller = contestant.Connect(address)
//                                      caller->Run(recorder), repeatedly
//
// Both are made anew for each sample, so that neither what one contestant
// leaves behind nor how one process was laid out in memory decides.
//
// To add one: implement it in files of its own, and list it among those of a
// benchmark (bench/ping.cc).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bench/recorder.h"
#include "bench/sample.h"

namespace am::bench {

// What is the same for all contestants of a comparison.
struct Setting {
  std::string scheme;  // "ipc" (a unix socket) or "tcp", over loopback
  std::size_t payload_bytes = 64;
  int in_flight = 1;  // operations under way at a time
};

// Serves from its making until its destruction.
class Server {
 public:
  virtual ~Server() = default;

  // What Connect needs to know: one line.
  virtual std::string address() const = 0;
};

// Connected to a server. One thread.
class Caller {
 public:
  virtual ~Caller() = default;

  // Makes calls until `recorder` has enough of them. Only calls whose payload
  // was verified may be recorded. Not OK: any of them failed, in whatever way.
  // Blocks; never polls without sleeping; has a bound on every wait.
  virtual absl::Status Run(Recorder& recorder) = 0;

  // What else it knows of itself, for the row.
  virtual std::vector<Metric> Metrics() const { return {}; }
};

class Contestant {
 public:
  virtual ~Contestant() = default;

  // Names it in reports, and on the command line of its server's process.
  virtual absl::string_view name() const = 0;

  virtual absl::StatusOr<std::unique_ptr<Server>> Serve(
      const Setting& setting) = 0;
  virtual absl::StatusOr<std::unique_ptr<Caller>> Connect(
      const Setting& setting, const std::string& address) = 0;
};

}  // namespace am::bench
