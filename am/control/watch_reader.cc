#include "am/control/watch_reader.h"

#include <string>
#include <utility>

#include "am/control/record_proto.h"

namespace am::control {
namespace {

std::string WhyGone(v1::Removal::Reason reason) {
  switch (reason) {
    case v1::Removal::DEREGISTERED:
      return "it has left";
    case v1::Removal::EXPIRED:
      return "its lease has ended";
    case v1::Removal::SUPERSEDED:
      return "another instance listens where it did";
    default:
      return "it is not in the registry any more";
  }
}

void TellChange(const v1::WatchEvent& event, DirectorySink& sink) {
  if (event.has_removal()) {
    return sink.OnGone(InstanceId(event.removal().id()),
                       WhyGone(event.removal().reason()));
  }
  absl::StatusOr<InstanceRecord> record = FromProto(event.instance());
  if (record.ok()) sink.OnInstance(*std::move(record));
}

}  // namespace

void WatchReader::Read(const v1::WatchResponse& response, absl::Time now,
                       DirectorySink& sink) {
  if (response.kind() == v1::WatchResponse::CHANGES) {
    for (const v1::WatchEvent& event : response.events()) {
      TellChange(event, sink);
    }
    sink.OnCurrent();
  } else {
    for (const v1::WatchEvent& event : response.events()) {
      absl::StatusOr<InstanceRecord> record = FromProto(event.instance());
      if (record.ok()) snapshot_.push_back(*std::move(record));
    }
    if (response.kind() == v1::WatchResponse::SNAPSHOT) return;
    EndSnapshot(response.generation(), now, sink);
  }
  generation_ = response.generation();
  revision_ = response.revision();
}

void WatchReader::EndSnapshot(std::uint64_t generation, absl::Time now,
                              DirectorySink& sink) {
  std::vector<InstanceRecord> all = std::exchange(snapshot_, {});
  if (generation_ != 0 && generation != generation_) grace_end_ = now + grace_;
  if (grace_end_ == absl::InfiniteFuture() || now >= grace_end_) {
    grace_end_ = absl::InfiniteFuture();
    return sink.OnInstances(std::move(all));
  }
  for (InstanceRecord& instance : all) sink.OnInstance(std::move(instance));
  sink.OnCurrent();
}

v1::WatchRequest WatchReader::Resume(bool anew) {
  snapshot_.clear();
  v1::WatchRequest request;
  if (!anew) {
    request.set_generation(generation_);
    request.set_revision(revision_);
  }
  return request;
}

}  // namespace am::control
