// am_registry: a registry as a process of its own.
//
//   am_registry --listen 127.0.0.1:7700
//   am_registry --listen 127.0.0.1:7700 --backend etcd://127.0.0.1:2379
//   grpcurl -plaintext 127.0.0.1:7700 am.v1.Registry/List
//
// It prints one line with the address it listens on, and runs until SIGINT or
// SIGTERM. Reflection, health and channelz are served beside am.v1.Registry.
// Exit code 0: stopped that way; 1: it could not begin, and why; others: wrong
// arguments.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "am/control/etcd/etcd_backend.h"
#include "am/control/registry_server.h"
#include "am/control/registry_service.h"

namespace {

struct Arguments {
  am::control::RegistryServer::Options server;
  std::string backend = "memory";
  am::control::TlsClientFiles etcd_tls;
  double default_ttl_s = 10;
};

void DeclareServer(CLI::App& app, am::control::ControlServerOptions& server) {
  app.add_option("--listen", server.listen,
                 "host:port; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--tls_certificate", server.tls.certificate,
                 "a PEM file: this server's, and what leads to its authority; "
                 "followed when it changes, as are the other two");
  app.add_option("--tls_key", server.tls.key, "a PEM file: the key to it");
  app.add_option("--tls_client_ca", server.tls.client_ca,
                 "a PEM file: who may sign clients, which then must show a "
                 "certificate");
  app.add_flag("--insecure_allow_plaintext_off_loopback",
               server.insecure_allow_plaintext_off_loopback,
               "listen on other addresses than loopback without TLS, in the "
               "clear and open to everybody; and speak so to etcd");
}

void DeclareRules(CLI::App& app, Arguments& arguments) {
  app.add_option("--backend", arguments.backend,
                 "what keeps the instances: memory, or etcd://host:port, with "
                 "/prefix for another one than am/v1")
      ->capture_default_str();
  app.add_option("--etcd_ca", arguments.etcd_tls.ca,
                 "a PEM file: who may sign etcd, if it has TLS");
  app.add_option("--etcd_certificate", arguments.etcd_tls.certificate,
                 "a PEM file: what etcd is shown, if it wants to see one");
  app.add_option("--etcd_key", arguments.etcd_tls.key,
                 "a PEM file: the key to it");
  app.add_option("--default_ttl_s", arguments.default_ttl_s,
                 "how long leases last whose owner does not say, in seconds")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  app.add_option("--max_instances", arguments.server.rules.max_instances,
                 "how many may be registered")
      ->capture_default_str();
  app.add_option("--max_record_bytes", arguments.server.rules.max_record_bytes,
                 "how large one record may be")
      ->capture_default_str();
}

void Log(absl::string_view line) {
  std::fprintf(stderr, "am_registry: %s\n", std::string(line).c_str());
}

absl::Status MakeRegistry(Arguments& arguments) {
  if (arguments.backend == "memory") return absl::OkStatus();
  am::control::ControlServerOptions& control = arguments.server.control;
  absl::StatusOr<am::control::EtcdOptions> options =
      am::control::ParseEtcdUrl(arguments.backend);
  if (!options.ok()) return options.status();
  options->rules = arguments.server.rules;
  options->tls = arguments.etcd_tls;
  options->insecure_allow_plaintext_off_loopback =
      control.insecure_allow_plaintext_off_loopback;
  options->log = Log;
  auto backend = am::control::MakeEtcdBackend(*options);
  if (!backend.ok()) return backend.status();
  control.registry = am::control::RegistryService::Make(*std::move(backend));
  return absl::OkStatus();
}

// Before any thread begins, so that none of them gets these signals.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Knows which instances there are, and tells those who ask.");
  Arguments arguments;
  DeclareServer(app, arguments.server.control);
  DeclareRules(app, arguments);
  CLI11_PARSE(app, argc, argv);
  arguments.server.rules.default_ttl = absl::Seconds(arguments.default_ttl_s);
  arguments.server.control.channelz = true;
  arguments.server.log = Log;
  const sigset_t signals = BlockSignals();
  const absl::Status made = MakeRegistry(arguments);
  if (!made.ok()) {
    Log(made.message());
    return 1;
  }
  const auto server = am::control::RegistryServer::Start(arguments.server);
  if (!server.ok()) {
    Log(server.status().message());
    return 1;
  }
  std::printf("am_registry listens on %s\n", (*server)->address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}
