// Manager: an instance. It listens, has handlers, and gives out clients.
//
// A server, in order:
//   1. absl::StatusOr<std::unique_ptr<am::Manager>> manager =
//          am::Manager::Make({.listen = {"tcp://127.0.0.1:5555"}});
//   2. (*manager)->Register(service);           // derived from generated code
//      (*manager)->RegisterResponse("compute", [](am::Context&,
//          const std::string& in) -> absl::StatusOr<std::string> {...});
//   3. (*manager)->AwaitShutdown();             // until Shutdown, or the stop
//                                               // token of the options
//
// A client, in order:
//   1. Make, as above; it listens too: replies come back that way.
//   2. (*manager)->client().Connect("tcp://127.0.0.1:5555")
//   3. InferenceAm::Client stub((*manager)->client(), peer->id);
//      stub.Compute(request).Await();
//
// Threads: any, but for the destructor. Handlers run as soon as they are
// registered: on the receiving thread or on the worker pool, several at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "am/client.h"
#include "am/directory.h"
#include "am/dispatch/handler_table.h"
#include "am/handler.h"
#include "am/manager_options.h"
#include "am/named_handler.h"
#include "am/peer_event.h"
#include "am/peer_info.h"
#include "am/service.h"

namespace am {

class Manager {
 public:
  // INVALID_ARGUMENT: an option is wrong, and how. PERMISSION_DENIED: an
  // address that is not loopback, without the option for it. ALREADY_EXISTS:
  // somebody listens on an address. UNAVAILABLE: the system refused.
  static absl::StatusOr<std::unique_ptr<Manager>> Make(
      ManagerOptions options = {});

  // Shuts down, if that has not happened, and waits for handlers that Shutdown
  // gave up. Not from one of its own threads.
  ~Manager();

  InstanceId instance_id() const;
  PeerInfo peer_info() const;

  // Where it listens, with the real ports; tcp first.
  std::vector<transport::Address> addresses() const;

  // Valid for as long as the manager.
  Client& client();

  // -- Handlers --------------------------------------------------------------

  // Adds every method of a service, which must outlive Shutdown.
  // ALREADY_EXISTS: a name is taken, or two names have one id; then none is
  // added.
  absl::Status Register(Service& service);

  // Adds one handler for a generated method token; `function` as in
  // am/handler.h.
  template <typename Request, typename Response, Pattern pattern, typename F>
  absl::Status Register(const Method<Request, Response, pattern>& method,
                        F function) {
    return Register(Bind(method, std::move(function)));
  }

  // Adds a handler written as a class; see am/named_handler.h.
  template <std::derived_from<NamedHandler> H>
  absl::Status Register(std::shared_ptr<H> handler);

  // Adds a handler under a bare name, such as "compute". `Request` is what the
  // function's second parameter refers to: a protobuf message, or std::string
  // or absl::string_view for the bytes as they are (am/handler.h). `function`
  // may be a coroutine.
  //
  //   RegisterNoReturn<Entry>("log", [](Context&, const Entry& e) {...});
  //   RegisterAck<Batch>("validate", [](Context&, const Batch& b) {
  //     return absl::OkStatus(); });
  //   RegisterResponse<In, Out>("compute", [](Context&, const In& in)
  //     -> absl::StatusOr<Out> {...});
  template <typename Request = std::string, typename F>
  absl::Status RegisterNoReturn(absl::string_view name, F function,
                                const HandlerOptions& options = {});
  template <typename Request = std::string, typename F>
  absl::Status RegisterAck(absl::string_view name, F function,
                           const HandlerOptions& options = {});
  template <typename Request = std::string, typename Response = std::string,
            typename F>
  absl::Status RegisterResponse(absl::string_view name, F function,
                                const HandlerOptions& options = {});

  absl::Status Register(HandlerBinding binding);

  // Removes a handler by its bare or full name; NOT_FOUND if there is none.
  // New messages for it end with UNIMPLEMENTED, what runs goes on.
  absl::Status Deregister(absl::string_view name);

  // Full names, in order; the framework's own (am.v1.Node) among them.
  std::vector<std::string> ListHandlers() const;

  // `listener` hears of each handler added or removed from now on, on the
  // thread that did it. It must not register handlers itself.
  void OnHandlerEvent(HandlerTable::Listener listener);

  // -- Peers -----------------------------------------------------------------

  // `listener` hears of each change in how a peer is seen, from now on.
  void OnPeerEvent(PeerListener listener);

  // `listener` hears of each instance that the directory
  // (ManagerOptions::directory) comes to know, and of its changes and end.
  void OnInstanceEvent(InstanceListener listener);

  // Says where this process serves gRPC, "host:port": tells the directory, and
  // peers that connect from now on.
  void SetControlAddress(std::string address);

  // -- The end ---------------------------------------------------------------

  // Tells peers, drains and closes; see ManagerOptions. Blocks until done. OK,
  // or DEADLINE_EXCEEDED with what had not ended in time: then the contexts of
  // the handlers that still run are cancelled, and their replies are lost if
  // that takes longer than a second. Calling it again returns the same. Not
  // from a handler.
  absl::Status Shutdown();

  // Blocks until the manager has been shut down, by whomever.
  absl::Status AwaitShutdown();

  // What it does and has done, for people: peers, ledgers, refusals.
  std::string DebugString() const;

  // For parts of the framework.
  Node& node() { return *node_; }

 private:
  class Lifetime;

  Manager(std::unique_ptr<Lifetime> lifetime, Node& node);

  std::unique_ptr<Lifetime> lifetime_;
  Node* node_;
};

// -- Implementation ----------------------------------------------------------

namespace internal {

// `full_name` must outlive the spec, and the binding made of it, until it is
// added.
MethodSpec BareSpec(absl::string_view full_name, Pattern pattern,
                    const HandlerOptions& options);

template <typename Request, typename Response, Pattern pattern, typename F>
HandlerBinding BindBare(const std::string& full_name, F function,
                        const HandlerOptions& options) {
  MethodSpec spec = BareSpec(full_name, pattern, options);
  spec.input_type = TypeName<Request>();
  if constexpr (pattern == Pattern::kResponse) {
    spec.output_type = TypeName<Response>();
  }
  return Bind(Method<Request, Response, pattern>{spec}, std::move(function));
}

}  // namespace internal

template <typename Request, typename F>
absl::Status Manager::RegisterNoReturn(absl::string_view name, F function,
                                       const HandlerOptions& options) {
  const std::string full = FullHandlerName(name);
  return Register(internal::BindBare<Request, void, Pattern::kNoReturn>(
      full, std::move(function), options));
}

template <typename Request, typename F>
absl::Status Manager::RegisterAck(absl::string_view name, F function,
                                  const HandlerOptions& options) {
  const std::string full = FullHandlerName(name);
  return Register(internal::BindBare<Request, void, Pattern::kAck>(
      full, std::move(function), options));
}

template <typename Request, typename Response, typename F>
absl::Status Manager::RegisterResponse(absl::string_view name, F function,
                                       const HandlerOptions& options) {
  const std::string full = FullHandlerName(name);
  return Register(internal::BindBare<Request, Response, Pattern::kResponse>(
      full, std::move(function), options));
}

template <std::derived_from<NamedHandler> H>
absl::Status Manager::Register(std::shared_ptr<H> handler) {
  const std::string full = FullHandlerName(handler->name());
  const HandlerOptions options = handler->options();
  return Register(internal::BindBare<typename H::Request, typename H::Response,
                                     H::kPattern>(
      full,
      [handler = std::move(handler)](Context& context,
                                     const typename H::Request& request) {
        return handler->Handle(context, request);
      },
      options));
}

}  // namespace am
