// WatchCursor: how far one watcher has been told, and what it is told next.
//
// A snapshot is read in parts while the view goes on changing, so it may hold
// some of the changes after the revision at which it began; they are told once
// more behind it, and it all comes out right. Whoever is too slow for what the
// view remembers gets another snapshot.
//
// One thread at a time, as the view.
#pragma once

#include <cstdint>

#include "am/control/registry_view.h"

namespace am::control {

class WatchCursor final {
 public:
  // `generation` is the registry's own.
  WatchCursor(const v1::WatchRequest& request, std::uint64_t generation);

  // Fills `response` with what comes next: a megabyte or so. False: there is
  // nothing new. The first time there always is a response, if only to say so.
  bool Next(const RegistryView& view, v1::WatchResponse& response);

 private:
  void FillSnapshot(const RegistryView& view, v1::WatchResponse& response);
  bool FillChanges(const RegistryView& view, v1::WatchResponse& response);
  void Tell(const RegistryView::Change& change, v1::WatchResponse& response);

  const v1::InstanceFilter filter_;
  const std::uint64_t generation_;
  bool greeted_ = false;
  bool in_snapshot_;
  InstanceId last_listed_;
  std::uint64_t revision_;  // told so far; in a snapshot: where it began
};

}  // namespace am::control
