// What clients of gRPC's callback API have in common: calls under way that are
// waited for, and streams that are written to whenever there is something to
// say.
//
// A thread of gRPC's must not be the one that lets go of the last channel: it
// would wait for its own end (gRPC 1.51 then ends the process, "assertion
// failed: prior > 0"). A context holds its channel, so whatever is told that a
// call has ended is told once the context is gone.
//
// Threads: any. Callbacks run on gRPC's threads, with no lock held.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "am/control/rpc_status.h"
#include "am/mutex.h"

namespace am::control {

// How many callbacks are yet to come, so that channels can be waited to be let
// go of.
class CallsUnderWay {
 public:
  void Begin() {
    MutexLock lock(mutex_);
    ++count_;
  }
  void End() {
    MutexLock lock(mutex_);
    if (--count_ == 0) none_.NotifyAll();
  }
  void AwaitNone() {
    MutexLock lock(mutex_);
    while (count_ > 0) none_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar none_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A call as gRPC has it. Shared with who may cancel it.
template <typename Request, typename Response>
struct UnaryCall {
  using OnDone = std::function<void(absl::Status, Response&)>;

  // What gRPC is to call at the end of `call`. `under_way`, which must outlive
  // that, is told after `on_done` and the end of the context.
  static std::function<void(grpc::Status)> Ending(
      std::shared_ptr<UnaryCall> call, OnDone on_done,
      CallsUnderWay& under_way) {
    under_way.Begin();
    return [call = std::move(call), on_done = std::move(on_done),
            &under_way](const grpc::Status& status) mutable {
      on_done(FromGrpc(status), call->response);
      call.reset();
      under_way.End();
    };
  }

  UnaryCall(const Request& asked, absl::Duration timeout) : request(asked) {
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMilliseconds(timeout));
  }

  grpc::ClientContext context;
  Request request;
  Response response;
};

// Both directions, until either side ends it. A read is always under way, so
// that the end is noticed; `on_end` comes last, once.
template <typename Request, typename Response>
class BidiStream final
    : public grpc::ClientBidiReactor<Request, Response>,
      public std::enable_shared_from_this<BidiStream<Request, Response>> {
 public:
  using OnResponse = std::function<void(Response&)>;
  using OnEnd = std::function<void(absl::Status)>;

  BidiStream(OnResponse on_response, OnEnd on_end)
      : on_response_(std::move(on_response)), on_end_(std::move(on_end)) {}

  // `begin(context, reactor)` makes the call. Once.
  template <typename Begin>
  void Start(Begin begin) {
    self_ = this->shared_from_this();
    begin(&context_, this);
    this->AddHold();  // Writes begin outside of reactions.
    this->StartRead(&response_);
    this->StartCall();
  }

  // In order; nothing happens if the stream has ended.
  void Send(Request request) {
    MutexLock lock(mutex_);
    if (is_over_) return;
    waiting_.push_back(std::move(request));
    WriteNext();
  }

  // How many are not written yet.
  std::size_t waiting() const {
    MutexLock lock(mutex_);
    return waiting_.size();
  }

  void Cancel() { context_.TryCancel(); }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    is_writing_ = false;
    if (ok) WriteNext();
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      on_response_(response_);
      return this->StartRead(&response_);
    }
    {
      MutexLock lock(mutex_);
      is_over_ = true;
    }
    this->RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    const OnEnd on_end = std::move(on_end_);
    self_.reset();  // And with it, unless somebody else holds it, this.
    on_end(FromGrpc(status));
  }

 private:
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (is_over_ || is_writing_ || waiting_.empty()) return;
    is_writing_ = true;
    request_ = std::move(waiting_.front());
    waiting_.pop_front();
    this->StartWrite(&request_);
  }

  const OnResponse on_response_;
  OnEnd on_end_;
  std::shared_ptr<BidiStream> self_;  // until OnDone
  grpc::ClientContext context_;
  Response response_;

  mutable Mutex mutex_;
  Request request_ ABSL_GUARDED_BY(mutex_);
  std::deque<Request> waiting_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace am::control
