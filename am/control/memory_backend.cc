#include <algorithm>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <utility>

#include "absl/time/clock.h"
#include "am/clock.h"
#include "am/control/registry_backend.h"
#include "am/control/registry_state.h"
#include "am/instance_id.h"

namespace am::control {
namespace {

std::uint64_t RandomNumber() { return InstanceId::Random().value(); }

// The one use of the calendar: epochs of one start of a registry are above
// those of the starts before, of which it remembers nothing. Should the
// calendar be set back, instances that register again bring theirs along.
std::uint64_t FirstEpoch() {
  return static_cast<std::uint64_t>(absl::ToUnixMicros(absl::Now()));
}

class MemoryBackend final : public RegistryBackend {
 public:
  explicit MemoryBackend(const RegistryOptions& options)
      : generation_(RandomNumber()),
        state_(options, FirstEpoch(), RandomNumber()),
        ticker_([this] { EndLeases(); }) {}

  ~MemoryBackend() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      stopped_.NotifyAll();
    }
    ticker_.join();
  }

  void Register(v1::Instance record, absl::Duration ttl,
                OnLease on_done) override {
    on_done(Change([&](RegistryState& state, absl::Time now) {
      return state.Register(std::move(record), ttl, now);
    }));
  }

  void KeepAlive(const v1::KeepAliveRequest& request, OnKept on_done) override {
    on_done(Change([&](RegistryState& state, absl::Time now) {
      return state.KeepAlive(InstanceId(request.id()), request.epoch(),
                             request.outstanding(), now);
    }));
  }

  void Deregister(InstanceId id, std::uint64_t epoch, OnEnd on_done) override {
    on_done(Change([&](RegistryState& state, absl::Time) {
      return state.Deregister(id, epoch);
    }));
  }

  absl::StatusOr<std::vector<RecordPtr>> Resolve(
      const v1::ResolveRequest& request) override {
    MutexLock lock(mutex_);
    return state_.Resolve(request, clock_.Now());
  }

  void Read(absl::FunctionRef<void(const RegistryView&)> read) override {
    MutexLock lock(mutex_);
    read(state_.view());
  }

  std::uint64_t generation() const override { return generation_; }
  absl::Status status() const override { return absl::OkStatus(); }
  void OnStatusChange(std::function<void()>) override {}
  ViewWatchers& watchers() override { return watchers_; }

 private:
  // Runs `f(RegistryState&, absl::Time now)` alone, and then tells the watchers
  // if it changed anything.
  template <typename F>
  std::invoke_result_t<F, RegistryState&, absl::Time> Change(F f) {
    auto result = [&] {
      MutexLock lock(mutex_);
      return f(state_, clock_.Now());
    }();
    watchers_.Tell([this] {
      MutexLock lock(mutex_);
      return state_.view().revision();
    });
    return result;
  }

  void EndLeases() {
    constexpr absl::Duration kTick = absl::Milliseconds(500);
    for (;;) {
      const absl::Time next = Change([](RegistryState& state, absl::Time now) {
        return state.Expire(now);
      });
      MutexLock lock(mutex_);
      if (stopping_) return;
      stopped_.WaitFor(mutex_, std::min(next - clock_.Now(), kTick));
      if (stopping_) return;
    }
  }

  const SteadyClock clock_;
  const std::uint64_t generation_;
  ViewWatchers watchers_;

  Mutex mutex_;
  CondVar stopped_;
  RegistryState state_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread ticker_;
};

}  // namespace

std::unique_ptr<RegistryBackend> MakeMemoryBackend(
    const RegistryOptions& options) {
  return std::make_unique<MemoryBackend>(options);
}

}  // namespace am::control
