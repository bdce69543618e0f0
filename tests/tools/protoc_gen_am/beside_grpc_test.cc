// The headers of both plugins in one source file.
#include <string>
#include <type_traits>

#include "gtest/gtest.h"
#include "tests/golden/inference.am.h"
#include "tests/golden/inference.grpc.pb.h"

namespace acme::v1 {
namespace {

class GrpcService final : public Inference::Service {};
class AmService final : public InferenceAm::Service {};

static_assert(std::is_base_of_v<grpc::Service, GrpcService>);
static_assert(std::is_base_of_v<::am::Service, AmService>);

TEST(BesideGrpc, ThePathOfGrpcIsTheNameOfTheHandler) {
  EXPECT_EQ(std::string(Inference::service_full_name()) + "/Compute",
            std::string(InferenceAm::kCompute.spec.name));
}

}  // namespace
}  // namespace acme::v1
