// FanOut: one operation under way: a message to each of some ranks, one
// deadline, and what each of them came to. Types erased.
//
// It begins by sending to rank after rank (see SendOrder), and is done when
// each has its outcome. A rank without a worker has it at once.
//
// Threads: any, after Begin. Ownership: shared by whoever awaits it, those who
// look at it (Describe) and its own calls.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "am/client.h"
#include "am/clock.h"
#include "am/cohort/operation_options.h"
#include "am/cohort/outcome.h"
#include "am/cohort/view.h"
#include "am/mutex.h"
#include "am/pending_call.h"
#include "am/promise.h"

namespace am::cohort {

class FanOut final : public std::enable_shared_from_this<FanOut> {
 public:
  // Makes the message to a member and passes it on, while it lasts, to `send`;
  // or says why there is none. What it throws is INTERNAL.
  using Send = absl::FunctionRef<void(const Payload&)>;
  using MakeMessage =
      std::function<absl::Status(const Member& member, Send send)>;

  // Turns the status of a reply into the one that counts. Optional.
  using Judge = std::function<absl::Status(const Reply&)>;

  struct Plan {
    MethodSpec spec;  // its name is copied
    std::vector<int> ranks;
    // Ranks whose part comes with that of each of them; empty: none does.
    std::vector<std::vector<int>> below = {};
    OperationOptions options;  // without ranks
    absl::Time deadline;
    MakeMessage make;
    Judge judge = {};
  };

  // What became of one rank.
  struct Part {
    int rank = 0;
    InstanceId instance = {};  // to whom it was sent, if it was
    absl::Time begun = absl::InfiniteFuture();
    absl::Duration took = absl::ZeroDuration();
    Outcome outcome = Outcome::kNeverJoined;
    Reply reply = {};
    std::shared_ptr<PendingCall> call = {};  // while it is awaited
  };

  // `on_done` runs once, when all parts are done and before anyone who awaits
  // goes on; it must not block.
  FanOut(Client client, const Clock& clock, Plan plan,
         std::function<void(const FanOut&)> on_done);

  // Sends, to the members of `view`. Once.
  void Begin(ViewPtr view);

  // Gives every rank the same end. Instead of Begin.
  void Refuse(Outcome outcome, const absl::Status& why);

  // Ends what is awaited, as kCancelled and because of `why`; at the workers
  // too. A rank that is lost according to `view` is kLost, though.
  void Cancel(const absl::Status& why, ViewPtr view = nullptr);

  bool done() const;
  // Done when all parts are. Once.
  Future<void> Done();

  const std::string& handler() const { return handler_; }
  absl::Time begun() const { return begun_; }
  absl::Time deadline() const { return plan_.deadline; }

  // Those that are not done yet, and those below them.
  std::vector<int> Awaited() const;

  // Whether the parts are those of several ranks each.
  bool is_tree() const { return !plan_.below.empty(); }

  // Copies of all parts, without their calls.
  std::vector<Part> parts() const;

 private:
  void Reach(std::size_t i);
  void SendTo(std::size_t i, const Member& member);
  void StartCall(std::size_t i, const Member& member, const Payload& payload);
  void SendOneWay(std::size_t i, const Member& member, const Payload& payload,
                  CallOptions options);
  void Await(std::size_t i, std::shared_ptr<PendingCall> call);
  void OnReply(std::size_t i);
  void End(std::size_t i, Outcome outcome, Reply reply);
  void Explain(int rank, Outcome& outcome, absl::Status& status) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndOne();
  bool is_cancelled() const;
  Outcome OutcomeOf(const Reply& reply) const;
  absl::Status Describe(std::size_t i, const absl::Status& status) const;

  Client client_;
  const Clock& clock_;
  const std::string handler_;
  Plan plan_;
  const std::function<void(const FanOut&)> on_done_;
  const absl::Time begun_;

  // Of Begin.
  ViewPtr view_;
  bool may_come_last_ = false;     // who is sent to now
  std::vector<std::size_t> last_;  // there was no room for them

  mutable Mutex mutex_;
  std::vector<Part> parts_ ABSL_GUARDED_BY(mutex_);
  std::size_t open_ ABSL_GUARDED_BY(mutex_);  // parts, and Begin
  std::optional<absl::Status> cancelled_ ABSL_GUARDED_BY(mutex_);
  ViewPtr cancelled_view_ ABSL_GUARDED_BY(mutex_);
  std::optional<Promise> done_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am::cohort
