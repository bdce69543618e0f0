#include "am/control/examples/playground/member_handlers.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "am/examples/inference.pb.h"
#include "am/examples/or_die.h"
#include "am/wire/duration_proto.h"
#include "google/protobuf/duration.pb.h"
#include "tools/amctl/pause.h"

namespace am::playground {
namespace {

using examples::OrDie;

absl::StatusOr<std::string> Shout(Context&, const std::string& text) {
  return absl::AsciiStrToUpper(text);
}

absl::Status Nap(Context& context, const google::protobuf::Duration& length) {
  const absl::Duration nap = std::min(FromProto(length), absl::Seconds(10));
  if (amctl::Pause(nap, context.stop_token())) return absl::OkStatus();
  return absl::CancelledError("woken up");
}

}  // namespace

void RegisterAll(Manager& manager, examples::Greeter& greeter) {
  OrDie(manager.Register(greeter));
  OrDie(manager.RegisterResponse("shout", Shout));
  OrDie(manager.RegisterAck<google::protobuf::Duration>("nap", Nap));
  OrDie(manager.RegisterNoReturn<::examples::LogEntry>(
      "tick", [](Context&, const ::examples::LogEntry&) {}));
}

}  // namespace am::playground
