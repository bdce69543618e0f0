#include "am/control/registry_directory.h"

#include <algorithm>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/clock.h"
#include "am/control/record_proto.h"
#include "am/control/registration.h"
#include "am/control/registry_calls.h"
#include "am/control/watch_reader.h"
#include "am/fraction.h"
#include "am/mutex.h"
#include "am/wire/duration_proto.h"

namespace am::control {
namespace {

constexpr absl::Duration kRegisterTimeout = absl::Seconds(5);
constexpr absl::Duration kLeaveTimeout = absl::Seconds(1);

class RegistryDirectory final : public Directory {
 public:
  explicit RegistryDirectory(const RegistryDirectoryOptions& options)
      : options_(options),
        reader_(2 * options.ttl),
        watch_backoff_(options.retry_min, options.retry_max) {}
  ~RegistryDirectory() override { Leave(); }

  void Join(InstanceRecord self, DirectorySink& sink) override {
    const std::uint64_t seed = self.peer.id.value();
    MutexLock lock(mutex_);
    sink_ = &sink;
    self_ = std::move(self);
    registration_.emplace(Backoff(options_.retry_min, options_.retry_max),
                          seed);
    random_.seed(seed + 1);
    calls_ = RegistryCalls::Make(options_.registry, options_.tls);
    thread_ = std::thread([this] { Run(); });
  }

  void Update(InstanceRecord self) override {
    MutexLock lock(mutex_);
    self_ = std::move(self);
    registration_->OnRecordChanged(clock_.Now());
    wake_.NotifyAll();
  }

  void Leave() override {
    {
      MutexLock lock(mutex_);
      if (sink_ == nullptr || std::exchange(leaving_, true)) return;
      wake_.NotifyAll();
    }
    thread_.join();
    calls_->CancelWatch();
    Deregister();
    calls_.reset();
  }

 private:
  // -- The thread ------------------------------------------------------------

  void Run() {
    for (;;) {
      const Registration::Step step = NextStep();
      if (step == Registration::Step::kRegister) Register();
      if (step == Registration::Step::kKeepAlive) KeepAlive();
      if (step == Registration::Step::kReconnect) Reconnect();
      MutexLock lock(mutex_);
      if (leaving_) return;
      if (step != Registration::Step::kNothing || WatchIsDue()) continue;
      const absl::Time due = std::min(registration_->due(), watch_due_);
      wake_.WaitFor(mutex_, due - clock_.Now());
    }
  }

  // Also begins to watch, if that is due.
  Registration::Step NextStep() {
    std::optional<v1::WatchRequest> watch;
    bool renew = false;
    Registration::Step step;
    {
      MutexLock lock(mutex_);
      if (leaving_) return Registration::Step::kNothing;
      step = registration_->Next(clock_.Now());
      if (WatchIsDue() && watching_) {
        renew = renewing_ = true;
        watch_due_ = absl::InfiniteFuture();  // When this one has ended.
      } else if (WatchIsDue()) {
        watch = reader_.Resume(std::exchange(renewing_, false));
        watching_ = true;
        watch_due_ = clock_.Now() + ReconcileWait();
      }
    }
    if (renew) calls_->CancelWatch();
    if (watch.has_value()) Watch(*watch);
    return step;
  }

  bool WatchIsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return clock_.Now() >= watch_due_;
  }

  // Between three and five quarters of the interval, so that not everybody
  // comes at once.
  absl::Duration ReconcileWait() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const double part =
        static_cast<double>(self_.peer.id.value() % 1024) / 2048;
    return (0.75 + part) * options_.reconcile_interval;
  }

  // -- Registering -----------------------------------------------------------

  void Register() {
    v1::RegisterRequest request;
    {
      MutexLock lock(mutex_);
      self_.epoch = registration_->epoch();
      ToProto(self_, *request.mutable_instance());
    }
    am::ToProto(options_.ttl, *request.mutable_ttl());
    calls_->Register(
        request, kRegisterTimeout,
        [this](absl::Status status, const v1::RegisterResponse& response) {
          OnRegistered(std::move(status), response);
        });
  }

  void OnRegistered(absl::Status status, const v1::RegisterResponse& response) {
    {
      MutexLock lock(mutex_);
      if (status.ok()) {
        registration_->OnRegistered(
            response.epoch(), am::FromProto(response.ttl()), clock_.Now());
      } else {
        registration_->OnRefused(status, clock_.Now());
      }
      wake_.NotifyAll();
      // The same again and again is said once.
      if (std::exchange(told_code_, status.code()) == status.code()) return;
    }
    Log(status.ok() ? absl::StrCat("registered with ", options_.registry)
                    : absl::StrCat("cannot register with ", options_.registry,
                                   ": ", status.ToString()));
  }

  void KeepAlive() {
    v1::KeepAliveRequest request;
    bool start;
    {
      MutexLock lock(mutex_);
      request.set_id(self_.peer.id.value());
      request.set_epoch(registration_->epoch());
      request.set_outstanding(sink_->outstanding());
      start = !std::exchange(keeping_alive_, true);
    }
    if (start) {
      calls_->StartKeepAlive(
          [this](const v1::KeepAliveResponse& response) {
            MutexLock lock(mutex_);
            registration_->OnKeptAlive(am::FromProto(response.ttl()),
                                       clock_.Now());
            wake_.NotifyAll();
          },
          [this](const absl::Status&) {
            MutexLock lock(mutex_);
            keeping_alive_ = false;
            registration_->OnStreamLost(clock_.Now());
            wake_.NotifyAll();
          });
    }
    calls_->SendKeepAlive(request);
  }

  // Whatever is at the other end does not answer.
  void Reconnect() {
    calls_->CancelKeepAlive();
    calls_->CancelWatch();
    calls_->Reconnect();
  }

  void Deregister() {
    v1::DeregisterRequest request;
    {
      MutexLock lock(mutex_);
      if (registration_->epoch() == 0) return;
      request.set_id(self_.peer.id.value());
      request.set_epoch(registration_->epoch());
    }
    // Whether it works or not: the destructor of the calls waits for it.
    calls_->Deregister(request, kLeaveTimeout, [](const absl::Status&) {});
  }

  // -- Watching --------------------------------------------------------------

  void Watch(const v1::WatchRequest& request) {
    calls_->StartWatch(
        request, [this](v1::WatchResponse& response) { OnWatched(response); },
        [this](const absl::Status& status) { OnWatchEnded(status); });
  }

  void OnWatched(v1::WatchResponse& response) {
    {
      MutexLock lock(mutex_);
      if (leaving_) return;
      watch_backoff_.Reset();
    }
    reader_.Read(response, clock_.Now(), *sink_);
    MutexLock lock(mutex_);
    if (reader_.grace_end() >= watch_due_) return;
    watch_due_ = reader_.grace_end();
    wake_.NotifyAll();
  }

  // The next watch begins after this, so that the sink is told by one thread.
  void OnWatchEnded(const absl::Status& status) {
    bool lost;
    {
      MutexLock lock(mutex_);
      lost = !renewing_ && !leaving_;
    }
    if (lost) sink_->OnStale(std::string(status.message()));
    MutexLock lock(mutex_);
    watching_ = false;
    watch_due_ = clock_.Now();
    if (lost) {
      watch_due_ += watch_backoff_.Next(Fraction(random_));
      // A registry that has restarted does not know us.
      registration_->OnStreamLost(clock_.Now());
    }
    wake_.NotifyAll();
  }

  void Log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const RegistryDirectoryOptions options_;
  const SteadyClock clock_;
  DirectorySink* sink_ = nullptr;  // from Join on
  std::unique_ptr<RegistryCalls> calls_;
  WatchReader reader_;  // of the watch, or of the thread while there is none

  Mutex mutex_;
  CondVar wake_;
  InstanceRecord self_ ABSL_GUARDED_BY(mutex_);
  std::optional<Registration> registration_ ABSL_GUARDED_BY(mutex_);
  Backoff watch_backoff_ ABSL_GUARDED_BY(mutex_);
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;
  bool keeping_alive_ ABSL_GUARDED_BY(mutex_) = false;
  bool watching_ ABSL_GUARDED_BY(mutex_) = false;
  bool renewing_ ABSL_GUARDED_BY(mutex_) = false;  // the watch, from the start
  absl::Time watch_due_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::StatusCode told_code_ ABSL_GUARDED_BY(mutex_) =
      absl::StatusCode::kUnknown;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<Directory> MakeRegistryDirectory(
    const RegistryDirectoryOptions& options) {
  return std::make_shared<RegistryDirectory>(options);
}

}  // namespace am::control
