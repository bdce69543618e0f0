#include "am/transport/shm_transport.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "am/transport/ipc_path.h"
#include "am/transport/shm_inbox.h"
#include "am/transport/shm_lanes.h"
#include "am/transport/shm_segment.h"
#include "am/transport/shm_socket.h"

namespace am::transport {
namespace {

class ShmTransport final : public Transport {
 public:
  ShmTransport(const ShmOptions& options, std::unique_ptr<ShmLanes> lanes,
               std::unique_ptr<ShmInbox> inbox)
      : options_(options), lanes_(std::move(lanes)), inbox_(std::move(inbox)) {
    if (options_.other != nullptr) inbox_->Join(options_.other->inbox());
  }

  absl::StatusOr<Address> Listen(const Address& address) override {
    if (address.scheme() != Scheme::kShm) return ListenElsewhere(address);
    absl::StatusOr<std::string> path = PathFor(address);
    if (!path.ok()) return path.status();
    absl::StatusOr<std::unique_ptr<IpcClaim>> claim = IpcClaim::Make(*path);
    if (!claim.ok()) return claim.status();
    absl::StatusOr<Descriptor> listener =
        ListenOnSocket((*claim)->staging_path(), options_.backlog);
    if (!listener.ok()) return listener.status();
    if (absl::Status status = (*claim)->Publish(); !status.ok()) return status;
    inbox_->Listen(*std::move(listener));
    claims_.push_back(*std::move(claim));
    return Address::Shm(*path);
  }

  absl::StatusOr<std::unique_ptr<Lane>> Open(const Address& address,
                                             LaneObserver& observer) override {
    if (address.scheme() != Scheme::kShm) {
      if (options_.other == nullptr) return NotOurs(address);
      return options_.other->Open(address, observer);
    }
    if (address.path().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(address.ToString(), " names no peer"));
    }
    return lanes_->Open(address.path(), observer);
  }

  Inbox& inbox() override { return *inbox_; }
  std::size_t max_frame_bytes() const override {
    return options_.max_frame_bytes;
  }

 private:
  absl::StatusOr<Address> ListenElsewhere(const Address& address) {
    if (options_.other == nullptr) return NotOurs(address);
    absl::StatusOr<Address> bound = options_.other->Listen(address);
    inbox_->Join(options_.other->inbox());
    return bound;
  }

  static absl::Status NotOurs(const Address& address) {
    return absl::InvalidArgumentError(absl::StrCat(
        address.ToString(), ": the shared memory transport needs shm://path"));
  }

  absl::StatusOr<std::string> PathFor(const Address& address) {
    if (!address.path().empty()) return address.path();
    if (folder_ == nullptr) {
      absl::StatusOr<std::unique_ptr<IpcFolder>> folder = IpcFolder::Make("");
      if (!folder.ok()) return folder.status();
      folder_ = *std::move(folder);
    }
    return folder_->NextSocketPath();
  }

  const ShmOptions options_;
  // Paths are given up once nothing listens there.
  std::unique_ptr<IpcFolder> folder_;
  std::vector<std::unique_ptr<IpcClaim>> claims_;
  const std::unique_ptr<ShmLanes> lanes_;
  const std::unique_ptr<ShmInbox> inbox_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> MakeShmTransport(
    const ShmOptions& options) {
  if (!ShmSegment::IsRingSize(options.ring_bytes)) {
    return absl::InvalidArgumentError(
        "ShmOptions::ring_bytes must be a power of two from 4 KiB to 64 MiB");
  }
  if (options.max_parts < 1) {
    return absl::InvalidArgumentError(
        "ShmOptions::max_parts must be 1 at least");
  }
  const StreamLimits limits{options.max_parts, options.max_frame_bytes};
  absl::StatusOr<std::unique_ptr<ShmLanes>> lanes = ShmLanes::Make(
      {limits, options.ring_bytes, options.linger, options.look});
  if (!lanes.ok()) return lanes.status();
  absl::StatusOr<std::unique_ptr<ShmInbox>> inbox =
      ShmInbox::Make(limits, options.look, options.look_at_other);
  if (!inbox.ok()) return inbox.status();
  return std::make_unique<ShmTransport>(options, *std::move(lanes),
                                        *std::move(inbox));
}

}  // namespace am::transport
