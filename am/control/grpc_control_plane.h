// The control plane of an instance as a client (am/control_plane.h): what a
// manager is given so that its calls can go over gRPC.
//
//   am::ManagerOptions options;
//   options.control_plane = *am::control::MakeGrpcControlPlane();
//   auto manager = am::Manager::Make(options);
//   InferenceAm::Client stub((*manager)->client(), peer);
//   stub.Compute(request, {.plane = am::Plane::kControl}).Await();
//
// The peer needs a ControlServer (am/control/control_server.h). Where that is,
// the directory tells, the peer itself when it connects, or whoever asks it by
// Client::ConnectControl.
//
// One channel for each server, kept for the next call; it is connected by the
// first, and a broken one connects again with waits of a second at the most,
// in which calls end with UNAVAILABLE at once. No threads but gRPC's.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "am/control/tls_client_files.h"
#include "am/control_plane.h"

namespace am::control {

// May serve several managers. INVALID_ARGUMENT: the files of TLS are not whole
// now. Those that change later are taken over by new connections, of which
// there can be none while they are not whole.
absl::StatusOr<std::shared_ptr<ControlPlane>> MakeGrpcControlPlane(
    const TlsClientFiles& tls = {});

}  // namespace am::control
