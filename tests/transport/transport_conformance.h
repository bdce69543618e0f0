// What every Transport has to keep, as one suite of tests. A new transport
// describes a world and instantiates the suite, in a dozen lines:
//
//   class MyWorld final : public TransportWorld { ... };
//   INSTANTIATE_TEST_SUITE_P(My, TransportConformance,
//                            testing::Values(&MakeWorld<MyWorld>));
#pragma once

#include <cstddef>
#include <memory>

#include "am/transport/transport.h"
#include "gtest/gtest.h"
#include "tests/transport/station.h"

namespace am::transport {

// The frame limit which every transport of a world must have.
inline constexpr std::size_t kFrameLimit = std::size_t{1} << 20;

// Where the transports of one test live.
class TransportWorld {
 public:
  virtual ~TransportWorld() = default;

  // With kFrameLimit, and lanes that refuse after some thousand frames of
  // 4 KiB which nobody receives.
  virtual std::unique_ptr<Transport> MakeTransport() = 0;

  // To listen on, another one each time.
  virtual Address FreshAddress() = 0;

  // Where nobody listens.
  virtual Address DesertedAddress() = 0;

  // Of a kind that this transport does not know.
  virtual Address ForeignAddress() = 0;
};

using WorldMaker = std::unique_ptr<TransportWorld> (*)();

template <typename World>
std::unique_ptr<TransportWorld> MakeWorld() {
  return std::make_unique<World>();
}

class TransportConformance : public testing::TestWithParam<WorldMaker> {
 protected:
  Station MakeStation() { return Station(world_->MakeTransport()); }

  const std::unique_ptr<TransportWorld> world_ = GetParam()();
};

}  // namespace am::transport
