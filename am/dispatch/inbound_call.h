// InboundCall: one message on its way through a handler.
//
// If a peer sent it, it shares in the frame that brought it, so that its
// payload need not be copied. Whoever holds the unique_ptr owns it: a gate's
// queue, the driver's, or the thread that runs it; a coroutine owns itself
// until it finishes. One that is destroyed unfinished was abandoned when a
// shutdown ran out of time.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/context.h"
#include "am/dispatch/handler_table.h"
#include "am/handler.h"
#include "am/peer/sender.h"
#include "am/transport/buffer.h"
#include "am/wire/wire.h"

namespace am {

class InboundCall;

// Where a call reports its end. Called once per call.
class InboundCallOwner {
 public:
  virtual ~InboundCallOwner() = default;
  virtual void OnFinished(InboundCall& call, const absl::Status& status,
                          const Payload& value) = 0;
};

class InboundCall final : public Invocation {
 public:
  // What it came with.
  struct Message {
    std::shared_ptr<Sender> sender;
    std::shared_ptr<HandlerEntry> handler;
    MessageHeader header;
    transport::Buffer metadata;
    transport::Buffer payload;
    absl::Time deadline;
  };

  // `stop` cancels it alone.
  InboundCall(InboundCallOwner& owner, Message message, const Clock& clock,
              Client& client, std::stop_source stop);

  // `*stop`, which must outlive it, cancels it together with others.
  InboundCall(InboundCallOwner& owner, Message message, const Clock& clock,
              Client& client, const std::stop_source* stop);

  const Message& message() const { return message_; }
  const std::stop_source& stop_source() const { return stop_; }

  // Runs the handler on this thread. What it throws becomes INTERNAL. A
  // coroutine takes the call, and leaves null.
  static void Run(std::unique_ptr<InboundCall>& call);

  // Whether the handler was run.
  bool ran() const { return ran_; }

  // Ends the call without running it.
  static void End(std::unique_ptr<InboundCall> call, absl::Status status);

  Context& context() override { return context_; }
  absl::string_view payload() const override { return message_.payload.view(); }
  void Finish(absl::Status status) override;
  void FinishWith(const Payload& value) override;

  // The dispatcher's: gates passed so far, and under which key it can be
  // cancelled alone (0: only with all others).
  int gates_passed = 0;
  std::uint64_t cancel_key = 0;

  // Its sender sends the answer within Sender::Reply, on the handler's thread:
  // that is no part of how long the handler takes. So the time is kept.
  bool is_answered_at_once = false;
  absl::Time answered_at = absl::InfiniteFuture();

 private:
  void Report(const absl::Status& status, const Payload& value);

  InboundCallOwner& owner_;
  const Message message_;
  const Clock& clock_;
  const std::stop_source own_stop_;
  const std::stop_source& stop_;
  Context context_;
  bool ran_ = false;
  bool finished_ = false;
  bool owns_itself_ = false;
};

}  // namespace am
