// Buffer: bytes that somebody keeps alive.
//
// A Buffer is a view of bytes together with a share in whatever owns them (a
// received ZeroMQ message, a serialised request). Copying one copies the
// share, never the bytes, so that a payload serialised once can be sent to
// many peers and a received payload can outlive the frame it came in.
//
//   am::transport::Buffer payload{request.SerializeAsString()};
//   am::transport::Buffer body = payload.Slice(4, 16);   // same owner
//
// Threads: the bytes never change, so a Buffer may be copied and read by any
// number of threads; one Buffer object is as thread-safe as an int.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace am::transport {

class Buffer {
 public:
  Buffer() = default;

  // Takes the bytes over.
  explicit Buffer(std::string bytes)
      : Buffer(std::make_shared<const std::string>(std::move(bytes))) {}

  // Shares in `owner`, which keeps `view` valid and unchanged.
  Buffer(absl::string_view view, std::shared_ptr<const void> owner)
      : view_(view), owner_(std::move(owner)) {}

  absl::string_view view() const { return view_; }
  const char* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }

  // The bytes [offset, offset + length), with a share in the same owner.
  // REQUIRES: offset + length <= size().
  Buffer Slice(std::size_t offset, std::size_t length) const {
    return Buffer(view_.substr(offset, length), owner_);
  }

  // Who keeps the bytes alive; null only for an empty Buffer.
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  explicit Buffer(std::shared_ptr<const std::string> bytes)
      : view_(*bytes), owner_(std::move(bytes)) {}

  absl::string_view view_;
  std::shared_ptr<const void> owner_;
};

}  // namespace am::transport
