// amctl watch
#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "am/instance_id.h"
#include "tools/amctl/command.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/pause.h"

namespace am::amctl {
namespace {

constexpr absl::Duration kRetry = absl::Milliseconds(500);

class WatchCommand final : public Command {
 public:
  explicit WatchCommand(CLI::App& app) {
    app.add_option("--handler", handler_, "only those that serve it");
    app.add_option("-n,--events", max_events_,
                   "ends after so many lines; 0: at the interrupt")
        ->check(CLI::NonNegativeNumber);
    app.footer(
        "A line for each instance there is, then one for each change: + came, "
        "~ changed, - went.\n  --timeout is how long the registry may take to "
        "answer at first. Once it has, it may go away\n  and come back.");
  }

  absl::Status Run(Session& session, Output& output) override {
    if (!session.uses_registry()) {
      return Fail(ExitCode::kUsage,
                  "an instance cannot be watched: give --registry");
    }
    const auto registry = session.Registry();
    if (!registry.ok()) return registry.status();
    for (;;) {
      const absl::Status ended = Watch(session, **registry, output);
      if (is_done_ || session.stop().stop_requested()) return absl::OkStatus();
      // It never answered, or never will.
      if (!was_reached_ || !control::WasNotReached(ended)) {
        return session.Explain(ended, **registry);
      }
      if (!std::exchange(is_lost_, true)) {
        output.err << "the registry is gone; waiting for it" << std::endl;
      }
      if (!Pause(kRetry, session.stop())) return absl::OkStatus();
    }
  }

 private:
  // From where the stream before ended.
  absl::Status Watch(Session& session, control::GrpcCaller& registry,
                     Output& output) {
    v1::WatchRequest request;
    request.mutable_filter()->set_handler_name(handler_);
    request.set_generation(generation_);
    request.set_revision(revision_);
    seen_.clear();
    return registry.Read("am.v1.Registry/Watch", request.SerializeAsString(),
                         session.options(), [&](absl::string_view bytes) {
                           v1::WatchResponse response;
                           if (!response.ParseFromString(std::string(bytes))) {
                             return false;
                           }
                           was_reached_ = true;
                           is_lost_ = false;
                           Read(response, output);
                           return !is_done_;
                         });
  }

  void Read(const v1::WatchResponse& response, Output& output) {
    for (const v1::WatchEvent& event : response.events()) {
      if (event.has_instance()) {
        Put(event.instance(), output);
        seen_.insert(event.instance().peer().id());
      } else {
        Remove(event.removal().id(),
               v1::Removal::Reason_Name(event.removal().reason()), output);
      }
    }
    if (response.kind() == v1::WatchResponse::SNAPSHOT) return;
    if (response.kind() == v1::WatchResponse::SNAPSHOT_END) {
      RemoveUnseen(output);
    }
    generation_ = response.generation();
    revision_ = response.revision();
  }

  // What is in no part of a snapshot is not there any more.
  void RemoveUnseen(Output& output) {
    std::vector<std::uint64_t> gone;
    for (const auto& [id, record] : known_) {
      if (!seen_.contains(id)) gone.push_back(id);
    }
    for (const std::uint64_t id : gone) Remove(id, "NOT_LISTED", output);
  }

  void Put(const v1::Instance& record, Output& output) {
    const auto [known, is_new] = known_.try_emplace(record.peer().id(), record);
    if (!is_new &&
        known->second.SerializeAsString() == record.SerializeAsString()) {
      return;  // Told once more, behind a snapshot.
    }
    known->second = record;
    Print(is_new ? "+" : "~", record, "", output);
  }

  void Remove(std::uint64_t id, const std::string& reason, Output& output) {
    const auto known = known_.extract(id);
    if (!known.empty()) Print("-", known.mapped(), reason, output);
  }

  void Print(const std::string& sign, const v1::Instance& record,
             const std::string& reason, Output& output) {
    if (is_done_) return;
    if (output.json) {
      const char* const event = sign == "+"   ? "came"
                                : sign == "~" ? "changed"
                                              : "went";
      output.Line(Json::Object()
                      .Set("event", event)
                      .Set("instance", ToJson(record.peer()))
                      .Set("state", StateText(record.state()))
                      .Set("handlers", record.handlers_size())
                      .Set("reason", reason));
    } else {
      output.Line(absl::StrCat(
          sign, " ", Title(record.peer()), " ",
          reason.empty()
              ? absl::StrCat(StateText(record.state()), ", ",
                             record.handlers_size(), " handlers, ",
                             absl::StrJoin(record.peer().addresses(), " "))
              : reason));
    }
    is_done_ = max_events_ > 0 && ++events_ == max_events_;
  }

  std::string handler_;
  int max_events_ = 0;

  std::map<std::uint64_t, v1::Instance> known_;  // by id
  std::set<std::uint64_t> seen_;                 // in the snapshot
  std::uint64_t generation_ = 0;
  std::uint64_t revision_ = 0;
  int events_ = 0;
  bool is_done_ = false;
  bool was_reached_ = false;
  bool is_lost_ = false;
};

}  // namespace

std::unique_ptr<Command> DeclareWatch(CLI::App& app) {
  return std::make_unique<WatchCommand>(app);
}

}  // namespace am::amctl
