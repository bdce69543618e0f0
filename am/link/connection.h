// Connection: one lane to a peer and the session that it carries.
//
// A session never outlives its lane. Its number is in every frame; it grows
// with each connection an instance opens, to whomever.
//
// Threads: any. What the lane says is passed on to the events, never under a
// lock of ours.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "am/transport/mutex.h"
#include "am/transport/transport.h"

namespace am {

class Connection;

// Told of connections. Must outlive them.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  virtual void OnWritable(std::uint32_t session) = 0;
  virtual void OnLost(std::uint32_t session, std::string why) = 0;
};

class Connection final : private transport::LaneObserver {
 public:
  // Begins to connect. Errors as of Transport::Open.
  static absl::StatusOr<std::shared_ptr<Connection>> Open(
      transport::Transport& transport, const transport::Address& address,
      std::uint32_t session, ConnectionEvents& events);

  std::uint32_t session() const { return session_; }
  const transport::Address& address() const { return address_; }

  // As of the lane.
  transport::SendResult TrySend(const transport::OutboundFrame& frame);
  bool has_cheap_frames() const { return has_cheap_frames_; }

 private:
  Connection(const transport::Address& address, std::uint32_t session,
             ConnectionEvents& events);

  void OnWritable() override;
  void OnLost(absl::string_view why) override;

  const transport::Address address_;
  const std::uint32_t session_;
  ConnectionEvents& events_;

  bool has_cheap_frames_ = false;

  Mutex mutex_;  // orders the callers of the lane
  std::unique_ptr<transport::Lane> lane_;
};

}  // namespace am
