// What a registry has to know of the etcd that it uses. Values and pure
// functions.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/control/registry_rules.h"
#include "am/control/tls_client_files.h"

namespace am::control {

// Every member has an initialiser, so that {.address = "x"} warns of nothing.
struct EtcdOptions {
  std::string address = {};  // "host:port"

  // Of all keys. Registries that share it share their instances.
  std::string prefix = "am/v1/";

  // `max_superseded` and `longest_pause` mean nothing here.
  RegistryOptions rules = {};

  // How often all keys are read anew, about, in case a change was missed.
  absl::Duration reconcile_interval = absl::Minutes(1);

  // For an etcd that has TLS.
  TlsClientFiles tls = {};

  // Without TLS whoever listens on the way to etcd can read all, and change it.
  // Without this, anything but loopback is then refused.
  bool insecure_allow_plaintext_off_loopback = false;

  // Called with one line of text when etcd is lost, and when it is back. Any
  // thread. Null: nothing is written.
  std::function<void(absl::string_view)> log = {};
};

// "etcd://host:port" or "etcd://host:port/prefix". INVALID_ARGUMENT: it is
// neither.
absl::StatusOr<EtcdOptions> ParseEtcdUrl(const std::string& url);

}  // namespace am::control
