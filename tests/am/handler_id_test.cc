#include "am/handler_id.h"

#include "gtest/gtest.h"

namespace am {
namespace {

// The test vectors of the authors, http://www.isthe.com/chongo/tech/comp/fnv/.
static_assert(HandlerId("") == 0xcbf29ce484222325);
static_assert(HandlerId("a") == 0xaf63dc4c8601ec8c);
static_assert(HandlerId("foobar") == 0x85944171f73967e8);

TEST(HandlerId, TakesBytesAsUnsigned) {
  EXPECT_EQ(HandlerId("\xff"),
            (0xcbf29ce484222325 ^ 0xff) * std::uint64_t{0x100000001b3});
}

TEST(HandlerId, BareNamesBelongToOneService) {
  EXPECT_EQ(FullHandlerName("compute"), "am.v1.Handlers/compute");
}

TEST(HandlerId, FullNamesStay) {
  EXPECT_EQ(FullHandlerName("acme.Inference/Compute"),
            "acme.Inference/Compute");
}

}  // namespace
}  // namespace am
