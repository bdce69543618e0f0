#include "am/control/etcd/etcd_mirror.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace am::control {
namespace {

using etcdserverpb::TxnRequest;

constexpr absl::string_view kInstances = "instance/";
constexpr absl::string_view kSuperseded = "superseded/";
constexpr absl::string_view kLeft = "left";
constexpr absl::string_view kStore = "store";

void AddPut(const std::string& key, std::string value, std::int64_t lease,
            TxnRequest& txn) {
  etcdserverpb::PutRequest& put = *txn.add_success()->mutable_request_put();
  put.set_key(key);
  put.set_value(std::move(value));
  put.set_lease(lease);
}

void AddDelete(const std::string& key, TxnRequest& txn) {
  txn.add_success()->mutable_request_delete_range()->set_key(key);
}

}  // namespace

// What happened at one revision.
struct EtcdMirror::Changes {
  std::vector<const mvccpb::KeyValue*> puts;
  std::vector<const mvccpb::KeyValue*> removals;
};

EtcdMirror::EtcdMirror(std::string prefix, const RegistryOptions& options)
    : prefix_(std::move(prefix)), options_(options) {
  view_.emplace(options_.max_changes);
}

std::string EtcdMirror::prefix_end() const {
  std::string end = prefix_;
  ++end.back();
  return end;
}

// -- Keys --------------------------------------------------------------------

std::string EtcdMirror::Key(absl::string_view folder,
                            absl::string_view name) const {
  return absl::StrCat(prefix_, folder, name);
}

std::string EtcdMirror::InstanceKey(InstanceId id) const {
  return Key(kInstances, id.ToString());
}

// The instance's own key first.
std::vector<std::string> EtcdMirror::KeysOf(const v1::Instance& record) const {
  std::vector<std::string> keys{InstanceKey(IdOf(record))};
  const std::string& name = record.peer().name();
  if (!name.empty()) keys.push_back(Key("name/", name));
  for (const std::string& endpoint : EndpointsOf(record)) {
    keys.push_back(Key("endpoint/", endpoint));
  }
  // Twice the same endpoint is one.
  std::sort(keys.begin() + 1, keys.end());
  keys.erase(std::unique(keys.begin() + 1, keys.end()), keys.end());
  return keys;
}

std::optional<InstanceId> EtcdMirror::InstanceOf(const std::string& key) const {
  absl::string_view rest = key;
  if (!absl::ConsumePrefix(&rest, prefix_)) return std::nullopt;
  if (!absl::ConsumePrefix(&rest, kInstances)) return std::nullopt;
  const absl::StatusOr<InstanceId> id = InstanceId::Parse(rest);
  return id.ok() ? std::optional(*id) : std::nullopt;
}

std::int64_t EtcdMirror::RevisionOf(const std::string& key) const {
  const auto place = held_.find(key);
  return place == held_.end() ? 0 : place->second.mod_revision;
}

std::int64_t EtcdMirror::LeaseOf(InstanceId id) const {
  const auto place = held_.find(InstanceKey(id));
  return place == held_.end() ? 0 : place->second.lease;
}

// -- What etcd says ----------------------------------------------------------

const std::string* EtcdMirror::FindMark(
    const std::vector<mvccpb::KeyValue>& keys) const {
  const std::string mark = Key(kStore, "");
  for (const mvccpb::KeyValue& key : keys) {
    if (key.key() == mark) return &key.value();
  }
  return nullptr;
}

bool EtcdMirror::IsSameStore(const std::vector<mvccpb::KeyValue>& keys) const {
  const std::string* const mark = FindMark(keys);
  return mark != nullptr && mark_ == *mark;
}

// "<which store> <where its epochs begin>".
void EtcdMirror::ReadMark(const std::string& mark) {
  if (mark_ == mark) return;
  mark_ = mark;
  held_.clear();
  view_.emplace(options_.max_changes);
  const std::pair<std::string, std::string> parts = absl::StrSplit(mark, ' ');
  if (!absl::SimpleAtoi(parts.second, &first_epoch_)) first_epoch_ = 0;
}

bool EtcdMirror::Load(const std::vector<mvccpb::KeyValue>& keys,
                      std::int64_t revision) {
  const std::string* const mark = FindMark(keys);
  if (mark == nullptr) return false;
  ReadMark(*mark);
  RemoveOthers(keys);
  for (const mvccpb::KeyValue& key : keys) {
    if (RevisionOf(key.key()) != key.mod_revision()) Put(key);
  }
  revision_ = revision;
  return true;
}

// All but these.
void EtcdMirror::RemoveOthers(const std::vector<mvccpb::KeyValue>& keys) {
  std::set<std::string> there;
  for (const mvccpb::KeyValue& key : keys) there.insert(key.key());
  std::vector<std::string> gone;
  for (const auto& [key, held] : held_) {
    if (!there.contains(key)) gone.push_back(key);
  }
  for (const std::string& key : gone) Remove(key, v1::Removal::EXPIRED);
}

bool EtcdMirror::Apply(const etcdserverpb::WatchResponse& response) {
  std::map<std::int64_t, Changes> revisions;
  const std::string mark = Key(kStore, "");
  for (const mvccpb::Event& event : response.events()) {
    if (event.kv().key() == mark) return false;
    Changes& changes = revisions[event.kv().mod_revision()];
    (event.type() == mvccpb::Event::PUT ? changes.puts : changes.removals)
        .push_back(&event.kv());
  }
  for (const auto& [revision, changes] : revisions) {
    ApplyRevision(changes);
    revision_ = revision;
  }
  return true;
}

// Whoever makes room goes first.
void EtcdMirror::ApplyRevision(const Changes& changes) {
  for (const mvccpb::KeyValue* const key : changes.removals) {
    const std::optional<InstanceId> id = InstanceOf(key->key());
    Remove(key->key(), id.has_value() ? WhyGone(changes, *id)
                                      : v1::Removal::REASON_UNSPECIFIED);
  }
  for (const mvccpb::KeyValue* const key : changes.puts) Put(*key);
}

// The transaction that removes an instance says why; a lease that ends does
// not.
v1::Removal::Reason EtcdMirror::WhyGone(const Changes& changes,
                                        InstanceId id) const {
  const std::string fence = Key(kSuperseded, id.ToString());
  const std::string left = Key(kLeft, "");
  for (const mvccpb::KeyValue* const key : changes.puts) {
    if (key->key() == fence) return v1::Removal::SUPERSEDED;
    if (key->key() == left) return v1::Removal::DEREGISTERED;
  }
  return v1::Removal::EXPIRED;
}

void EtcdMirror::Put(const mvccpb::KeyValue& key) {
  held_[key.key()] = {key.mod_revision(), key.lease()};
  const std::optional<InstanceId> id = InstanceOf(key.key());
  if (!id.has_value()) return;
  v1::Instance record;
  if (!record.ParseFromString(key.value()) || IdOf(record) != *id) return;
  if (record.epoch() == 0) {
    record.set_epoch(EpochAt(key.create_revision()));
  }
  last_epoch_ = std::max(last_epoch_, record.epoch());
  view_->Put(std::make_shared<const v1::Instance>(std::move(record)));
}

void EtcdMirror::Remove(const std::string& key, v1::Removal::Reason reason) {
  held_.erase(key);
  const std::optional<InstanceId> id = InstanceOf(key);
  if (id.has_value()) view_->Remove(*id, reason);
}

std::uint64_t EtcdMirror::EpochAt(std::int64_t revision) const {
  return first_epoch_ + static_cast<std::uint64_t>(revision);
}

// Zero: the one of the revision at which the key comes to be.
std::uint64_t EtcdMirror::EpochToStore(const v1::Instance& record) const {
  const RecordPtr before = view_->Find(IdOf(record));
  if (before != nullptr) return before->epoch();
  if (record.epoch() != 0) return record.epoch();
  return last_epoch_ > EpochAt(revision_) ? last_epoch_ + 1 : 0;
}

// -- What to say to it -------------------------------------------------------

void EtcdMirror::Compare(const std::string& key, TxnRequest& txn) const {
  etcdserverpb::Compare& compare = *txn.add_compare();
  compare.set_key(key);
  compare.set_target(etcdserverpb::Compare::MOD);
  compare.set_mod_revision(RevisionOf(key));
}

TxnRequest EtcdMirror::MarkStore(std::uint64_t random,
                                 std::uint64_t now) const {
  const std::string key = Key(kStore, "");
  TxnRequest txn;
  etcdserverpb::Compare& compare = *txn.add_compare();
  compare.set_key(key);
  compare.set_target(etcdserverpb::Compare::CREATE);
  compare.set_create_revision(0);
  AddPut(key,
         absl::StrCat(InstanceId(random).ToString(), " ",
                      std::max(now, last_epoch_)),
         /*lease=*/0, txn);
  return txn;
}

absl::StatusOr<std::vector<RecordPtr>> EtcdMirror::Admit(
    const v1::Instance& record) const {
  const bool was_superseded =
      held_.contains(Key(kSuperseded, IdOf(record).ToString()));
  return control::Admit(*view_, record, was_superseded, options_);
}

TxnRequest EtcdMirror::Register(const v1::Instance& record, std::int64_t lease,
                                const std::vector<RecordPtr>& superseded,
                                std::int64_t fence) const {
  TxnRequest txn;
  const std::vector<std::string> keys = KeysOf(record);
  std::set<std::string> old;
  for (const RecordPtr& other : superseded) {
    Compare(InstanceKey(IdOf(*other)), txn);
    for (std::string& key : KeysOf(*other)) old.insert(std::move(key));
    AddPut(Key(kSuperseded, IdOf(*other).ToString()), "", fence, txn);
  }
  if (const RecordPtr before = view_->Find(IdOf(record))) {
    for (std::string& key : KeysOf(*before)) old.insert(std::move(key));
  }
  const std::string id = IdOf(record).ToString();
  v1::Instance stored = record;
  stored.set_epoch(EpochToStore(record));
  for (const std::string& key : keys) {
    Compare(key, txn);
    AddPut(key, key == keys[0] ? stored.SerializeAsString() : id, lease, txn);
    old.erase(key);
  }
  for (const std::string& key : old) AddDelete(key, txn);
  return txn;
}

TxnRequest EtcdMirror::Deregister(const v1::Instance& record) const {
  TxnRequest txn;
  const std::vector<std::string> keys = KeysOf(record);
  Compare(keys[0], txn);
  for (const std::string& key : keys) AddDelete(key, txn);
  AddPut(Key(kLeft, ""), IdOf(record).ToString(), /*lease=*/0, txn);
  return txn;
}

}  // namespace am::control
