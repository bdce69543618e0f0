// The registry over gRPC, as any client sees it: the same with each backend.
// Rules in detail are tested in registry_state_test and watch_cursor_test.
#include "am/control/registry_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "am/control/etcd/etcd_backend.h"
#include "am/control/examples/etcd_process.h"
#include "tests/am/control/registry_fixture.h"

namespace am::control {
namespace {

using ::testing::HasSubstr;

enum class Kept { kInMemory, kInEtcd };

RegistryOptions Rules() {
  RegistryOptions rules;
  rules.min_ttl = absl::Milliseconds(50);
  rules.max_instances = 30;
  return rules;
}

class RegistryServerTest : public testing::TestWithParam<Kept> {
 protected:
  static void TearDownTestSuite() { etcd_.reset(); }

  void SetUp() override {
    if (GetParam() == Kept::kInEtcd && !examples::EtcdProcess::IsInstalled()) {
      GTEST_SKIP() << "etcd is not installed: `tools/dev setup` does so";
    }
    served_.emplace(MakeService());
    ASSERT_TRUE(served_->AwaitHealth());
  }

  static std::shared_ptr<RegistryService> MakeService() {
    if (GetParam() == Kept::kInMemory) return RegistryService::Make(Rules());
    if (etcd_ == nullptr) {
      auto etcd = examples::EtcdProcess::Start();
      EXPECT_TRUE(etcd.ok()) << etcd.status();
      etcd_ = *std::move(etcd);
    }
    EtcdOptions options;
    options.address = etcd_->address();
    options.prefix = absl::StrCat("test/", ++prefixes_, "/");
    options.rules = Rules();
    return RegistryService::Make(*MakeEtcdBackend(options));
  }

  grpc::StatusCode Register(const v1::Instance& record,
                            absl::Duration ttl = absl::Seconds(10)) {
    return served_->Register(record, ttl).error_code();
  }

  grpc::Status List(const std::string& token, int size = 0) {
    v1::ListRequest request;
    request.set_page_token(token);
    request.set_page_size(size);
    *request.mutable_filter() = filter_;
    return served_->stub().List(LimitedContext().get(), request, &page_);
  }

  // The id of the instance that is chosen; 0 if none is.
  std::uint64_t Resolve(const std::string& handler,
                        v1::ResolveRequest::Choice choice) {
    v1::ResolveRequest request;
    v1::ResolveResponse response;
    request.set_handler_name(handler);
    request.set_choice(choice);
    const grpc::Status status =
        served_->stub().Resolve(LimitedContext().get(), request, &response);
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) return 0;
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.instances(0).peer().id();
  }

  static std::unique_ptr<examples::EtcdProcess> etcd_;
  static int prefixes_;

  std::optional<ServedRegistry> served_;
  v1::InstanceFilter filter_;
  v1::ListResponse page_;
};

std::unique_ptr<examples::EtcdProcess> RegistryServerTest::etcd_;
int RegistryServerTest::prefixes_ = 0;

INSTANTIATE_TEST_SUITE_P(Backends, RegistryServerTest,
                         testing::Values(Kept::kInMemory, Kept::kInEtcd),
                         [](const auto& kept) {
                           return kept.param == Kept::kInMemory ? "Memory"
                                                                : "Etcd";
                         });

constexpr auto kOk = grpc::StatusCode::OK;
constexpr auto kRefused = grpc::StatusCode::INVALID_ARGUMENT;

// -- Who is known ------------------------------------------------------------

TEST_P(RegistryServerTest, RegisteredInstanceIsThere) {
  ASSERT_EQ(Register(Record(7, "seven")), kOk);
  EXPECT_EQ(served_->registered().ttl().seconds(), 10);
  ASSERT_TRUE(served_->Get(7).ok());
  EXPECT_EQ(served_->instance().peer().name(), "seven");
  EXPECT_EQ(served_->instance().epoch(), served_->epoch());
}

TEST_P(RegistryServerTest, DeregisteredInstanceIsNot) {
  ASSERT_EQ(Register(Record(7)), kOk);
  const std::uint64_t epoch = served_->epoch();
  EXPECT_EQ(served_->Deregister(7, epoch + 1).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_TRUE(served_->Deregister(7, epoch).ok());
  EXPECT_EQ(served_->Deregister(7, epoch).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(served_->Get(7).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_P(RegistryServerTest, RegisteringAgainReplacesTheRecordAndKeepsTheEpoch) {
  ASSERT_EQ(Register(Record(7, "before")), kOk);
  const std::uint64_t epoch = served_->epoch();
  ASSERT_EQ(Register(Record(7, "after")), kOk);
  EXPECT_EQ(served_->epoch(), epoch);
  ASSERT_TRUE(served_->Get(7).ok());
  EXPECT_EQ(served_->instance().peer().name(), "after");
  EXPECT_EQ(Register(Record(8, "before")), kOk);
}

TEST_P(RegistryServerTest, RegisteringTheSameAgainIsNoChange) {
  ASSERT_EQ(Register(Record(7)), kOk);
  const std::uint64_t epoch = served_->epoch();
  WatchedRegistry watched(served_->stub());
  EXPECT_EQ(watched.Next(), "+7");
  EXPECT_EQ(watched.Next(), ".");
  v1::Instance record = Record(7);
  record.set_epoch(epoch);
  ASSERT_EQ(Register(record), kOk);
  EXPECT_EQ(served_->epoch(), epoch);
}

TEST_P(RegistryServerTest, NameOfALiveInstanceIsRefusedAndTheTextSaysWhose) {
  ASSERT_EQ(Register(Record(7, "worker")), kOk);
  const std::uint64_t epoch = served_->epoch();
  const grpc::Status refused = served_->Register(Record(8, "worker"));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(refused.error_message(), HasSubstr("0000000000000007"));
  ASSERT_TRUE(served_->Deregister(7, epoch).ok());
  EXPECT_EQ(Register(Record(8, "worker")), kOk);
}

TEST_P(RegistryServerTest, OfManyWhoWantANameAtOnceOneGetsIt) {
  std::atomic<int> named = 0;
  std::vector<std::jthread> wanting;
  for (std::uint64_t id = 1; id <= 8; ++id) {
    wanting.emplace_back([this, id, &named] {
      v1::RegisterRequest request;
      v1::RegisterResponse response;
      *request.mutable_instance() = Record(id, "worker");
      const grpc::Status status =
          served_->stub().Register(LimitedContext().get(), request, &response);
      if (status.ok()) return void(++named);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
    });
  }
  wanting.clear();
  EXPECT_EQ(named, 1);
}

TEST_P(RegistryServerTest, SuccessorAtTheSameAddressSupersedes) {
  v1::Instance before = Record(1, "worker");
  v1::Instance after = Record(2, "worker");
  *after.mutable_peer()->mutable_addresses() = before.peer().addresses();
  ASSERT_EQ(Register(before), kOk);
  const std::uint64_t epoch = served_->epoch();
  WatchedRegistry watched(served_->stub());
  EXPECT_EQ(watched.Next(), "+1");
  EXPECT_EQ(watched.Next(), ".");
  ASSERT_EQ(Register(after), kOk);
  EXPECT_GT(served_->epoch(), epoch);
  EXPECT_EQ(watched.Next(), "-1 SUPERSEDED");
  EXPECT_EQ(watched.Next(), "+2");
  EXPECT_EQ(served_->KeepAlive(1, epoch), absl::ZeroDuration());
  EXPECT_EQ(Register(before), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Register(Record(1)), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_P(RegistryServerTest, EpochsAreBroughtAlongAndLaterOnesAreLarger) {
  ASSERT_EQ(Register(Record(1)), kOk);
  v1::Instance early = Record(2);
  early.set_epoch(5);
  ASSERT_EQ(Register(early), kOk);
  EXPECT_EQ(served_->epoch(), 5);
  v1::Instance late = Record(3);
  late.set_epoch(std::uint64_t{1} << 60);
  ASSERT_EQ(Register(late), kOk);
  ASSERT_EQ(Register(Record(4)), kOk);
  EXPECT_GT(served_->epoch(), late.epoch());
}

TEST_P(RegistryServerTest, EarlierIncarnationDoesNotComeBack) {
  ASSERT_EQ(Register(RecordAt(2, "tcp://10.0.0.1:5")), kOk);
  v1::Instance earlier = RecordAt(1, "tcp://10.0.0.1:5");
  earlier.set_epoch(served_->epoch() - 1);
  EXPECT_EQ(Register(earlier), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_TRUE(served_->Get(2).ok());
}

TEST_P(RegistryServerTest, BadRecordsAreRefused) {
  v1::Instance large = Record(1);
  (*large.mutable_labels())["x"] = std::string(64 * 1024, 'x');
  const grpc::Status refused = served_->Register(large);
  EXPECT_EQ(refused.error_code(), kRefused);
  EXPECT_THAT(refused.error_message(), HasSubstr("65536"));
  EXPECT_EQ(Register(v1::Instance()), kRefused);
  EXPECT_EQ(Register(RecordAt(1, "nonsense")), kRefused);
}

TEST_P(RegistryServerTest, FullRegistryRefuses) {
  for (std::uint64_t id = 1; id <= 30; ++id) {
    ASSERT_EQ(Register(Record(id)), kOk);
  }
  EXPECT_EQ(Register(Record(31)), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// -- Leases ------------------------------------------------------------------

TEST_P(RegistryServerTest, OneStreamKeepsManyLeasesAlive) {
  const auto context = LimitedContext();
  const auto stream = served_->stub().KeepAlive(context.get());
  v1::KeepAliveRequest request;
  v1::KeepAliveResponse response;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    ASSERT_EQ(Register(Record(id)), kOk);
    request.set_id(id);
    request.set_epoch(served_->epoch());
    ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
    EXPECT_EQ(response.id(), id);
    EXPECT_EQ(response.ttl().seconds(), 10);
  }
  request.set_id(99);
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));
  EXPECT_FALSE(response.has_ttl());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_P(RegistryServerTest, LeaseOfAnotherEpochIsNotKeptAlive) {
  ASSERT_EQ(Register(Record(1)), kOk);
  EXPECT_EQ(served_->KeepAlive(1, served_->epoch() + 1), absl::ZeroDuration());
  EXPECT_EQ(served_->KeepAlive(1, served_->epoch()), absl::Seconds(10));
}

TEST_P(RegistryServerTest, LeaseThatEndsTakesAllThatItsOwnerHad) {
  WatchedRegistry watched(served_->stub());
  EXPECT_EQ(watched.Next(), ".");
  ASSERT_EQ(Register(Record(7, "worker"), absl::Milliseconds(50)), kOk);
  const std::uint64_t epoch = served_->epoch();
  EXPECT_EQ(watched.Next(), "+7");
  EXPECT_EQ(watched.Next(), "-7 EXPIRED");
  EXPECT_EQ(served_->KeepAlive(7, epoch), absl::ZeroDuration());
  v1::Instance successor = Record(7, "worker");
  successor.mutable_peer()->set_id(8);
  EXPECT_EQ(Register(successor), kOk);
}

// -- Lists -------------------------------------------------------------------

TEST_P(RegistryServerTest, PagesListEverybodyOnce) {
  for (std::uint64_t id = 1; id <= 25; ++id) {
    ASSERT_EQ(Register(Record(id)), kOk);
  }
  std::set<std::uint64_t> seen;
  int pages = 0;
  do {
    ASSERT_TRUE(List(page_.next_page_token(), 10).ok());
    for (const auto& record : page_.instances())
      seen.insert(record.peer().id());
    ++pages;
  } while (!page_.next_page_token().empty());
  EXPECT_EQ(seen.size(), 25);
  EXPECT_EQ(pages, 3);
}

TEST_P(RegistryServerTest, FilterTakesBareNamesOfHandlers) {
  ASSERT_EQ(Register(RecordWith(1, "am.v1.Handlers/compute")), kOk);
  ASSERT_EQ(Register(Record(2)), kOk);
  filter_.set_handler_name("compute");
  ASSERT_TRUE(List("").ok());
  EXPECT_EQ(page_.instances_size(), 1);
}

TEST_P(RegistryServerTest, PageTokenFromElsewhereIsRefused) {
  EXPECT_EQ(List("00000000000000070000000000000007").error_code(), kRefused);
  EXPECT_EQ(List("", -1).error_code(), kRefused);
  for (std::uint64_t id = 1; id <= 2; ++id) {
    ASSERT_EQ(Register(Record(id)), kOk);
  }
  ASSERT_TRUE(List("", 1).ok());
  const std::string token = page_.next_page_token();
  filter_.set_name("x");
  EXPECT_EQ(List(token).error_code(), kRefused);
}

// -- Watching ----------------------------------------------------------------

TEST_P(RegistryServerTest, WatcherSeesComingAndLeaving) {
  ASSERT_EQ(Register(Record(1)), kOk);
  const std::uint64_t epoch = served_->epoch();
  WatchedRegistry watched(served_->stub());
  EXPECT_EQ(watched.Next(), "+1");
  EXPECT_EQ(watched.Next(), ".");
  ASSERT_EQ(Register(Record(2)), kOk);
  EXPECT_EQ(watched.Next(), "+2");
  ASSERT_TRUE(served_->Deregister(1, epoch).ok());
  EXPECT_EQ(watched.Next(), "-1 DEREGISTERED");
}

TEST_P(RegistryServerTest, WatchGoesOnWhereItWasLeft) {
  ASSERT_EQ(Register(Record(1)), kOk);
  v1::WatchRequest request;
  {
    WatchedRegistry watched(served_->stub());
    EXPECT_EQ(watched.Next(), "+1");
    EXPECT_EQ(watched.Next(), ".");
    request.set_generation(watched.response().generation());
    request.set_revision(watched.response().revision());
  }
  ASSERT_EQ(Register(Record(2)), kOk);
  WatchedRegistry watched(served_->stub(), request);
  EXPECT_EQ(watched.Next(), "+2");
}

TEST_P(RegistryServerTest, StreamsEndWithTheServer) {
  WatchedRegistry watched(served_->stub());
  EXPECT_EQ(watched.Next(), ".");
  served_->Stop();
  EXPECT_EQ(watched.Next(), "end");
}

// -- Resolving ---------------------------------------------------------------

TEST_P(RegistryServerTest, ResolveFindsWhoHasTheHandler) {
  ASSERT_EQ(Register(RecordWith(1, "am.v1.Handlers/compute")), kOk);
  EXPECT_EQ(Resolve("compute", v1::ResolveRequest::RANDOM), 1);
  EXPECT_EQ(Resolve("other", v1::ResolveRequest::RANDOM), 0);
}

TEST_P(RegistryServerTest, LeastOutstandingGoesByWhatIsKeptAlive) {
  for (const std::uint64_t id : {1, 2, 3}) {
    ASSERT_EQ(Register(RecordWith(id, "am.v1.Handlers/compute")), kOk);
    const std::uint64_t outstanding = id == 2 ? 0 : id;
    EXPECT_EQ(served_->KeepAlive(id, served_->epoch(), outstanding),
              absl::Seconds(10));
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Resolve("compute", v1::ResolveRequest::LEAST_OUTSTANDING), 2);
  }
}

// -- Servers -----------------------------------------------------------------

RegistryServer::Options Listening(const std::string& address) {
  RegistryServer::Options options;
  options.control.listen = address;
  return options;
}

TEST_P(RegistryServerTest, TwoServersOnOnePortAreRefused) {
  const auto second = RegistryServer::Start(Listening(served_->address()));
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
}

TEST(RegistryServer, AddressesOfOtherMachinesNeedAWord) {
  const auto open = RegistryServer::Start(Listening("0.0.0.0:0"));
  EXPECT_TRUE(absl::IsPermissionDenied(open.status())) << open.status();
  EXPECT_TRUE(absl::IsInvalidArgument(
      RegistryServer::Start(Listening("nonsense")).status()));
}

}  // namespace
}  // namespace am::control
