// How many instances one registry serves: a process of its own, and one client
// that stands for all of them, on this machine.
//
//   tools/dev bench registry
//   tools/dev bench registry --instances 1000
//   tools/dev bench registry --backend etcd    # an etcd of its own beside it
#include <grpcpp/grpcpp.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "am/control/etcd/etcd_backend.h"
#include "am/control/examples/etcd_process.h"
#include "am/control/registry_server.h"
#include "am/control/registry_service.h"
#include "am/control/registry_state.h"
#include "am/examples/child_process.h"
#include "am/transport/mutex.h"
#include "am/v1/registry.grpc.pb.h"

namespace am::bench {
namespace {

constexpr int kChannels = 4;
constexpr int kInFlight = 32;  // registrations on each channel
constexpr absl::Duration kTtl = absl::Minutes(10);

using SteadyTime = std::chrono::steady_clock::time_point;

double SecondsSince(SteadyTime begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

// As a manager with two handlers registers it.
v1::Instance RecordOf(int number) {
  v1::Instance record;
  v1::PeerInfo& peer = *record.mutable_peer();
  peer.set_id(static_cast<std::uint64_t>(number) + 1);
  peer.set_name(absl::StrCat("worker-", number));
  peer.add_addresses(absl::StrFormat("tcp://10.%d.%d.%d:5555", number >> 16,
                                     (number >> 8) & 255, number & 255));
  peer.add_addresses(absl::StrCat("ipc:///tmp/am.", number, "/data.sock"));
  peer.set_boot_id("6a0f4c3e-6d2a-4b58-9d63-2f6f7e0f6a11");
  (*record.mutable_labels())["zone"] = absl::StrCat("zone-", number % 3);
  for (const char* const name :
       {"am.v1.Handlers/compute", "am.v1.Node/AwaitHandler",
        "am.v1.Node/Describe", "am.v1.Node/Discover", "am.v1.Node/HealthCheck",
        "am.v1.Node/ListHandlers", "inference.v1.Inference/Compute"}) {
    v1::HandlerInfo& handler = *record.add_handlers();
    handler.set_name(name);
    handler.set_pattern(v1::HANDLER_PATTERN_RESPONSE);
    handler.set_input_type("inference.v1.ComputeRequest");
    handler.set_output_type("inference.v1.ComputeResult");
    handler.set_schema_fingerprint(0x0123456789abcdef);
  }
  record.set_min_protocol(1);
  record.set_max_protocol(1);
  return record;
}

std::unique_ptr<v1::Registry::Stub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::Registry::NewStub(grpc::CreateCustomChannel(
      address, grpc::InsecureChannelCredentials(), arguments));
}

// Registers every instance, some at a time, and keeps their epochs.
class Registrar {
 public:
  Registrar(const std::string& address, int instances)
      : epochs_(static_cast<std::size_t>(instances)) {
    for (int i = 0; i < kChannels; ++i) stubs_.push_back(Connect(address));
  }

  // False: at least one was refused.
  bool Run() {
    for (int i = 0; i < kChannels * kInFlight; ++i) Next(i % kChannels);
    MutexLock lock(mutex_);
    while (done_ < epochs_.size()) all_.Wait(mutex_);
    return !failed_;
  }

  const std::vector<std::uint64_t>& epochs() const { return epochs_; }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::RegisterRequest request;
    v1::RegisterResponse response;
  };

  void Next(int channel) {
    std::size_t number;
    {
      MutexLock lock(mutex_);
      if (begun_ == epochs_.size()) return;
      number = begun_++;
    }
    auto call = std::make_shared<Call>();
    *call->request.mutable_instance() = RecordOf(static_cast<int>(number));
    call->request.mutable_ttl()->set_seconds(absl::ToInt64Seconds(kTtl));
    stubs_[static_cast<std::size_t>(channel)]->async()->Register(
        &call->context, &call->request, &call->response,
        [this, call, number, channel](const grpc::Status& status) {
          Done(number, status.ok(), call->response.epoch());
          Next(channel);
        });
  }

  void Done(std::size_t number, bool ok, std::uint64_t epoch) {
    MutexLock lock(mutex_);
    epochs_[number] = epoch;
    failed_ = failed_ || !ok;
    if (++done_ == epochs_.size()) all_.NotifyAll();
  }

  std::vector<std::unique_ptr<v1::Registry::Stub>> stubs_;
  std::vector<std::uint64_t> epochs_;
  Mutex mutex_;
  CondVar all_;
  std::size_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

// A registry on etcd answers once it has reached that.
bool AwaitRegistry(v1::Registry::Stub& stub) {
  const SteadyTime begin = std::chrono::steady_clock::now();
  while (SecondsSince(begin) < 20) {
    grpc::ClientContext context;
    v1::WatchResponse response;
    const auto stream = stub.Watch(&context, {});
    const bool answers = stream->Read(&response);
    context.TryCancel();
    stream->Finish();
    if (answers) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// Reads a watch from before the first registration until it has seen them all.
int WatchAll(v1::Registry::Stub& stub, int instances,
             const std::function<void()>& on_begun) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::minutes(2));
  const auto stream = stub.Watch(&context, {});
  v1::WatchResponse response;
  if (!stream->Read(&response)) return 0;
  on_begun();
  int seen = 0;
  while (seen < instances && stream->Read(&response)) {
    seen += response.events_size();
  }
  context.TryCancel();
  stream->Finish();
  return seen;
}

// Seconds for one round of all leases; negative if one was not there.
double KeepAliveAll(const std::string& address,
                    const std::vector<std::uint64_t>& epochs) {
  const SteadyTime begin = std::chrono::steady_clock::now();
  std::vector<std::thread> streams;
  std::vector<char> ok(kChannels, true);
  for (std::size_t part = 0; part < kChannels; ++part) {
    streams.emplace_back([&, part] {
      const auto stub = Connect(address);
      grpc::ClientContext context;
      const auto stream = stub->KeepAlive(&context);
      std::thread writer([&, part] {
        v1::KeepAliveRequest request;
        for (std::size_t i = part; i < epochs.size(); i += kChannels) {
          request.set_id(i + 1);
          request.set_epoch(epochs[i]);
          stream->Write(request);
        }
        stream->WritesDone();
      });
      v1::KeepAliveResponse response;
      std::size_t answers = 0;
      while (stream->Read(&response)) answers += response.has_ttl();
      writer.join();
      const std::size_t expected =
          (epochs.size() - part + kChannels - 1) / kChannels;
      ok[part] = stream->Finish().ok() && answers == expected;
    });
  }
  for (std::thread& stream : streams) stream.join();
  const bool all =
      std::all_of(ok.begin(), ok.end(), [](char is) { return is; });
  return all ? SecondsSince(begin) : -1;
}

// Seconds to list everybody; negative if somebody is missing.
double ListAll(v1::Registry::Stub& stub, int instances) {
  const SteadyTime begin = std::chrono::steady_clock::now();
  v1::ListRequest request;
  int listed = 0;
  do {
    grpc::ClientContext context;
    v1::ListResponse response;
    if (!stub.List(&context, request, &response).ok()) return -1;
    listed += response.instances_size();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return listed == instances ? SecondsSince(begin) : -1;
}

double ResidentKiB(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/statm"));
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

// What the state alone takes for each, in KiB; nothing if that cannot be told,
// since malloc is not glibc's (under sanitizers it is not).
std::optional<double> HeapKiB(int instances) {
  const std::size_t before = mallinfo2().uordblks;
  control::RegistryState state({}, 1, 1);
  for (int i = 0; i < instances; ++i) {
    if (!state.Register(RecordOf(i), kTtl, absl::UnixEpoch()).ok()) return 0;
  }
  const std::size_t after = mallinfo2().uordblks;
  if (after <= before) return std::nullopt;
  return static_cast<double>(after - before) / 1024 / instances;
}

struct Figures {
  double register_s = 0;
  double keep_alive_s = 0;
  double list_s = 0;
  double resident_kib = 0;
  int seen = 0;
  bool ok = false;
};

Figures Measure(const std::string& address, pid_t server, int instances) {
  Figures figures;
  const auto stub = Connect(address);
  if (!AwaitRegistry(*stub)) return figures;
  Mutex mutex;
  CondVar changed;
  bool watching = false;
  std::thread watcher([&] {
    figures.seen = WatchAll(*stub, instances, [&] {
      MutexLock lock(mutex);
      watching = true;
      changed.NotifyAll();
    });
  });
  {
    MutexLock lock(mutex);
    while (!watching) changed.Wait(mutex);
  }
  const double before = ResidentKiB(server);
  Registrar registrar(address, instances);
  const SteadyTime begin = std::chrono::steady_clock::now();
  figures.ok = registrar.Run();
  figures.register_s = SecondsSince(begin);
  watcher.join();
  figures.keep_alive_s = KeepAliveAll(address, registrar.epochs());
  for (int i = 0; i < 5; ++i) {
    const double one = ListAll(*stub, instances);
    figures.list_s = i == 0 ? one : std::min(figures.list_s, one);
  }
  figures.resident_kib = (ResidentKiB(server) - before) / instances;
  return figures;
}

// What the registry keeps its instances in: "memory", "etcd" or a URL.
struct Backend {
  std::unique_ptr<control::examples::EtcdProcess> etcd;  // of our own, or null
  std::string flag;
};

absl::StatusOr<Backend> StartBackend(const std::string& name) {
  Backend backend{nullptr, name};
  if (name != "etcd") return backend;
  auto etcd = control::examples::EtcdProcess::Start();
  if (!etcd.ok()) return etcd.status();
  backend.etcd = *std::move(etcd);
  backend.flag = absl::StrCat("etcd://", backend.etcd->address());
  return backend;
}

void PrintSetting(int instances, const std::string& backend) {
  std::printf(
      "%d instances stood for by one process: %d channels with %d\n"
      "registrations in flight on each, %d KeepAlive streams, one watcher; "
      "the\n"
      "registry is a process of its own on the same machine, and keeps them "
      "in\n"
      "%s\n",
      instances, kChannels, kInFlight, kChannels,
      backend == "memory" ? "its memory"
                          : "etcd, another one (its data in the temporary "
                            "folder)");
}

void PrintFigures(const Figures& figures, double n,
                  std::optional<double> heap) {
  std::printf(
      "  registrations     %8.0f /s\n"
      "  seen by a watcher %8.1f %%\n"
      "  keep-alives       %8.0f /s\n"
      "  list of all       %8.1f ms (best of 5)\n"
      "  resident          %8.2f KiB an instance\n",
      n / figures.register_s, 100.0 * figures.seen / n,
      n / figures.keep_alive_s, 1000 * figures.list_s, figures.resident_kib);
  if (heap.has_value()) {
    std::printf("  heap of the state %8.2f KiB an instance\n", *heap);
  } else {
    std::printf("  heap of the state not measured: malloc is not glibc's\n");
  }
}

int Client(int instances, const std::string& backend_name) {
  const std::optional<double> heap = HeapKiB(instances);
  const absl::StatusOr<Backend> backend = StartBackend(backend_name);
  if (!backend.ok()) {
    std::fprintf(stderr, "registry: no etcd (Debian: etcd-server)\n");
    return 1;
  }
  auto server = examples::ChildProcess::Start(
      {"/proc/self/exe", "--serve", "--backend", backend->flag});
  if (!server.ok()) return 1;
  const auto address = server->ReadLine(absl::Seconds(20));
  if (!address.ok()) return 1;
  const Figures figures = Measure(*address, server->pid(), instances);
  PrintSetting(instances, backend_name);
  PrintFigures(figures, instances, heap);
  const bool ok = figures.ok && figures.seen == instances &&
                  heap.value_or(1) > 0 && figures.keep_alive_s > 0 &&
                  figures.list_s > 0 && server->Stop(absl::Seconds(20)).ok();
  if (!ok) std::fprintf(stderr, "registry: an operation has failed\n");
  return ok ? 0 : 1;
}

absl::StatusOr<control::RegistryServer::Options> ServerOptions(
    const std::string& backend) {
  control::RegistryServer::Options options;
  if (backend == "memory") return options;
  const auto etcd = control::ParseEtcdUrl(backend);
  if (!etcd.ok()) return etcd.status();
  auto made = control::MakeEtcdBackend(*etcd);
  if (!made.ok()) return made.status();
  options.control.registry = control::RegistryService::Make(*std::move(made));
  return options;
}

int Serve(const std::string& backend) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const auto options = ServerOptions(backend);
  if (!options.ok()) return 1;
  const auto server = control::RegistryServer::Start(*options);
  if (!server.ok()) return 1;
  std::printf("%s\n", (*server)->address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace am::bench

int main(int argc, char** argv) {
  CLI::App app("Measures a registry.");
  int instances = 10'000;
  std::string backend = "memory";
  bool serve = false;
  app.add_option("--instances", instances, "how many are registered")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--backend", backend,
                 "memory, etcd (one of its own), or etcd://host:port")
      ->capture_default_str();
  app.add_flag("--serve", serve, "be the registry")->group("");
  CLI11_PARSE(app, argc, argv);
  return serve ? am::bench::Serve(backend)
               : am::bench::Client(instances, backend);
}
