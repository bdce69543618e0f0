#include "am/control/bridge.h"

#include <atomic>
#include <deque>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "am/control/bridged_call.h"

namespace am::control {
namespace {

// A call of a method that gRPC knows. It has begun, and may have ended, before
// gRPC hears of it. If it has, gRPC's own reactor says so: no reaction of it is
// awaited, while those of a reactor of ours take a thread of gRPC's each.
class UnaryCall final : public grpc::ServerUnaryReactor, public BridgedCall {
 public:
  UnaryCall(Node& node, grpc::CallbackServerContext& context,
            std::uint64_t call_id, grpc::ByteBuffer& response)
      : BridgedCall(node, context, call_id), response_(response) {}

  static grpc::ServerUnaryReactor* Start(std::shared_ptr<UnaryCall> call,
                                         absl::string_view handler,
                                         const grpc::ByteBuffer& request) {
    call->Keep();
    call->Begin(handler, request);
    if (!call->ComesSecond()) return call.get();
    call->Release();
    grpc::ServerUnaryReactor* const reactor = call->context().DefaultReactor();
    reactor->Finish(call->outcome_);
    return reactor;
  }

  void OnCancel() override { Cancel(); }
  void OnDone() override { Release(); }

 private:
  void Fail(const grpc::Status& status) override {
    outcome_ = status;
    if (ComesSecond()) Finish(outcome_);
  }
  void Answer(grpc::ByteBuffer value) override {
    response_.Swap(&value);
    if (ComesSecond()) Finish(outcome_);
  }

  // Of the outcome and gRPC, which hears of the call.
  bool ComesSecond() { return one_has_come_.exchange(true); }

  grpc::ByteBuffer& response_;
  grpc::Status outcome_;
  std::atomic<bool> one_has_come_ = false;
};

// A call of any other method, which to gRPC is a stream.
class StreamCall final : public grpc::ServerGenericBidiReactor,
                         public BridgedCall {
 public:
  StreamCall(Node& node, grpc::CallbackServerContext& context,
             std::uint64_t call_id, absl::string_view handler)
      : BridgedCall(node, context, call_id), handler_(handler) {}

  static grpc::ServerGenericBidiReactor* Start(
      std::shared_ptr<StreamCall> call) {
    call->Keep();
    call->StartRead(&call->request_);
    return call.get();
  }

  void OnReadDone(bool ok) override {
    if (ok) return Begin(handler_, request_);
    End(absl::InvalidArgumentError("the call has no request"), kNotRun);
  }
  void OnCancel() override { Cancel(); }
  void OnDone() override { Release(); }

 private:
  void Fail(const grpc::Status& status) override { Finish(status); }
  void Answer(grpc::ByteBuffer value) override {
    response_.Swap(&value);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }

  const std::string handler_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

// What gRPC's plugin generates for a service with raw methods, for whatever
// handlers there are.
class Bridge::KnownMethods final : public grpc::Service {
 public:
  explicit KnownMethods(Bridge& bridge) : bridge_(bridge) {
    for (const auto& handler : bridge.node_.handlers().List()) {
      Add(absl::StrCat("/", handler->spec().name));
    }
  }

 private:
  using Bytes = grpc::ByteBuffer;

  void Add(std::string path) {
    paths_.push_back(std::move(path));
    const std::string& kept = paths_.back();
    AddMethod(new grpc::internal::RpcServiceMethod(
        kept.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(
        static_cast<int>(paths_.size() - 1),
        new grpc::internal::CallbackUnaryHandler<Bytes, Bytes>(
            [this, handler = absl::string_view(kept).substr(1)](
                grpc::CallbackServerContext* context, const Bytes* request,
                Bytes* response) {
              return UnaryCall::Start(
                  std::make_shared<UnaryCall>(bridge_.node_, *context,
                                              bridge_.NextCallId(), *response),
                  handler, *request);
            }));
  }

  Bridge& bridge_;
  std::deque<std::string> paths_;  // gRPC points to them
};

Bridge::Bridge(Node& node)
    : node_(node), known_(std::make_unique<KnownMethods>(*this)) {}

Bridge::~Bridge() = default;

void Bridge::AddTo(grpc::ServerBuilder& builder) {
  builder.RegisterService(known_.get());
  builder.RegisterCallbackGenericService(this);
}

grpc::ServerGenericBidiReactor* Bridge::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  absl::string_view name = context->method();
  absl::ConsumePrefix(&name, "/");
  return StreamCall::Start(
      std::make_shared<StreamCall>(node_, *context, NextCallId(), name));
}

}  // namespace am::control
