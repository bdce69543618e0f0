#include "tools/amctl/data_plane.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/message_builder.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/near_names.h"

namespace am::amctl {
namespace {

absl::StatusOr<PeerInfo> ConnectTo(Client& client, const v1::PeerInfo& peer,
                                   absl::Duration timeout) {
  // An address alone, of whom nothing else is known.
  if (peer.id() == 0) return client.Connect(peer.addresses(0), timeout);
  const absl::StatusOr<PeerInfo> info = FromProto(peer);
  if (!info.ok()) return info.status();
  return client.Connect(*info, timeout);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataPlane>> DataPlane::Connect(
    const Flags& flags, const v1::PeerInfo& peer) {
  ManagerOptions options;
  options.name = "amctl";
  options.shutdown_timeout = absl::Seconds(1);
  if (!flags.insecure_listen.empty()) {
    options.listen = {flags.insecure_listen};
    options.insecure_allow_remote_peers = true;
  }
  absl::StatusOr<std::unique_ptr<Manager>> manager =
      Manager::Make(std::move(options));
  if (!manager.ok()) {
    return Fail(ExitCode::kUsage, manager.status().message());
  }
  absl::StatusOr<PeerInfo> connected =
      ConnectTo((*manager)->client(), peer, flags.timeout);
  if (connected.ok()) {
    return std::unique_ptr<DataPlane>(new DataPlane(
        *std::move(manager), *std::move(connected), flags.timeout));
  }
  return Fail(
      ExitCode::kNotReached,
      absl::StrCat(
          "cannot be reached over ZeroMQ: ", connected.status().message(),
          "\n  It connects back to us: from another machine that "
          "needs --insecure_listen tcp://OUR-HOST:0"));
}

absl::StatusOr<v1::ListHandlersResponse> DataPlane::Handlers() {
  return client()
      .Message("am.v1.Node/ListHandlers")
      .Payload(v1::ListHandlersRequest())
      .Timeout(timeout_)
      .Expect<v1::ListHandlersResponse>()
      .Send(peer_.id)
      .Await();
}

absl::StatusOr<v1::HandlerInfo> DataPlane::FindHandler(
    const std::string& full_name) {
  const absl::StatusOr<v1::ListHandlersResponse> list = Handlers();
  if (!list.ok()) return list.status();
  std::vector<std::string> names;
  for (const v1::HandlerInfo& info : list->handlers()) {
    if (info.name() == full_name) return info;
    names.push_back(info.name());
  }
  return Fail(ExitCode::kNotFound,
              absl::StrCat("there is no handler \"", full_name, "\"",
                           DidYouMean(full_name, names)));
}

absl::Status DataPlane::HealthCheck(absl::Duration timeout) {
  return client()
      .Message("am.v1.Node/HealthCheck")
      .Payload(v1::HealthCheckRequest())
      .Timeout(timeout)
      .Expect<v1::HealthCheckResponse>()
      .Send(peer_.id)
      .Await()
      .status();
}

}  // namespace am::amctl
