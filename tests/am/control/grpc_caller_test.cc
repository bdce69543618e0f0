// Calls by path, as amctl makes them.
#include "am/control/grpc_caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <stop_token>
#include <string>

#include "am/v1/node.pb.h"
#include "src/proto/grpc/health/v1/health.pb.h"
#include "tests/am/control/control_fixture.h"
#include "tests/am/control/party.h"

namespace am::control {
namespace {

constexpr char kHealth[] = "grpc.health.v1.Health/Watch";

// Takes connections, and says nothing.
class SilentServer {
 public:
  SilentServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, any, size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(socket_); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const int socket_;
  int port_;
};

class GrpcCallerTest : public ControlTest {
 protected:
  void Start(const ControlServerOptions& options = {}) {
    ControlTest::Start({}, options);
    ASSERT_TRUE(manager_
                    ->RegisterAck("refuse",
                                  [](Context&, const std::string&) {
                                    return absl::UnavailableError("not now");
                                  })
                    .ok());
    caller_ = Make(server_->address());
  }

  static std::unique_ptr<GrpcCaller> Make(const std::string& address,
                                          const TlsClientFiles& tls = {}) {
    auto caller = GrpcCaller::Make(address, tls);
    EXPECT_TRUE(caller.ok()) << caller.status();
    return *std::move(caller);
  }

  static absl::Status Check(GrpcCaller& caller) {
    return caller.Call("am.v1.Node/HealthCheck", "", patience_).status();
  }

  static inline const GrpcCaller::Options patience_{.timeout =
                                                        absl::Seconds(20)};
  std::unique_ptr<GrpcCaller> caller_;
};

TEST_F(GrpcCallerTest, AResponseComesBack) {
  Start();
  const auto answer = caller_->Call("am.v1.Node/HealthCheck", "", patience_);
  ASSERT_TRUE(answer.ok()) << answer.status();
  v1::HealthCheckResponse health;
  ASSERT_TRUE(health.ParseFromString(*answer));
  EXPECT_EQ(health.status(), v1::HealthCheckResponse::SERVING);
}

TEST_F(GrpcCallerTest, AServersUnavailableIsItsOwn) {
  Start();
  const auto status =
      caller_->Call("am.v1.Handlers/refuse", "", patience_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "not now");
  EXPECT_FALSE(WasNotReached(status));
}

TEST_F(GrpcCallerTest, NobodyIsReachedWhereNobodyListens) {
  Start();
  server_.reset();
  const absl::Status status = Check(*caller_);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(WasNotReached(status));
}

TEST_F(GrpcCallerTest, WhoIsSilentIsNotAwaitedForEver) {
  const SilentServer silence;
  const auto caller = Make(silence.address());
  const GrpcCaller::Options soon{.timeout = absl::Milliseconds(20)};
  EXPECT_EQ(caller->Call("a.B/C", "", soon).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(
      caller->Read("a.B/C", "", soon, [](absl::string_view) { return true; })
          .code(),
      absl::StatusCode::kDeadlineExceeded);
}

TEST_F(GrpcCallerTest, ACallEndsWhenItIsToStop) {
  Start();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(caller_
                ->Call("am.v1.Node/AwaitHandler", "\x0a\x01x",
                       {.timeout = absl::Hours(1), .stop = stop.get_token()})
                .status()
                .code(),
            absl::StatusCode::kCancelled);
}

TEST_F(GrpcCallerTest, ResponsesAreReadUntilThereAreEnough) {
  Start();
  int responses = 0;
  EXPECT_TRUE(caller_
                  ->Read(kHealth, "", patience_,
                         [&](absl::string_view response) {
                           grpc::health::v1::HealthCheckResponse health;
                           EXPECT_TRUE(
                               health.ParseFromString(std::string(response)));
                           EXPECT_EQ(health.status(), health.SERVING);
                           ++responses;
                           return false;
                         })
                  .ok());
  EXPECT_EQ(responses, 1);
}

TEST_F(GrpcCallerTest, AStreamEndsWhenItIsToStop) {
  Start();
  std::stop_source stop;
  EXPECT_EQ(caller_
                ->Read(kHealth, "",
                       {.timeout = absl::Hours(1), .stop = stop.get_token()},
                       [&](absl::string_view) {
                         stop.request_stop();
                         return true;
                       })
                .code(),
            absl::StatusCode::kCancelled);
}

TEST_F(GrpcCallerTest, TlsIsSpokenWithWhomTheFilesTrust) {
  MakeParty("alice");
  MakeParty("bob");
  Start({.tls = {Path("alice.crt"), Path("alice.key"), Path("bob.crt")}});
  const TlsClientFiles bob = {.ca = Path("alice.crt"),
                              .certificate = Path("bob.crt"),
                              .key = Path("bob.key")};
  EXPECT_TRUE(Check(*Make(server_->address(), bob)).ok());
  EXPECT_TRUE(WasNotReached(
      Check(*Make(server_->address(), {.ca = Path("alice.crt")}))));
  EXPECT_TRUE(
      WasNotReached(Check(*Make(server_->address(), {.ca = Path("bob.crt")}))));
  EXPECT_TRUE(WasNotReached(Check(*caller_)));
}

TEST_F(GrpcCallerTest, FilesThatAreNotWholeAreRefused) {
  MakeParty("alice");
  WriteFile(Path("half"), ReadFile(Path("alice.crt")).substr(0, 100));
  for (const TlsClientFiles& files :
       {TlsClientFiles{.ca = Path("none")}, TlsClientFiles{.ca = Path("half")},
        TlsClientFiles{.key = Path("alice.key")},
        TlsClientFiles{.ca = Path("alice.crt"), .key = Path("alice.key")}}) {
    EXPECT_EQ(GrpcCaller::Make("127.0.0.1:1", files).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace am::control
