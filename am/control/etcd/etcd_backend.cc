#include "am/control/etcd/etcd_backend.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "am/clock.h"
#include "am/control/etcd/etcd_calls.h"
#include "am/control/etcd/etcd_follower.h"
#include "am/control/etcd/etcd_mirror.h"
#include "am/control/etcd/lease_keeper.h"
#include "am/control/listen_address.h"
#include "am/control/resolver.h"
#include "am/instance_id.h"
#include "am/mutex.h"
#include "google/protobuf/util/message_differencer.h"

namespace am::control {
namespace {

using etcdserverpb::LeaseGrantResponse;
using etcdserverpb::TxnRequest;
using etcdserverpb::TxnResponse;

// How often a transaction is made anew since another was faster.
constexpr int kMaxTries = 20;

// How long an instance that was superseded stays out at least.
constexpr absl::Duration kFence = absl::Hours(24);

// By how much a lease may be longer than what was asked for.
constexpr absl::Duration kLeaseSlack = absl::Seconds(2);

std::uint64_t RandomNumber() { return InstanceId::Random().value(); }

absl::Status FromEtcd(const absl::Status& status) {
  return {absl::IsDeadlineExceeded(status) ? absl::StatusCode::kUnavailable
                                           : status.code(),
          absl::StrCat("etcd: ", status.message())};
}

// Whether two records differ in their epochs at the most.
bool SameButEpoch(const v1::Instance& a, v1::Instance b) {
  b.set_epoch(a.epoch());
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

// An instance that is being registered: step by step, each of which begins with
// Advance.
struct Registering {
  v1::Instance record;
  absl::Duration ttl;
  RegistryBackend::OnLease on_done;

  bool has_looked = false;  // whether the lease that it has will do
  std::int64_t lease = 0;
  bool lease_is_new = false;
  absl::Duration granted;
  std::int64_t fence = 0;  // a lease for those that it supersedes
  int tries = 0;
};
using RegisteringPtr = std::shared_ptr<Registering>;

class EtcdBackend final : public RegistryBackend, private EtcdSink {
 public:
  explicit EtcdBackend(const EtcdOptions& options)
      : options_(options),
        calls_(EtcdCalls::Make(options.address, options.tls)),
        keeper_(*calls_),
        mirror_(options.prefix, options.rules),
        resolver_(RandomNumber()) {
    EtcdFollowerOptions follow;
    follow.key = mirror_.prefix();
    follow.range_end = mirror_.prefix_end();
    follow.reconcile_interval = options.reconcile_interval;
    follower_ = EtcdFollower::Make(*calls_, *this, follow);
  }

  ~EtcdBackend() override {
    follower_.reset();
    FailWaiting(absl::UnavailableError("the registry ends"));
    calls_->Close();
  }

  void Register(v1::Instance record, absl::Duration ttl,
                OnLease on_done) override {
    auto op = std::make_shared<Registering>();
    op->record = std::move(record);
    op->ttl = absl::Ceil(LeaseTime(ttl, options_.rules), absl::Seconds(1));
    op->on_done = std::move(on_done);
    Advance(op);
  }

  void KeepAlive(const v1::KeepAliveRequest& request, OnKept on_done) override {
    const InstanceId id(request.id());
    absl::StatusOr<std::int64_t> lease = 0;
    {
      MutexLock lock(mutex_);
      const RecordPtr record = mirror_.view().Find(id);
      if (!status_.ok()) {
        lease = status_;
      } else if (record != nullptr && record->epoch() == request.epoch()) {
        lease = mirror_.LeaseOf(id);
      }
    }
    if (!lease.ok()) return on_done(lease.status());
    if (*lease == 0) return on_done(absl::ZeroDuration());
    keeper_.Keep(*lease, [this, id, outstanding = request.outstanding(),
                          on_done = std::move(on_done)](auto left) {
      if (left.ok()) {
        MutexLock lock(mutex_);
        resolver_.NoteOutstanding(id, outstanding, *left, clock_.Now());
      }
      on_done(std::move(left));
    });
  }

  void Deregister(InstanceId id, std::uint64_t epoch, OnEnd on_done) override {
    Leave(id, epoch, /*tries=*/0, std::move(on_done));
  }

  absl::StatusOr<std::vector<RecordPtr>> Resolve(
      const v1::ResolveRequest& request) override {
    MutexLock lock(mutex_);
    return resolver_.Resolve(mirror_.view(), request, clock_.Now());
  }

  void Read(absl::FunctionRef<void(const RegistryView&)> read) override {
    MutexLock lock(mutex_);
    read(mirror_.view());
  }

  std::uint64_t generation() const override {
    MutexLock lock(mutex_);
    return generation_;
  }
  absl::Status status() const override {
    MutexLock lock(mutex_);
    return status_;
  }
  void OnStatusChange(std::function<void()> listener) override {
    MutexLock lock(listener_mutex_);
    listener_ = std::move(listener);
  }
  ViewWatchers& watchers() override { return watchers_; }

 private:
  // -- What is known ---------------------------------------------------------

  // Called once the mirror has been told up to a revision, or cannot be.
  using OnSeen = std::function<void(const absl::Status&)>;

  std::optional<TxnRequest> OnLoaded(const std::vector<mvccpb::KeyValue>& keys,
                                     std::int64_t revision) override {
    bool is_same;
    bool was_followed;
    {
      MutexLock lock(mutex_);
      is_same = mirror_.IsSameStore(keys);
      was_followed = status_.ok();
    }
    if (!is_same && was_followed) {
      OnLost(absl::UnavailableError("the store is another one"));
    }
    {
      MutexLock lock(mutex_);
      if (!mirror_.Load(keys, revision)) {
        return mirror_.MarkStore(
            RandomNumber(),
            static_cast<std::uint64_t>(absl::ToUnixMicros(absl::Now())));
      }
      if (!is_same) generation_ = RandomNumber();
      status_ = absl::OkStatus();
    }
    TellSeen();
    TellStatus(absl::OkStatus());
    return std::nullopt;
  }

  bool OnEvents(const etcdserverpb::WatchResponse& response) override {
    {
      MutexLock lock(mutex_);
      if (!mirror_.Apply(response)) return false;
    }
    TellSeen();
    return true;
  }

  void OnLost(const absl::Status& why) override {
    const absl::Status status = absl::UnavailableError(
        absl::StrCat("etcd at ", options_.address, ": ", why.message()));
    FailWaiting(status);
    watchers_.TellLost(status);
    TellStatus(status);
  }

  // From now on as well.
  void FailWaiting(const absl::Status& status) {
    std::multimap<std::int64_t, OnSeen> waiting;
    {
      MutexLock lock(mutex_);
      status_ = status;
      waiting.swap(waiting_);
    }
    for (const auto& [revision, on_seen] : waiting) on_seen(status);
  }

  void TellStatus(const absl::Status& status) {
    MutexLock lock(listener_mutex_);
    if (std::exchange(told_, status.code()) == status.code()) return;
    if (listener_) listener_();
    if (!options_.log) return;
    options_.log(status.ok()
                     ? absl::StrCat("follows etcd at ", options_.address)
                     : std::string(status.message()));
  }

  void TellSeen() {
    watchers_.Tell([this] {
      MutexLock lock(mutex_);
      return mirror_.view().revision();
    });
    std::vector<OnSeen> seen;
    {
      MutexLock lock(mutex_);
      const auto end = waiting_.upper_bound(mirror_.revision());
      for (auto place = waiting_.begin(); place != end; ++place) {
        seen.push_back(std::move(place->second));
      }
      waiting_.erase(waiting_.begin(), end);
    }
    for (const OnSeen& on_seen : seen) on_seen(absl::OkStatus());
  }

  void WhenSeen(std::int64_t revision, OnSeen on_seen) {
    absl::Status status;
    {
      MutexLock lock(mutex_);
      status = status_;
      if (status.ok() && mirror_.revision() < revision) {
        waiting_.emplace(revision, std::move(on_seen));
        return;
      }
    }
    on_seen(status);
  }

  // -- Registering -----------------------------------------------------------

  // The transaction that would register an instance now.
  struct Plan {
    TxnRequest txn;
    std::int64_t revision = 0;        // of what it is made for
    std::int64_t lease = 0;           // that the instance has; 0: none
    bool is_done = false;             // all is as it shall be
    std::vector<std::int64_t> ended;  // leases of those that it supersedes
  };

  absl::StatusOr<Plan> MakePlan(const Registering& op) const {
    MutexLock lock(mutex_);
    if (!status_.ok()) return status_;
    const absl::StatusOr<std::vector<RecordPtr>> superseded =
        mirror_.Admit(op.record);
    if (!superseded.ok()) return superseded.status();
    const InstanceId id = IdOf(op.record);
    const RecordPtr before = mirror_.view().Find(id);
    Plan plan;
    if (op.lease != 0) {  // Otherwise there is something to do before that.
      plan.txn = mirror_.Register(op.record, op.lease, *superseded, op.fence);
    }
    plan.revision = mirror_.revision();
    plan.lease = mirror_.LeaseOf(id);
    plan.is_done = before != nullptr && plan.lease == op.lease &&
                   SameButEpoch(*before, op.record);
    for (const RecordPtr& other : *superseded) {
      plan.ended.push_back(mirror_.LeaseOf(IdOf(*other)));
    }
    return plan;
  }

  void Advance(const RegisteringPtr& op) {
    const absl::StatusOr<Plan> plan = MakePlan(*op);
    if (!plan.ok()) return Refuse(op, plan.status());
    if (!std::exchange(op->has_looked, true) && plan->lease != 0) {
      return Look(op, plan->lease);
    }
    if (op->lease == 0) return Grant(op);
    if (plan->is_done) return Done(op, absl::OkStatus());
    if (!plan->ended.empty() && op->fence == 0) return GrantFence(op);
    if (++op->tries > kMaxTries) {
      return Refuse(op, absl::UnavailableError("etcd: others were faster"));
    }
    Commit(op, *plan);
  }

  // Whether the lease that it has is alive, and as long as it shall be.
  void Look(const RegisteringPtr& op, std::int64_t lease) {
    keeper_.Keep(lease, [this, op, lease](absl::StatusOr<absl::Duration> left) {
      if (!left.ok()) return Refuse(op, left.status());
      if (*left >= op->ttl && *left <= op->ttl + kLeaseSlack) {
        op->lease = lease;
        op->granted = *left;
      }
      Advance(op);
    });
  }

  void Grant(const RegisteringPtr& op) {
    calls_->Grant(op->ttl, [this, op](const absl::Status& status,
                                      const LeaseGrantResponse& response) {
      if (!status.ok()) return Refuse(op, FromEtcd(status));
      op->lease = response.id();
      op->lease_is_new = true;
      op->granted = absl::Seconds(response.ttl());
      Advance(op);
    });
  }

  void GrantFence(const RegisteringPtr& op) {
    calls_->Grant(kFence, [this, op](const absl::Status& status,
                                     const LeaseGrantResponse& response) {
      if (!status.ok()) return Refuse(op, FromEtcd(status));
      op->fence = response.id();
      Advance(op);
    });
  }

  void Commit(const RegisteringPtr& op, const Plan& plan) {
    calls_->Txn(
        plan.txn, [this, op, revision = plan.revision, ended = plan.ended](
                      const absl::Status& status, const TxnResponse& response) {
          if (absl::IsNotFound(status)) {  // The lease has ended meanwhile.
            op->lease = 0;
            return Advance(op);
          }
          if (!status.ok()) return Refuse(op, FromEtcd(status));
          if (!response.succeeded()) return AdvanceAfter(op, revision);
          for (const std::int64_t lease : ended) calls_->Revoke(lease);
          WhenSeen(response.header().revision(),
                   [this, op](const absl::Status& seen) { Done(op, seen); });
        });
  }

  // Another changed what the transaction was made for.
  void AdvanceAfter(const RegisteringPtr& op, std::int64_t revision) {
    WhenSeen(revision + 1, [this, op](const absl::Status& seen) {
      if (!seen.ok()) return Refuse(op, seen);
      Advance(op);
    });
  }

  void Done(const RegisteringPtr& op, const absl::Status& seen) {
    if (!seen.ok()) return op->on_done(seen);
    RecordPtr record;
    {
      MutexLock lock(mutex_);
      record = mirror_.view().Find(IdOf(op->record));
    }
    if (record == nullptr) {
      return op->on_done(absl::UnavailableError("it is gone again already"));
    }
    op->on_done(Lease{record->epoch(), op->granted});
  }

  void Refuse(const RegisteringPtr& op, const absl::Status& why) {
    if (op->lease_is_new) calls_->Revoke(op->lease);
    if (op->fence != 0) calls_->Revoke(op->fence);
    op->on_done(why);
  }

  // -- Leaving ---------------------------------------------------------------

  void Leave(InstanceId id, std::uint64_t epoch, int tries, OnEnd on_done) {
    TxnRequest txn;
    std::int64_t planned_at = 0;
    std::int64_t lease = 0;
    absl::StatusOr<RecordPtr> own = nullptr;
    {
      MutexLock lock(mutex_);
      own = status_.ok() ? FindOwn(mirror_.view(), id, epoch) : status_;
      if (own.ok()) {
        txn = mirror_.Deregister(**own);
        planned_at = mirror_.revision();
        lease = mirror_.LeaseOf(id);
      }
    }
    if (!own.ok()) return on_done(own.status());
    if (tries == kMaxTries) {
      return on_done(absl::UnavailableError("etcd: others were faster"));
    }
    calls_->Txn(txn, [=, this](const absl::Status& status,
                               const TxnResponse& response) {
      if (!status.ok()) return on_done(FromEtcd(status));
      if (response.succeeded()) {
        calls_->Revoke(lease);
        return WhenSeen(response.header().revision(), on_done);
      }
      WhenSeen(planned_at + 1, [=, this](const absl::Status& seen) {
        if (!seen.ok()) return on_done(seen);
        Leave(id, epoch, tries + 1, on_done);
      });
    });
  }

  const EtcdOptions options_;
  const SteadyClock clock_;
  const std::unique_ptr<EtcdCalls> calls_;
  LeaseKeeper keeper_;
  ViewWatchers watchers_;

  mutable Mutex mutex_;
  EtcdMirror mirror_ ABSL_GUARDED_BY(mutex_);
  Resolver resolver_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_) =
      absl::UnavailableError("etcd: not reached yet");
  std::uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  std::multimap<std::int64_t, OnSeen> waiting_ ABSL_GUARDED_BY(mutex_);

  Mutex listener_mutex_;  // held while it is told
  std::function<void()> listener_ ABSL_GUARDED_BY(listener_mutex_);
  absl::StatusCode told_ ABSL_GUARDED_BY(listener_mutex_) =
      absl::StatusCode::kUnknown;

  std::unique_ptr<EtcdFollower> follower_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RegistryBackend>> MakeEtcdBackend(
    const EtcdOptions& options) {
  absl::Status checked = CheckAdvertised(options.address);
  if (!checked.ok()) return checked;
  if (!absl::EndsWith(options.prefix, "/")) {
    return absl::InvalidArgumentError("the prefix must end with \"/\"");
  }
  checked = CheckListen(
      options.address,
      !options.tls.ca.empty() || options.insecure_allow_plaintext_off_loopback,
      "insecure_allow_plaintext_off_loopback, or TLS,");
  if (!checked.ok()) return checked;
  return std::make_unique<EtcdBackend>(options);
}

}  // namespace am::control
