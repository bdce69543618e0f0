#include "am/dispatch/inbound_call.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/clock.h"
#include "am/future.h"

namespace am {
namespace {

Context::Origin OriginOf(const InboundCall::Message& message) {
  Context::Origin origin;
  origin.sender = message.sender->id();
  origin.handler = message.handler->spec().name;
  origin.call_id = message.header.call_id;
  origin.codec = message.header.codec;
  origin.metadata = message.metadata.view();
  origin.deadline = message.deadline;
  origin.makes_calls = &message.handler->makes_calls;
  return origin;
}

// What threw in the handler, as a status.
absl::Status CurrentExceptionStatus(absl::string_view handler) {
  try {
    throw;
  } catch (const std::exception& error) {
    return absl::InternalError(
        absl::StrCat("handler ", handler, " threw: ", error.what()));
  } catch (...) {
    return absl::InternalError(absl::StrCat("handler ", handler, " threw"));
  }
}

}  // namespace

InboundCall::InboundCall(InboundCallOwner& owner, Message message,
                         const Clock& clock, Client& client,
                         std::stop_source stop)
    : owner_(owner),
      message_(std::move(message)),
      clock_(clock),
      own_stop_(std::move(stop)),
      stop_(own_stop_),
      context_(OriginOf(message_), clock, client, stop_) {}

InboundCall::InboundCall(InboundCallOwner& owner, Message message,
                         const Clock& clock, Client& client,
                         const std::stop_source* stop)
    : owner_(owner),
      message_(std::move(message)),
      clock_(clock),
      own_stop_(std::nostopstate),
      stop_(*stop),
      context_(OriginOf(message_), clock, client, stop_) {}

void InboundCall::Run(std::unique_ptr<InboundCall>& call) {
  InboundCall* const self = call.get();
  Handler& handler = self->message_.handler->handler();
  self->ran_ = true;
  if (handler.is_coroutine()) {
    self->owns_itself_ = true;
    call.release();
  }
  Context* const outer = internal::ExchangeCurrentContext(&self->context_);
  try {
    handler.Run(*self);
  } catch (...) {
    self->Finish(CurrentExceptionStatus(self->message_.handler->spec().name));
  }
  internal::ExchangeCurrentContext(outer);
}

void InboundCall::End(std::unique_ptr<InboundCall> call, absl::Status status) {
  call->Finish(std::move(status));
}

void InboundCall::Finish(absl::Status status) { Report(status, Payload()); }

void InboundCall::FinishWith(const Payload& value) {
  Report(absl::OkStatus(), value);
}

void InboundCall::Report(const absl::Status& status, const Payload& value) {
  if (std::exchange(finished_, true)) return;
  if (is_answered_at_once) answered_at = clock_.Now();
  owner_.OnFinished(*this, status, value);
  if (owns_itself_) delete this;
}

}  // namespace am
