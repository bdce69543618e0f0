#include "am/control/resolver.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "am/handler_id.h"

namespace am::control {
namespace {

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
    const RegistryView& view, const v1::ResolveRequest& request) {
  const std::string handler = FullHandlerName(request.handler_name());
  absl::Status checked = Check(request, handler);
  if (!checked.ok()) return checked;
  std::vector<RecordPtr> candidates = Candidates(view, request, handler);
  if (candidates.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no serving instance that is asked for has ", handler));
  }
  Arrange(handler, request.choice(), candidates);
  const auto limit = static_cast<std::size_t>(std::max(request.limit(), 1));
  if (candidates.size() > limit) candidates.resize(limit);
  return candidates;
}

void Resolver::Arrange(const std::string& handler,
                       v1::ResolveRequest::Choice choice,
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
    std::stable_sort(candidates.begin(), candidates.end(),
                     [this](const RecordPtr& a, const RecordPtr& b) {
                       return OutstandingOf(a) < OutstandingOf(b);
                     });
  }
}

std::uint64_t Resolver::OutstandingOf(const RecordPtr& record) const {
  const auto place = outstanding_.find(IdOf(*record));
  return place == outstanding_.end() ? 0 : place->second;
}

}  // namespace am::control
