#include "tools/amctl/session.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "am/handler_id.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/near_names.h"

namespace am::amctl {
namespace {

constexpr char kNoTarget[] =
    "where? give --registry HOST:PORT (or set AM_REGISTRY), or --node "
    "HOST:PORT, the control address of one instance";

// Of those who serve a handler.
constexpr int kSomeInstances = 16;

// Such as "tcp://127.0.0.1:5555".
bool IsDataAddress(absl::string_view address) {
  return absl::StrContains(address, "://");
}

std::vector<std::string> HandlersOf(
    const std::vector<v1::Instance>& instances) {
  std::vector<std::string> names;
  for (const v1::Instance& instance : instances) {
    for (const v1::HandlerInfo& handler : instance.handlers()) {
      names.push_back(handler.name());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool HasGrpc(const v1::Instance& instance) {
  return !instance.control_address().empty();
}

bool Mentions(const v1::Instance& instance, const std::string& symbol) {
  const auto& handlers = instance.handlers();
  return std::any_of(handlers.begin(), handlers.end(),
                     [&](const v1::HandlerInfo& handler) {
                       return absl::StartsWith(handler.name(), symbol + "/") ||
                              handler.input_type() == symbol ||
                              handler.output_type() == symbol;
                     });
}

// Whether nobody listens; otherwise somebody may, who does not understand us.
bool IsRefused(const absl::Status& status) {
  return absl::StrContains(status.message(), "Connection refused");
}

}  // namespace

control::GrpcCaller::Options Session::options() const {
  return {.timeout = flags_.timeout, .stop = stop_};
}

absl::StatusOr<std::unique_ptr<control::GrpcCaller>> Session::Connect(
    const std::string& address) const {
  if (IsDataAddress(address)) {
    return Fail(ExitCode::kUsage,
                absl::StrCat(address,
                             " is for --plane zmq; gRPC needs the HOST:PORT of "
                             "a control server"));
  }
  auto caller = control::GrpcCaller::Make(address, flags_.tls);
  if (caller.ok()) return caller;
  return Fail(ExitCode::kUsage, caller.status().message());
}

absl::StatusOr<control::GrpcCaller*> Session::Registry() {
  if (registry_ != nullptr) return registry_.get();
  if (flags_.registry.empty()) return Fail(ExitCode::kUsage, kNoTarget);
  auto caller = Connect(flags_.registry);
  if (!caller.ok()) return caller.status();
  registry_ = *std::move(caller);
  return registry_.get();
}

absl::StatusOr<std::vector<v1::Instance>> Session::Instances(
    const v1::InstanceFilter& filter) {
  const auto registry = Registry();
  if (!registry.ok()) return registry.status();
  std::vector<v1::Instance> all;
  v1::ListRequest request;
  *request.mutable_filter() = filter;
  do {
    auto page =
        Ask<v1::ListResponse>(**registry, "am.v1.Registry/List", request);
    if (!page.ok()) return page.status();
    for (v1::Instance& instance : *page->mutable_instances()) {
      all.push_back(std::move(instance));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return all;
}

absl::StatusOr<Node> Session::Find(const std::string& text) {
  if (!uses_registry()) return FindByAddress(text);
  absl::StatusOr<std::vector<v1::Instance>> all = Instances();
  if (!all.ok()) return all.status();
  if (text.empty() && all->size() == 1) return Open(std::move(all->front()));
  if (text.empty()) {
    std::vector<std::string> names;
    for (const v1::Instance& instance : *all) {
      if (names.size() < 10) names.push_back(NameOrId(instance.peer()));
    }
    return Fail(ExitCode::kUsage,
                all->empty() ? "nobody is registered"
                             : absl::StrCat("which instance? for example ",
                                            absl::StrJoin(names, ", ")));
  }
  absl::StatusOr<v1::Instance> chosen = Choose(text, *all);
  if (!chosen.ok()) return chosen.status();
  return Open(*std::move(chosen));
}

absl::StatusOr<Node> Session::FindWithGrpc(const std::string& text) {
  if (IsDataAddress(flags_.node)) return Connect(flags_.node).status();
  absl::StatusOr<Node> node = Find(text);
  if (!node.ok() || node->caller != nullptr) return node;
  return Fail(ExitCode::kUsage,
              absl::StrCat(Title(node->record.peer()),
                           " has no gRPC server to ask: its program makes no "
                           "ControlServer"));
}

// The registry decides whom, and is not asked for its reason.
absl::StatusOr<Node> Session::FindWithHandler(const std::string& full_name) {
  const auto registry = Registry();
  if (!registry.ok()) return registry.status();
  v1::ResolveRequest request;
  request.set_handler_name(full_name);
  request.set_limit(kSomeInstances);
  auto resolved =
      Ask<v1::ResolveResponse>(**registry, "am.v1.Registry/Resolve", request);
  if (resolved.ok() && resolved->instances_size() > 0) {
    auto& instances = *resolved->mutable_instances();
    std::stable_partition(instances.begin(), instances.end(), HasGrpc);
    return OpenAny({instances.begin(), instances.end()});
  }
  if (!resolved.ok() && !absl::IsNotFound(resolved.status())) {
    return resolved.status();
  }
  const auto all = Instances();
  if (!all.ok()) return all.status();
  return Fail(ExitCode::kNotFound,
              absl::StrCat("nobody serves a handler \"", full_name, "\"",
                           DidYouMean(full_name, HandlersOf(*all))));
}

absl::StatusOr<Node> Session::FindWithSymbol(const std::string& full_name) {
  const auto all = Instances();
  if (!all.ok()) return all.status();
  const v1::Instance* found = nullptr;
  for (const v1::Instance& instance : *all) {
    if (!HasGrpc(instance)) continue;
    if (found == nullptr) found = &instance;
    if (!Mentions(instance, full_name)) continue;
    found = &instance;
    break;
  }
  if (found != nullptr) return Open(*found);
  return Fail(ExitCode::kUsage, "nobody who is registered serves gRPC");
}

absl::StatusOr<Node> Session::FindByAddress(const std::string& text) {
  Node node;
  if (IsDataAddress(flags_.node)) {
    node.record.mutable_peer()->add_addresses(flags_.node);
    return node;
  }
  auto caller = Connect(flags_.node);
  if (!caller.ok()) return caller.status();
  node.caller = *std::move(caller);
  auto self = Ask<v1::PeerInfo>(*node.caller, "am.v1.Node/Discover",
                                v1::DiscoverRequest());
  if (!self.ok()) return self.status();
  *node.record.mutable_peer() = *std::move(self);
  node.record.set_control_address(flags_.node);
  if (text.empty()) return node;
  const auto chosen = Choose(text, {node.record});
  if (chosen.ok()) return node;
  return Fail(ExitCode::kNotFound,
              absl::StrCat(flags_.node, " is ", Title(node.record.peer()),
                           ", and not \"", text, "\""));
}

absl::StatusOr<Node> Session::Open(v1::Instance record) const {
  Node node;
  node.record = std::move(record);
  if (node.record.control_address().empty()) return node;
  auto caller = Connect(node.record.control_address());
  if (!caller.ok()) return caller.status();
  node.caller = *std::move(caller);
  return node;
}

// The registry may know some who have just died.
absl::StatusOr<Node> Session::OpenAny(std::vector<v1::Instance> records) {
  absl::Status unreached;
  for (v1::Instance& record : records) {
    absl::StatusOr<Node> node = Open(std::move(record));
    if (!node.ok() || node->caller == nullptr) return node;
    const auto self = Ask<v1::PeerInfo>(*node->caller, "am.v1.Node/Discover",
                                        v1::DiscoverRequest());
    if (!control::WasNotReached(self.status())) return node;
    unreached = self.status();
  }
  return unreached;
}

std::string Session::AboutTls() const {
  return flags_.tls.ca.empty()
             ? "If it has TLS, give --tls_ca."
             : "It may have no TLS, or not trust your --tls_certificate.";
}

absl::Status Session::Explain(const absl::Status& status,
                              const control::GrpcCaller& server) const {
  if (absl::IsDeadlineExceeded(status)) {
    return WithMessage(status,
                       absl::StrCat(server.address(), " did not answer within ",
                                    absl::FormatDuration(flags_.timeout)));
  }
  const bool is_registry = &server == registry_.get();
  if (is_registry && absl::IsUnimplemented(status)) {
    return Fail(ExitCode::kUsage,
                absl::StrCat("no registry serves at ", server.address(),
                             "; if it is an instance, give it as --node"));
  }
  if (!control::WasNotReached(status)) return status;
  std::string text =
      absl::StrCat("nothing answers at ", server.address(), ": ",
                   IsRefused(status) ? "connection refused" : status.message());
  if (is_registry) {
    absl::StrAppend(&text, "\n  Start a registry there: am_registry --listen ",
                    server.address(),
                    "\n  or say where there is one: --registry, AM_REGISTRY");
  } else if (server.address() == flags_.node) {
    absl::StrAppend(
        &text,
        "\n  An instance answers there if its program makes a ControlServer; "
        "what it prints, or\n  `amctl instances --registry HOST:PORT`, tells "
        "the address.");
  } else {
    absl::StrAppend(&text,
                    "\n  The registry knows that address: its process may just "
                    "have died, or be on a host that this one cannot reach.");
  }
  if (!IsRefused(status)) absl::StrAppend(&text, "\n  ", AboutTls());
  return WithMessage(status, text);
}

}  // namespace am::amctl
