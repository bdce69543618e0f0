#include "am/control/registry_rules.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace am::control {
namespace {

std::string Describe(const v1::Instance& record) {
  return absl::StrCat(
      IdOf(record).ToString(),
      record.peer().name().empty() ? "" : " (" + record.peer().name() + ")",
      record.peer().addresses().empty() ? ""
                                        : " at " + record.peer().addresses(0));
}

std::vector<RecordPtr> OthersAt(const RegistryView& view,
                                const v1::Instance& record) {
  std::vector<RecordPtr> others;
  for (const std::string& endpoint : EndpointsOf(record)) {
    RecordPtr other = view.FindByEndpoint(endpoint);
    if (other == nullptr || IdOf(*other) == IdOf(record)) continue;
    if (std::find(others.begin(), others.end(), other) == others.end()) {
      others.push_back(std::move(other));
    }
  }
  return others;
}

absl::Status CheckFenced(const v1::Instance& record, bool was_superseded,
                         const std::vector<RecordPtr>& same_place) {
  if (was_superseded) {
    return absl::FailedPreconditionError(
        absl::StrCat("instance ", Describe(record),
                     " has been superseded by a later one at its address"));
  }
  for (const RecordPtr& other : same_place) {
    // This one comes back to a registry that has forgotten it.
    if (record.epoch() != 0 && record.epoch() < other->epoch()) {
      return absl::FailedPreconditionError(
          absl::StrCat("instance ", Describe(record),
                       " has been superseded by ", Describe(*other)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckName(const RegistryView& view, const v1::Instance& record,
                       const std::vector<RecordPtr>& same_place) {
  const RecordPtr owner = view.FindByName(record.peer().name());
  if (owner == nullptr || IdOf(*owner) == IdOf(record) ||
      std::count(same_place.begin(), same_place.end(), owner) > 0) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat("the name \"", record.peer().name(),
                   "\" is taken by live instance ", Describe(*owner)));
}

}  // namespace

absl::Duration LeaseTime(absl::Duration asked, const RegistryOptions& options) {
  if (asked <= absl::ZeroDuration()) return options.default_ttl;
  return std::clamp(asked, options.min_ttl, options.max_ttl);
}

absl::StatusOr<std::vector<RecordPtr>> Admit(const RegistryView& view,
                                             const v1::Instance& record,
                                             bool was_superseded,
                                             const RegistryOptions& options) {
  absl::Status checked = CheckRecord(record, options.max_record_bytes);
  if (!checked.ok()) return checked;
  std::vector<RecordPtr> same_place = OthersAt(view, record);
  checked = CheckFenced(record, was_superseded, same_place);
  if (checked.ok()) checked = CheckName(view, record, same_place);
  if (!checked.ok()) return checked;
  if (view.Find(IdOf(record)) == nullptr &&
      view.size() >= options.max_instances + same_place.size()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the registry is full: ", view.size(), " instances"));
  }
  return same_place;
}

absl::StatusOr<RecordPtr> FindOwn(const RegistryView& view, InstanceId id,
                                  std::uint64_t epoch) {
  const RecordPtr record = view.Find(id);
  if (record == nullptr) return NoSuchInstance(id);
  if (record->epoch() == epoch) return record;
  return absl::FailedPreconditionError(
      absl::StrCat("instance ", id.ToString(), " has epoch ", record->epoch(),
                   ", not ", epoch));
}

absl::Status NoSuchInstance(InstanceId id) {
  return absl::NotFoundError(
      absl::StrCat("no instance ", id.ToString(), " is registered"));
}

}  // namespace am::control
