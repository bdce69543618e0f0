#include "tools/amctl/data_plane_call.h"

#include <stop_token>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "am/clock.h"
#include "am/message_builder.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/pause.h"

namespace am::amctl {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(1);

// Nothing answers a one-way message but the account of it.
absl::StatusOr<std::string> AwaitAccount(DataPlane& plane,
                                         absl::Duration timeout) {
  const SteadyClock clock;
  const absl::Time deadline = clock.Now() + timeout;
  for (;;) {
    const absl::StatusOr<Ledger> ledger =
        plane.client().LedgerOf(plane.peer().id);
    if (!ledger.ok()) return ledger.status();
    if (ledger->received.delivered == 1) return "{}";
    if (ledger->in_flight() == 0) {
      return Fail(ExitCode::kFailed, absl::StrCat("the message was not "
                                                  "delivered: ",
                                                  ledger->ToString()));
    }
    if (clock.Now() >= deadline) {
      return Fail(ExitCode::kTimeout,
                  absl::StrCat("the message was not accounted for within ",
                               absl::FormatDuration(timeout)));
    }
    Pause(kPoll, std::stop_token());
  }
}

absl::Status AddRequest(const v1::HandlerInfo& handler,
                        const CallRequest& request, MessageBuilder& message) {
  if (!handler.input_type().empty()) {
    const std::string text = request.text();
    message.JsonPayload(absl::string_view(text.empty() ? "{}" : text));
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> bytes = request.Bytes();
  if (bytes.ok()) message.Payload(*bytes);
  return bytes.status();
}

absl::StatusOr<std::string> AwaitResponse(const v1::HandlerInfo& handler,
                                          const MessageBuilder& message,
                                          InstanceId peer) {
  absl::StatusOr<std::string> response =
      message.Expect<std::string>().Send(peer).Await();
  // Bytes are answered by what stands for bytes, or for a message in its binary
  // form.
  const bool is_json =
      !handler.input_type().empty() && !handler.output_type().empty();
  if (!response.ok() || is_json) return response;
  return absl::StrCat("\"", absl::Base64Escape(*response), "\"");
}

absl::StatusOr<std::string> Send(DataPlane& plane,
                                 const v1::HandlerInfo& handler,
                                 const MessageBuilder& message,
                                 absl::Duration timeout) {
  const InstanceId peer = plane.peer().id;
  switch (handler.pattern()) {
    case v1::HANDLER_PATTERN_NO_RETURN: {
      const absl::Status queued = message.SendDetached(peer);
      if (!queued.ok()) return queued;
      return AwaitAccount(plane, timeout);
    }
    case v1::HANDLER_PATTERN_ACK: {
      const absl::Status done = message.SendAndConfirm(peer).Await();
      if (!done.ok()) return done;
      return "{}";
    }
    default:
      return AwaitResponse(handler, message, peer);
  }
}

}  // namespace

absl::StatusOr<std::string> CallOnDataPlane(
    DataPlane& plane, const std::string& full_name, const CallRequest& request,
    absl::Duration timeout,
    const std::map<std::string, std::string>& metadata) {
  const absl::StatusOr<v1::HandlerInfo> handler = plane.FindHandler(full_name);
  if (!handler.ok()) return handler.status();
  MessageBuilder message = plane.client().Message(full_name);
  message.Timeout(timeout);
  for (const auto& [key, value] : metadata) message.AddMetadata(key, value);
  const absl::Status added = AddRequest(*handler, request, message);
  if (!added.ok()) return added;
  absl::StatusOr<std::string> response =
      Send(plane, *handler, message, timeout);
  // The peer reads the JSON, and tells where by the name of a field only.
  absl::string_view why = response.status().message();
  const bool is_unread =
      absl::IsInvalidArgument(response.status()) &&
      absl::ConsumePrefix(&why, absl::StrCat(handler->input_type(), ": "));
  if (is_unread) return request.IsNo(handler->input_type(), why);
  return response;
}

}  // namespace am::amctl
