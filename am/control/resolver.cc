#include "am/control/resolver.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "am/handler_id.h"

namespace am::control {
namespace {

// How often what is not good any more is forgotten.
constexpr absl::Duration kSweepInterval = absl::Minutes(1);

absl::Status Check(const v1::ResolveRequest& request,
                   const std::string& handler) {
  if (!IsHandlerName(handler)) {
    return absl::InvalidArgumentError(
        absl::StrCat("handler_name: \"", request.handler_name(),
                     "\" is not a handler's name"));
  }
  if (request.choice() == v1::ResolveRequest::INSTANCE && request.id() == 0) {
    return absl::InvalidArgumentError("choice INSTANCE needs an id");
  }
  if (request.choice() == v1::ResolveRequest::LABEL &&
      request.labels().empty()) {
    return absl::InvalidArgumentError("choice LABEL needs labels");
  }
  if (request.limit() < 0) return absl::InvalidArgumentError("limit < 0");
  return absl::OkStatus();
}

std::vector<RecordPtr> Candidates(const RegistryView& view,
                                  const v1::ResolveRequest& request,
                                  const std::string& handler) {
  v1::InstanceFilter filter;
  if (request.choice() == v1::ResolveRequest::LABEL) {
    *filter.mutable_labels() = request.labels();
  }
  std::vector<RecordPtr> candidates = view.WithHandler(handler);
  std::erase_if(candidates, [&](const RecordPtr& record) {
    return record->state() == v1::Instance::DRAINING ||
           (request.choice() == v1::ResolveRequest::INSTANCE &&
            record->peer().id() != request.id()) ||
           !Matches(filter, *record);
  });
  return candidates;
}

}  // namespace

absl::StatusOr<std::vector<RecordPtr>> Resolver::Resolve(
    const RegistryView& view, const v1::ResolveRequest& request,
    absl::Time now) {
  const std::string handler = FullHandlerName(request.handler_name());
  absl::Status checked = Check(request, handler);
  if (!checked.ok()) return checked;
  std::vector<RecordPtr> candidates = Candidates(view, request, handler);
  if (candidates.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no serving instance that is asked for has ", handler));
  }
  Arrange(handler, request.choice(), now, candidates);
  const auto limit = static_cast<std::size_t>(std::max(request.limit(), 1));
  if (candidates.size() > limit) candidates.resize(limit);
  return candidates;
}

void Resolver::Arrange(const std::string& handler,
                       v1::ResolveRequest::Choice choice, absl::Time now,
                       std::vector<RecordPtr>& candidates) {
  if (choice == v1::ResolveRequest::ROUND_ROBIN) {
    const std::size_t turn = turns_[handler]++ % candidates.size();
    std::rotate(candidates.begin(),
                candidates.begin() + static_cast<std::ptrdiff_t>(turn),
                candidates.end());
    return;
  }
  std::shuffle(candidates.begin(), candidates.end(), random_);
  if (choice == v1::ResolveRequest::LEAST_OUTSTANDING) {
    SortByLoad(now, candidates);
  }
}

// Those of which nothing is known, since they tell another registry, count as
// the average of the others: they are neither overrun nor left out.
void Resolver::SortByLoad(absl::Time now,
                          std::vector<RecordPtr>& candidates) const {
  std::map<InstanceId, double> known;
  double sum = 0;
  for (const RecordPtr& record : candidates) {
    const auto load = loads_.find(IdOf(*record));
    if (load == loads_.end() || load->second.good_until <= now) continue;
    const auto outstanding = static_cast<double>(load->second.outstanding);
    known.emplace(load->first, outstanding);
    sum += outstanding;
  }
  if (known.empty()) return;
  const double average = sum / static_cast<double>(known.size());
  const auto load_of = [&](const RecordPtr& record) {
    const auto load = known.find(IdOf(*record));
    return load == known.end() ? average : load->second;
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const RecordPtr& a, const RecordPtr& b) {
                     return load_of(a) < load_of(b);
                   });
}

void Resolver::NoteOutstanding(InstanceId id, std::uint64_t outstanding,
                               absl::Duration lease, absl::Time now) {
  loads_[id] = {outstanding, now + lease};
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweepInterval;
  std::erase_if(loads_, [now](const auto& entry) {
    return entry.second.good_until <= now;
  });
}

}  // namespace am::control
