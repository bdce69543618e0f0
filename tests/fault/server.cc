#include "tests/fault/server.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "am/examples/or_die.h"

namespace am::fault {
namespace {

using examples::OrDie;

class Handlers {
 public:
  Handlers(const ServerOptions& options, InstanceId self)
      : options_(options), self_(self) {}

  void Register(Manager& manager) {
    using In = const std::string&;
    const auto note = [this](Context&, In in) { Run(in); };
    OrDie(manager.RegisterNoReturn("note", note));
    OrDie(manager.RegisterNoReturn("in_order", note, {.ordered = true}));
    OrDie(manager.RegisterAck("check", [this](Context&, In in) {
      Run(in);
      return absl::OkStatus();
    }));
    OrDie(manager.RegisterResponse(
        "twice", [this](Context&, In in) -> absl::StatusOr<std::string> {
          Run(in);
          return absl::StrCat(in, in);
        }));
  }

 private:
  void Run(absl::string_view payload) const {
    options_.work();
    options_.ran->Append({FromPayload(payload), self_.value()});
  }

  const ServerOptions& options_;
  const InstanceId self_;
};

}  // namespace

std::string ToPayload(std::uint64_t operation, std::size_t bytes) {
  std::string payload(bytes, '\0');
  std::memcpy(payload.data(), &operation, sizeof(operation));
  return payload;
}

std::uint64_t FromPayload(absl::string_view payload) {
  std::uint64_t operation = 0;
  if (payload.size() < sizeof(operation)) return 0;
  std::memcpy(&operation, payload.data(), sizeof(operation));
  return operation;
}

int Serve(const ServerOptions& options) {
  const Signals signals;
  const auto manager = OrDie(MakeInstance(options.instance));
  Handlers handlers(options, manager->instance_id());
  handlers.Register(*manager);
  TellAddress(*manager);
  signals.ActUntilTerm(options.actions);
  return manager->Shutdown().ok() ? 0 : 1;
}

}  // namespace am::fault
