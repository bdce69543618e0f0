// A service of a monorepo, in a package that hides ::am, next to gRPC's.
#include <type_traits>

#include "acme/am/v1/pricing.am.h"
#include "acme/am/v1/pricing.am.mock.h"
#include "acme/am/v1/pricing.grpc.pb.h"
#include "am/manager.h"
#include "am/transport/address.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/address.h"

#ifndef MONOREPO_TRANSPORT_ADDRESS
#error "transport/address.h is not the monorepo's own"
#endif
#ifndef MONOREPO_GOOGLETEST
#error "googletest is not the monorepo's own"
#endif

namespace acme::am::v1 {
namespace {

using ::testing::_;
using ::testing::Return;

static_assert(std::is_class_v<::transport::Address>);
static_assert(std::is_class_v<::am::transport::Address>);
static_assert(std::is_base_of_v<::grpc::Service, Pricing::Service>);
static_assert(std::is_base_of_v<::am::Service, PricingAm::Service>);

TEST(Pricing, AnswersOverAm) {
  PricingAm::MockService pricing;
  Price price;
  price.set_cents(250);
  EXPECT_CALL(pricing, Check(_, _))
      .WillOnce(Return(::absl::NotFoundError("sold out")));
  EXPECT_CALL(pricing, Quote(_, _)).WillOnce(Return(price));
  auto shop = ::am::Manager::Make();
  ASSERT_TRUE(shop.ok()) << shop.status();
  ASSERT_TRUE((*shop)->Register(pricing).ok());

  auto buyer = ::am::Manager::Make();
  ASSERT_TRUE(buyer.ok()) << buyer.status();
  auto peer = (*buyer)->client().Connect((*shop)->peer_info());
  ASSERT_TRUE(peer.ok()) << peer.status();
  PricingAm::Client client((*buyer)->client(), peer->id);

  EXPECT_EQ(client.Check(Item()).Await(), ::absl::NotFoundError("sold out"));
  auto quoted = client.Quote(Item()).Await();
  ASSERT_TRUE(quoted.ok()) << quoted.status();
  EXPECT_EQ(quoted->cents(), 250);
}

}  // namespace
}  // namespace acme::am::v1
