#include "am/control/registry_view.h"

#include <algorithm>
#include <utility>

namespace am::control {
namespace {

// Unless it is another's by now.
void EraseOf(const v1::Instance& record, const std::string& key,
             std::map<std::string, RecordPtr>& index) {
  const auto place = index.find(key);
  if (place == index.end()) return;
  if (IdOf(*place->second) == IdOf(record)) index.erase(place);
}

}  // namespace

void RegistryView::Put(RecordPtr record) {
  RecordPtr& place = by_id_[IdOf(*record)];
  if (place != nullptr) Unindex(*place);
  Index(record);
  Note(std::exchange(place, record), record, v1::Removal::REASON_UNSPECIFIED);
}

void RegistryView::Remove(InstanceId id, v1::Removal::Reason reason) {
  const auto place = by_id_.find(id);
  if (place == by_id_.end()) return;
  RecordPtr before = std::move(place->second);
  by_id_.erase(place);
  Unindex(*before);
  Note(std::move(before), nullptr, reason);
}

void RegistryView::Index(const RecordPtr& record) {
  const std::string& name = record->peer().name();
  if (!name.empty()) by_name_[name] = record;
  for (const std::string& endpoint : EndpointsOf(*record)) {
    by_endpoint_[endpoint] = record;
  }
  for (const v1::HandlerInfo& handler : record->handlers()) {
    by_handler_[handler.name()].insert(IdOf(*record));
  }
}

void RegistryView::Unindex(const v1::Instance& record) {
  EraseOf(record, record.peer().name(), by_name_);
  for (const std::string& endpoint : EndpointsOf(record)) {
    EraseOf(record, endpoint, by_endpoint_);
  }
  for (const v1::HandlerInfo& handler : record.handlers()) {
    const auto place = by_handler_.find(handler.name());
    if (place == by_handler_.end()) continue;
    place->second.erase(IdOf(record));
    if (place->second.empty()) by_handler_.erase(place);
  }
}

void RegistryView::Note(RecordPtr before, RecordPtr after,
                        v1::Removal::Reason reason) {
  changes_.push_back(
      {++revision_, std::move(before), std::move(after), reason});
  if (changes_.size() > max_changes_) changes_.pop_front();
}

RecordPtr RegistryView::Find(InstanceId id) const {
  const auto place = by_id_.find(id);
  return place == by_id_.end() ? nullptr : place->second;
}

RecordPtr RegistryView::FindByName(const std::string& name) const {
  const auto place = by_name_.find(name);
  return place == by_name_.end() ? nullptr : place->second;
}

RecordPtr RegistryView::FindByEndpoint(const std::string& endpoint) const {
  const auto place = by_endpoint_.find(endpoint);
  return place == by_endpoint_.end() ? nullptr : place->second;
}

std::vector<RecordPtr> RegistryView::Page(const v1::InstanceFilter& filter,
                                          InstanceId after, std::size_t max,
                                          bool& more) const {
  std::vector<RecordPtr> page;
  more = false;
  for (auto it = by_id_.upper_bound(after); it != by_id_.end(); ++it) {
    if (!Matches(filter, *it->second)) continue;
    more = page.size() == max;
    if (more) break;
    page.push_back(it->second);
  }
  return page;
}

std::vector<RecordPtr> RegistryView::WithHandler(
    const std::string& full_name) const {
  std::vector<RecordPtr> found;
  const auto ids = by_handler_.find(full_name);
  if (ids == by_handler_.end()) return found;
  for (const InstanceId id : ids->second) found.push_back(by_id_.at(id));
  return found;
}

bool RegistryView::Remembers(std::uint64_t revision) const {
  return revision <= revision_ && revision_ - revision <= changes_.size();
}

std::vector<RegistryView::Change> RegistryView::ChangesSince(
    std::uint64_t revision, std::size_t max) const {
  const auto missing = static_cast<std::ptrdiff_t>(revision_ - revision);
  const auto begin = changes_.end() - missing;
  const auto count = std::min(missing, static_cast<std::ptrdiff_t>(max));
  return {begin, begin + count};
}

}  // namespace am::control
