// EtcdMirror: what a registry has in etcd, as far as it has been told, and the
// transactions that change it.
//
// Each instance has a lease, and with it these keys, below a prefix:
//   instance/<id>    its record (am.v1.Instance)
//   name/<name>      its id, if it has a name
//   endpoint/<e>     its id, for each of its addresses (EndpointsOf)
// Beside them:
//   superseded/<id>  that it stays out; ends after a day
//   left             the id of the last one that deregistered
//   store            which store this is, and where its epochs begin
//
// All keys of an instance change in one transaction, which holds only if they
// are as the mirror has them: so two registries never let two instances have
// one name or endpoint, and a refusal by the mirror's view is one by the store.
// An epoch is the revision at which the instance's key came to be, counted from
// where the store's epochs begin; an instance that has an epoch already brings
// it along. A store that was wiped begins above all that was known before, and
// should an epoch be brought along that is above those of the store, those who
// come after it are given larger ones.
//
// It has no threads, clock or network: what etcd says goes in, what to say to
// it comes out. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "am/control/etcd/rpc.pb.h"
#include "am/control/registry_rules.h"
#include "am/control/registry_view.h"

namespace am::control {

class EtcdMirror final {
 public:
  // `prefix` ends with a slash.
  EtcdMirror(std::string prefix, const RegistryOptions& options);

  const std::string& prefix() const { return prefix_; }
  // Behind the last key with the prefix.
  std::string prefix_end() const;

  const RegistryView& view() const { return *view_; }

  // -- What etcd says --------------------------------------------------------

  // Whether these are keys of the store that was loaded before.
  bool IsSameStore(const std::vector<mvccpb::KeyValue>& keys) const;

  // All keys with the prefix, at one revision. False: nobody has used the store
  // yet; MarkStore says how to begin.
  bool Load(const std::vector<mvccpb::KeyValue>& keys, std::int64_t revision);

  // What happened after that. False: the store's mark is gone, so that nothing
  // is known any more until it is loaded again.
  bool Apply(const etcdserverpb::WatchResponse& response);

  // -- What to say to it -----------------------------------------------------

  // Marks a new store, unless somebody else has. `now` is in microseconds.
  etcdserverpb::TxnRequest MarkStore(std::uint64_t random,
                                     std::uint64_t now) const;

  // Whom this supersedes, or why it is refused, by the view.
  absl::StatusOr<std::vector<RecordPtr>> Admit(
      const v1::Instance& record) const;

  // Puts the keys of `record` under `lease`, and removes those of `superseded`,
  // which stay out for as long as `fence` is a lease.
  etcdserverpb::TxnRequest Register(const v1::Instance& record,
                                    std::int64_t lease,
                                    const std::vector<RecordPtr>& superseded,
                                    std::int64_t fence) const;

  etcdserverpb::TxnRequest Deregister(const v1::Instance& record) const;

  // Up to where it has been told.
  std::int64_t revision() const { return revision_; }

  // The lease of a known instance; 0: none.
  std::int64_t LeaseOf(InstanceId id) const;

 private:
  struct Changes;

  std::string Key(absl::string_view folder, absl::string_view name) const;
  std::string InstanceKey(InstanceId id) const;
  std::vector<std::string> KeysOf(const v1::Instance& record) const;
  std::int64_t RevisionOf(const std::string& key) const;
  void Compare(const std::string& key, etcdserverpb::TxnRequest& txn) const;
  std::uint64_t EpochAt(std::int64_t revision) const;
  std::uint64_t EpochToStore(const v1::Instance& record) const;
  std::optional<InstanceId> InstanceOf(const std::string& key) const;
  const std::string* FindMark(const std::vector<mvccpb::KeyValue>& keys) const;
  void ReadMark(const std::string& mark);
  void RemoveOthers(const std::vector<mvccpb::KeyValue>& keys);
  void Put(const mvccpb::KeyValue& key);
  void Remove(const std::string& key, v1::Removal::Reason reason);
  v1::Removal::Reason WhyGone(const Changes& changes, InstanceId id) const;
  void ApplyRevision(const Changes& changes);

  struct Held {
    std::int64_t mod_revision = 0;
    std::int64_t lease = 0;
  };

  const std::string prefix_;
  const RegistryOptions options_;
  std::optional<RegistryView> view_;
  std::string mark_;  // of the store; empty: none yet
  std::uint64_t first_epoch_ = 0;
  std::uint64_t last_epoch_ = 0;  // of all that were ever known
  std::int64_t revision_ = 0;
  std::map<std::string, Held> held_;  // all keys
};

}  // namespace am::control
