#include "am/control/watch_cursor.h"

#include <utility>

namespace am::control {
namespace {

constexpr std::size_t kMaxRecords = 1000;
constexpr std::size_t kMaxBytes = 1024 * 1024;  // gRPC takes 4 MiB by default

}  // namespace

WatchCursor::WatchCursor(const v1::WatchRequest& request,
                         std::uint64_t generation)
    : filter_(request.filter()),
      generation_(generation),
      in_snapshot_(request.generation() != generation),
      revision_(in_snapshot_ ? 0 : request.revision()) {}

bool WatchCursor::Next(const RegistryView& view, v1::WatchResponse& response) {
  response.Clear();
  response.set_generation(generation_);
  if (in_snapshot_ && last_listed_.is_nobody()) revision_ = view.revision();
  if (!view.Remembers(revision_)) {
    in_snapshot_ = true;
    last_listed_ = InstanceId();
    revision_ = view.revision();
  }
  const bool news = in_snapshot_ || FillChanges(view, response);
  if (in_snapshot_) FillSnapshot(view, response);
  response.set_revision(revision_);
  return !std::exchange(greeted_, true) || news;
}

void WatchCursor::FillSnapshot(const RegistryView& view,
                               v1::WatchResponse& response) {
  bool more = false;
  const std::vector<RecordPtr> page =
      view.Page(filter_, last_listed_, kMaxRecords, more);
  std::size_t bytes = 0;
  for (const RecordPtr& record : page) {
    if (bytes > kMaxBytes) break;
    bytes += record->ByteSizeLong();
    *response.add_events()->mutable_instance() = *record;
    last_listed_ = IdOf(*record);
  }
  in_snapshot_ = more || (!page.empty() && last_listed_ != IdOf(*page.back()));
  if (!in_snapshot_) last_listed_ = InstanceId();
  response.set_kind(in_snapshot_ ? v1::WatchResponse::SNAPSHOT
                                 : v1::WatchResponse::SNAPSHOT_END);
}

bool WatchCursor::FillChanges(const RegistryView& view,
                              v1::WatchResponse& response) {
  response.set_kind(v1::WatchResponse::CHANGES);
  std::size_t bytes = 0;
  for (const auto& change : view.ChangesSince(revision_, kMaxRecords)) {
    if (bytes > kMaxBytes) break;
    if (change.after != nullptr) bytes += change.after->ByteSizeLong();
    Tell(change, response);
    revision_ = change.revision;
  }
  return response.events_size() > 0;
}

void WatchCursor::Tell(const RegistryView::Change& change,
                       v1::WatchResponse& response) {
  if (change.after != nullptr && Matches(filter_, *change.after)) {
    *response.add_events()->mutable_instance() = *change.after;
    return;
  }
  if (change.before == nullptr || !Matches(filter_, *change.before)) return;
  v1::Removal& removal = *response.add_events()->mutable_removal();
  removal.set_id(change.before->peer().id());
  removal.set_reason(change.after == nullptr ? change.reason
                                             : v1::Removal::UNMATCHED);
}

}  // namespace am::control
