// A Directory that is a registry (am.v1.Registry): what a manager is given to
// find others, and to be found.
//
//   am::ManagerOptions options;
//   options.name = "worker-1";
//   options.directory = am::control::MakeRegistryDirectory(
//       {.registry = "127.0.0.1:7700"});
//   auto manager = am::Manager::Make(options);
//   (*manager)->client().Message("compute").Expect<Result>()
//       .Send(am::AnyInstance()).Await();
//
// It registers the manager, keeps its lease alive and watches. While the
// registry is down it keeps what it knew, marked stale, and tries again about
// once a second. A registry that has restarted is given the same record again,
// under the same incarnation and epoch; whoever is not in it again two lease
// times later is forgotten. Messages never wait for any of that.
//
// It has one thread of its own beside gRPC's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/control/tls_client_files.h"
#include "am/directory.h"

namespace am::control {

// Every member has an initialiser, so that {.registry = "x"} warns of nothing.
struct RegistryDirectoryOptions {
  std::string registry = {};  // "host:port"

  // For a registry that has TLS. Files that change are taken over within
  // seconds, by new connections; while they are not whole the registry cannot
  // be reached again, once it was lost.
  TlsClientFiles tls = {};

  // What is asked for; the registry may give another. It is kept alive at a
  // third of it.
  absl::Duration ttl = absl::Seconds(10);

  // How often all instances are read anew, about, in case a change was missed.
  absl::Duration reconcile_interval = absl::Minutes(1);

  // Waits between attempts, once the registry is not there: they double from
  // min to max, and half of each is random.
  absl::Duration retry_min = absl::Milliseconds(100);
  absl::Duration retry_max = absl::Seconds(1);

  // Called with one line of text for what an operator should know: that the
  // registry is lost or back, or refuses us, and why. Any thread; must not call
  // the manager. Null: nothing is written.
  std::function<void(absl::string_view)> log = {};
};

// For one manager.
std::shared_ptr<Directory> MakeRegistryDirectory(
    const RegistryDirectoryOptions& options);

}  // namespace am::control
