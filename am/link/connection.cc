#include "am/link/connection.h"

#include <utility>

namespace am {

Connection::Connection(const transport::Address& address, std::uint32_t session,
                       ConnectionEvents& events)
    : address_(address), session_(session), events_(events) {}

absl::StatusOr<std::shared_ptr<Connection>> Connection::Open(
    transport::Transport& transport, const transport::Address& address,
    std::uint32_t session, ConnectionEvents& events) {
  std::shared_ptr<Connection> connection(
      new Connection(address, session, events));
  absl::StatusOr<std::unique_ptr<transport::Lane>> lane =
      transport.Open(address, *connection);
  if (!lane.ok()) return lane.status();
  connection->has_cheap_frames_ = (*lane)->has_cheap_frames();
  connection->lane_ = *std::move(lane);
  return connection;
}

transport::SendResult Connection::TrySend(
    const transport::OutboundFrame& frame) {
  MutexLock lock(mutex_);
  return lane_->TrySend(frame);
}

void Connection::OnWritable() { events_.OnWritable(session_); }

void Connection::OnLost(absl::string_view why) {
  events_.OnLost(session_, std::string(why));
}

}  // namespace am
