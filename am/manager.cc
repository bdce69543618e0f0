#include "am/manager.h"

#include <algorithm>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "am/announcer.h"
#include "am/driver/threaded_driver.h"
#include "am/node.h"
#include "am/node_service.h"
#include "am/transport/mutex.h"
#include "am/transport/shm_transport.h"
#include "am/transport/zmq_transport.h"

namespace am {
namespace {

// What a frame may hold beside one message of the largest size: others that
// were gathered before it, metadata and headers.
constexpr std::size_t kFrameSlack = 256 * 1024;

absl::Status CheckOptions(const ManagerOptions& options) {
  const ExecutionOptions& execution = options.execution;
  if (execution.min_threads < 1 ||
      execution.max_threads < execution.min_threads) {
    return absl::InvalidArgumentError(
        "execution: needs 1 <= min_threads <= max_threads");
  }
  if (execution.max_threads < 2) {
    return absl::InvalidArgumentError(
        "execution.max_threads must be 2 at least: one of them receives, and "
        "the others run what may block");
  }
  if (execution.max_concurrency < 0) {
    return absl::InvalidArgumentError(
        "execution.max_concurrency is negative; 0 means no limit");
  }
  if (options.link.window_messages == 0 || options.link.window_bytes == 0 ||
      options.link.queue_messages == 0 || options.link.queue_bytes == 0) {
    return absl::InvalidArgumentError(
        "link: windows and queues must be larger than 0");
  }
  return absl::OkStatus();
}

// What carries messages, and whether it can share memory with peers.
struct Carrier {
  std::shared_ptr<transport::Transport> transport;
  bool shares_memory = false;
};

// Rather than where it can be done.
bool MustShareMemory(const ManagerOptions& options) {
  return absl::c_any_of(options.listen, [](const std::string& address) {
    return absl::StartsWith(address, "shm://");
  });
}

void LogNotShared(const ManagerOptions& options, const absl::Status& why) {
  if (options.log == nullptr) return;
  options.log(absl::StrCat("memory is not shared with peers: ", why.message()));
}

absl::StatusOr<Carrier> MakeCarrier(const ManagerOptions& options) {
  if (options.transport != nullptr) return Carrier{options.transport};
  transport::ZmqOptions zmq;
  zmq.max_frame_bytes = options.max_message_bytes + kFrameSlack;
  zmq.look = options.look;
  zmq.insecure_allow_remote_peers = options.insecure_allow_remote_peers;
  absl::StatusOr<std::unique_ptr<transport::ZmqTransport>> made =
      transport::MakeZmqTransport(zmq);
  if (!made.ok()) return made.status();
  std::shared_ptr<transport::Transport> transport = *std::move(made);
  if (!options.share_memory && !MustShareMemory(options)) {
    return Carrier{std::move(transport)};
  }
  transport::ShmOptions shm;
  shm.look = std::min(shm.look, options.look);
  shm.look_at_other = options.look;
  shm.max_frame_bytes = zmq.max_frame_bytes;
  shm.other = transport;
  absl::StatusOr<std::unique_ptr<transport::Transport>> shared =
      transport::MakeShmTransport(shm);
  if (shared.ok()) return Carrier{*std::move(shared), true};
  if (MustShareMemory(options)) return shared.status();
  LogNotShared(options, shared.status());
  return Carrier{std::move(transport)};
}

// Where the options say to listen.
absl::StatusOr<std::vector<transport::Address>> Wanted(
    const ManagerOptions& options) {
  std::vector<transport::Address> wanted;
  for (const std::string& text : options.listen) {
    absl::StatusOr<transport::Address> address =
        transport::Address::Parse(text);
    if (!address.ok()) return address.status();
    if (address->IsWildcard()) {
      return absl::InvalidArgumentError(absl::StrCat(
          text,
          " names every interface, and nobody could connect back to it; "
          "listen on the address that others shall use"));
    }
    wanted.push_back(*address);
  }
  if (options.transport == nullptr) {
    if (wanted.empty()) {
      wanted.push_back(transport::Address::Tcp("127.0.0.1", 0));
    }
    wanted.push_back(transport::Address::Ipc(""));
  } else if (wanted.empty()) {
    wanted.push_back(transport::Address::InProcess(""));
  }
  return wanted;
}

// Listens there, and returns who we are.
absl::StatusOr<PeerInfo> Listen(const ManagerOptions& options,
                                const Carrier& carrier) {
  const absl::StatusOr<std::vector<transport::Address>> wanted =
      Wanted(options);
  if (!wanted.ok()) return wanted.status();
  PeerInfo self;
  self.id = options.id.is_nobody() ? InstanceId::Random() : options.id;
  self.name = options.name;
  for (const transport::Address& address : *wanted) {
    absl::StatusOr<transport::Address> bound =
        carrier.transport->Listen(address);
    if (!bound.ok()) return bound.status();
    self.addresses.push_back(*bound);
  }
  if (carrier.shares_memory && !MustShareMemory(options)) {
    absl::StatusOr<transport::Address> bound =
        carrier.transport->Listen(transport::Address::Shm(""));
    if (bound.ok()) self.addresses.push_back(*bound);
    if (!bound.ok()) LogNotShared(options, bound.status());
  }
  std::string ipc_path;
  std::string shm_path;
  for (const transport::Address& bound : self.addresses) {
    if (bound.scheme() == transport::Scheme::kIpc) ipc_path = bound.path();
    if (bound.scheme() == transport::Scheme::kShm) shm_path = bound.path();
  }
  self.host = HostIdentity::Of(ipc_path, shm_path);
  return self;
}

}  // namespace

// Owns the parts, in the order in which they need each other, and ends them
// once.
class Manager::Lifetime {
 public:
  Lifetime(const ManagerOptions& options,
           std::shared_ptr<transport::Transport> transport, PeerInfo self)
      : transport_(std::move(transport)),
        clock_(options.clock != nullptr ? *options.clock : steady_clock_),
        node_(options, std::move(self), *transport_,
              options.driver != nullptr
                  ? options.driver
                  : std::make_shared<ThreadedDriver>(*transport_, clock_,
                                                     options.execution),
              clock_),
        node_service_(node_, EndFor(options)),
        announcer_(node_, options) {}

  // Handlers of our own answer until the node has stopped.
  ~Lifetime() {
    on_stop_.reset();
    Shutdown().IgnoreError();
    if (stopper_.joinable()) stopper_.join();
    node_.Stop();
  }

  absl::Status Start(const std::stop_token& stop) {
    absl::Status added = node_.handlers().Add(node_service_.Bindings());
    if (!added.ok()) return added;
    node_.Start();
    announcer_.Start();
    if (stop.stop_possible()) on_stop_.emplace(stop, Stopper{this});
    return absl::OkStatus();
  }

  absl::Status Shutdown() {
    if (!Begin()) return AwaitShutdown();
    announcer_.SetDraining();
    absl::Status drained = node_.Drain();
    announcer_.Leave();
    // A thread that is still in a handler can be waited for only at the end.
    if (node_.dispatcher().active() == 0) node_.Stop();
    MutexLock lock(mutex_);
    result_ = drained;
    ended_.NotifyAll();
    return drained;
  }

  absl::Status AwaitShutdown() {
    MutexLock lock(mutex_);
    while (!result_.has_value()) ended_.Wait(mutex_);
    return *result_;
  }

  Node& node() { return node_; }
  Announcer& announcer() { return announcer_; }

 private:
  // Runs on whichever thread requests the stop, which must not wait for it.
  struct Stopper {
    Lifetime* lifetime;
    void operator()() const { lifetime->ShutdownInBackground(); }
  };

  NodeService::End EndFor(const ManagerOptions& options) {
    NodeService::End end;
    if (options.allow_drain_by_peers) {
      end.begin = [this] { ShutdownInBackground(); };
    }
    end.is_over = [this] {
      MutexLock lock(mutex_);
      return result_.has_value();
    };
    return end;
  }

  // True for the one who is to do it.
  bool Begin() {
    MutexLock lock(mutex_);
    return !std::exchange(begun_, true);
  }

  void ShutdownInBackground() {
    MutexLock lock(mutex_);
    if (begun_ || stopper_.joinable()) return;
    stopper_ = std::thread([this] { Shutdown().IgnoreError(); });
  }

  const std::shared_ptr<transport::Transport> transport_;
  const SteadyClock steady_clock_;
  const Clock& clock_;
  Node node_;
  NodeService node_service_;
  Announcer announcer_;

  Mutex mutex_;
  CondVar ended_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> result_ ABSL_GUARDED_BY(mutex_);
  std::thread stopper_;
  std::optional<std::stop_callback<Stopper>> on_stop_;
};

absl::StatusOr<std::unique_ptr<Manager>> Manager::Make(ManagerOptions options) {
  absl::Status checked = CheckOptions(options);
  if (!checked.ok()) return checked;
  absl::StatusOr<Carrier> carrier = MakeCarrier(options);
  if (!carrier.ok()) return carrier.status();
  absl::StatusOr<PeerInfo> self = Listen(options, *carrier);
  if (!self.ok()) return self.status();
  auto lifetime = std::make_unique<Lifetime>(
      options, std::move(carrier->transport), *std::move(self));
  Node& node = lifetime->node();
  absl::Status started = lifetime->Start(options.stop);
  if (!started.ok()) return started;
  return std::unique_ptr<Manager>(new Manager(std::move(lifetime), node));
}

Manager::Manager(std::unique_ptr<Lifetime> lifetime, Node& node)
    : lifetime_(std::move(lifetime)), node_(&node) {}

Manager::~Manager() = default;

InstanceId Manager::instance_id() const { return node_->self().id; }

PeerInfo Manager::peer_info() const { return node_->peers().introduction(); }

std::vector<transport::Address> Manager::addresses() const {
  return node_->self().addresses;
}

Client& Manager::client() { return node_->client(); }

absl::Status Manager::Register(Service& service) {
  return node_->handlers().Add(service.Bindings());
}

absl::Status Manager::Register(HandlerBinding binding) {
  std::vector<HandlerBinding> bindings;
  bindings.push_back(std::move(binding));
  return node_->handlers().Add(std::move(bindings));
}

absl::Status Manager::Deregister(absl::string_view name) {
  const std::string full = FullHandlerName(name);
  if (absl::StartsWith(full, "am.v1.Node/")) {
    return absl::InvalidArgumentError(
        absl::StrCat(full, " is one of the framework's own handlers"));
  }
  return node_->handlers().Remove(full);
}

std::vector<std::string> Manager::ListHandlers() const {
  std::vector<std::string> names;
  for (const auto& handler : node_->handlers().List()) {
    names.emplace_back(handler->spec().name);
  }
  return names;
}

void Manager::OnHandlerEvent(HandlerTable::Listener listener) {
  node_->handlers().AddListener(std::move(listener));
}

void Manager::OnPeerEvent(PeerListener listener) {
  node_->AddPeerListener(std::move(listener));
}

void Manager::OnInstanceEvent(InstanceListener listener) {
  node_->fleet().AddListener(std::move(listener));
}

void Manager::SetControlAddress(std::string address) {
  node_->SetControlAddress(address);
  lifetime_->announcer().SetControlAddress(std::move(address));
}

absl::Status Manager::Shutdown() { return lifetime_->Shutdown(); }

absl::Status Manager::AwaitShutdown() { return lifetime_->AwaitShutdown(); }

std::string Manager::DebugString() const { return node_->DebugString(); }

namespace internal {

MethodSpec BareSpec(absl::string_view full_name, Pattern pattern,
                    const HandlerOptions& options) {
  MethodSpec spec;
  spec.name = full_name;
  spec.id = HandlerId(full_name);
  spec.pattern = pattern;
  spec.max_concurrency = options.max_concurrency;
  spec.ordered = options.ordered;
  spec.execution = options.execution;
  return spec;
}

}  // namespace internal

}  // namespace am
