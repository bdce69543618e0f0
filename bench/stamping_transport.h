// StampingTransport: another transport, and when frames passed through it.
//
// Threads: as the one within; stamps may be read and cleared by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "am/transport/transport.h"
#include "bench/machine_clock.h"

namespace am::bench {

struct Stamps {
  std::atomic<std::int64_t> sent = 0;      // the first frame since it was zero
  std::atomic<std::int64_t> received = 0;  // the last one
};

class StampingTransport final : public transport::Transport {
 public:
  StampingTransport(std::unique_ptr<transport::Transport> within,
                    std::shared_ptr<Stamps> stamps)
      : within_(std::move(within)),
        stamps_(std::move(stamps)),
        inbox_(within_->inbox(), *stamps_) {}

  absl::StatusOr<transport::Address> Listen(
      const transport::Address& address) override {
    return within_->Listen(address);
  }

  absl::StatusOr<std::unique_ptr<transport::Lane>> Open(
      const transport::Address& address,
      transport::LaneObserver& observer) override {
    absl::StatusOr<std::unique_ptr<transport::Lane>> lane =
        within_->Open(address, observer);
    if (!lane.ok()) return lane.status();
    return std::make_unique<StampingLane>(*std::move(lane), *stamps_);
  }

  transport::Inbox& inbox() override { return inbox_; }
  std::size_t max_frame_bytes() const override {
    return within_->max_frame_bytes();
  }

 private:
  class StampingLane final : public transport::Lane {
   public:
    StampingLane(std::unique_ptr<transport::Lane> within, Stamps& stamps)
        : within_(std::move(within)), stamps_(stamps) {}

    transport::SendResult TrySend(
        const transport::OutboundFrame& frame) override {
      std::int64_t none = 0;
      stamps_.sent.compare_exchange_strong(none, NowNanoseconds());
      return within_->TrySend(frame);
    }
    bool has_cheap_frames() const override {
      return within_->has_cheap_frames();
    }

   private:
    const std::unique_ptr<transport::Lane> within_;
    Stamps& stamps_;
  };

  class StampingInbox final : public transport::Inbox {
   public:
    StampingInbox(transport::Inbox& within, Stamps& stamps)
        : within_(within), stamps_(stamps) {}

    std::size_t Receive(absl::Duration timeout, std::size_t limit,
                        std::vector<transport::InboundFrame>& burst) override {
      const std::size_t count = within_.Receive(timeout, limit, burst);
      if (count > 0) stamps_.received = NowNanoseconds();
      return count;
    }
    void Interrupt() override { within_.Interrupt(); }

   private:
    transport::Inbox& within_;
    Stamps& stamps_;
  };

  const std::unique_ptr<transport::Transport> within_;
  const std::shared_ptr<Stamps> stamps_;
  StampingInbox inbox_;
};

}  // namespace am::bench
