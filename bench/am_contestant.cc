#include "bench/am_contestant.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/am_caller.h"
#include "bench/am_instance.h"
#include "bench/function_contestant.h"
#include "bench/pinger_service.h"

namespace am::bench {
namespace {

constexpr const char* NameOf(Waiter waiter) {
  constexpr const char* kNames[] = {"thread", "callback", "coroutine"};
  return kNames[static_cast<int>(waiter)];
}

template <typename Method>
std::unique_ptr<Caller> MakeCaller(Waiter waiter, AmLinks links,
                                   const Setting& setting) {
  switch (waiter) {
    case Waiter::kThread:
      return std::make_unique<ThreadCaller<Method>>(std::move(links), setting);
    case Waiter::kCallback:
      return std::make_unique<CallbackCaller<Method>>(std::move(links),
                                                      setting);
    case Waiter::kCoroutine:
      return std::make_unique<CoroutineCaller<Method>>(std::move(links),
                                                       setting);
  }
  return nullptr;
}

std::unique_ptr<Caller> MakeCaller(PingerMethod method, Waiter waiter,
                                   AmLinks links, const Setting& setting) {
  switch (method) {
    case PingerMethod::kPing:
      return MakeCaller<PingMethod>(waiter, std::move(links), setting);
    case PingerMethod::kInlinePing:
      return MakeCaller<InlinePingMethod>(waiter, std::move(links), setting);
    case PingerMethod::kPoolPing:
      return MakeCaller<PoolPingMethod>(waiter, std::move(links), setting);
    case PingerMethod::kEcho:
      return MakeCaller<EchoMethod>(waiter, std::move(links), setting);
    case PingerMethod::kLimitedEcho:
      return MakeCaller<LimitedEchoMethod>(waiter, std::move(links), setting);
  }
  return nullptr;
}

// Calls its own instance: there is nobody else.
class LocalCaller final : public Caller {
 public:
  static absl::StatusOr<std::unique_ptr<Caller>> Make(const Setting& setting,
                                                      Waiter waiter) {
    absl::StatusOr<std::unique_ptr<Manager>> manager = MakeAmInstance(setting);
    if (!manager.ok()) return manager.status();
    auto caller = std::make_unique<LocalCaller>();
    absl::Status added = (*manager)->Register(caller->pinger_);
    if (!added.ok()) return added;
    const Target self = (*manager)->instance_id();
    caller->caller_ = MakeCaller(PingerMethod::kInlinePing, waiter,
                                 {*std::move(manager), {self}}, setting);
    return caller;
  }

  absl::Status Run(Recorder& recorder) override {
    return caller_->Run(recorder);
  }

 private:
  PingerService pinger_;
  std::unique_ptr<Caller> caller_;
};

absl::StatusOr<std::unique_ptr<Server>> ServeOne(const Setting& setting) {
  return MakeAmServer(setting);
}

}  // namespace

std::string AmContestantName(PingerMethod method, Waiter waiter,
                             const std::string& scheme) {
  return absl::StrCat("am_", NameOf(method), "_", NameOf(waiter),
                      scheme.empty() ? "" : "_", scheme);
}

std::unique_ptr<Contestant> MakeAmContestant(PingerMethod method, Waiter waiter,
                                             const std::string& scheme) {
  return MakeContestant(
      AmContestantName(method, waiter, scheme),
      [=](const Setting& setting) {
        return ServeOne(WithScheme(setting, scheme));
      },
      [=](const Setting& setting, const std::string& address)
          -> absl::StatusOr<std::unique_ptr<Caller>> {
        absl::StatusOr<AmLinks> links =
            ConnectAm(WithScheme(setting, scheme), address);
        if (!links.ok()) return links.status();
        return MakeCaller(method, waiter, *std::move(links), setting);
      });
}

std::string AmLocalContestantName(Waiter waiter) {
  return absl::StrCat("am_local_", NameOf(waiter));
}

std::unique_ptr<Contestant> MakeAmLocalContestant(Waiter waiter) {
  return MakeContestant(AmLocalContestantName(waiter), ServeOne,
                        [=](const Setting& setting, const std::string&) {
                          return LocalCaller::Make(setting, waiter);
                        });
}

}  // namespace am::bench
