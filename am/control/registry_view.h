// RegistryView: the instances that are known, and how that came to change.
//
// Each change has a revision, one more than that of the change before. The last
// ones are remembered, so that whoever has seen the view at a revision can be
// told what has changed since; for earlier revisions it has to be told all.
//
// Whose place in the view is right is not decided here (see RegistryState).
// Threads: none of its own, one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "am/control/instance_record.h"

namespace am::control {

class RegistryView final {
 public:
  struct Change {
    std::uint64_t revision;
    RecordPtr before;  // null: it was not there
    RecordPtr after;   // null: it is gone, for the reason that follows
    v1::Removal::Reason reason;
  };

  // Remembers so many changes.
  explicit RegistryView(std::size_t max_changes) : max_changes_(max_changes) {}

  void Put(RecordPtr record);
  void Remove(InstanceId id, v1::Removal::Reason reason);

  // Null if there is none.
  RecordPtr Find(InstanceId id) const;
  RecordPtr FindByName(const std::string& name) const;
  RecordPtr FindByEndpoint(const std::string& endpoint) const;

  // Those that the filter takes, in order of their ids, from the first after
  // `after` on; `max` at the most. `more` says whether there are others.
  std::vector<RecordPtr> Page(const v1::InstanceFilter& filter,
                              InstanceId after, std::size_t max,
                              bool& more) const;

  // In order of their ids.
  std::vector<RecordPtr> WithHandler(const std::string& full_name) const;

  std::size_t size() const { return by_id_.size(); }
  std::uint64_t revision() const { return revision_; }

  // Whether all changes after `revision` are remembered.
  bool Remembers(std::uint64_t revision) const;

  // The first `max` changes after it. REQUIRES: Remembers(revision).
  std::vector<Change> ChangesSince(std::uint64_t revision,
                                   std::size_t max) const;

 private:
  void Index(const RecordPtr& record);
  void Unindex(const v1::Instance& record);
  void Note(RecordPtr before, RecordPtr after, v1::Removal::Reason reason);

  const std::size_t max_changes_;
  std::uint64_t revision_ = 0;
  std::deque<Change> changes_;  // of consecutive revisions, up to revision_
  std::map<InstanceId, RecordPtr> by_id_;
  std::map<std::string, RecordPtr> by_name_;
  std::map<std::string, RecordPtr> by_endpoint_;
  std::map<std::string, std::set<InstanceId>> by_handler_;
};

}  // namespace am::control
