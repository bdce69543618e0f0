// FakeControlPlane: one whose messages a test answers.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "am/control_plane.h"
#include "am/transport/mutex.h"
#include "tests/am/event.h"

namespace am {

// Threads: any.
class FakeControlPlane final : public ControlPlane {
 public:
  std::shared_ptr<Attempt> Start(Message message, OnDone on_done) override {
    auto attempt =
        std::make_shared<FakeAttempt>(std::move(message), std::move(on_done));
    MutexLock lock(mutex_);
    attempts_.push_back(attempt);
    sent_.Add();
    return attempt;
  }

  int sent() const { return sent_.value(); }

  // The message number `index` from zero, once it is there.
  Message Await(int index) {
    EXPECT_TRUE(sent_.AwaitAtLeast(index + 1));
    return At(index).message;
  }

  // Ends it, with a value in the codec that it came in.
  void Answer(int index, std::string value) {
    const Codec codec = Await(index).header.codec;
    At(index).End(
        {{absl::OkStatus(), codec, transport::Buffer(std::move(value))},
         AttemptEnd::kRan});
  }
  void Fail(int index, absl::Status status, AttemptEnd end) {
    Await(index);
    At(index).End({{std::move(status), {}, {}}, end});
  }

  // Whether it comes to be cancelled.
  bool AwaitCancelled(int index) {
    Await(index);
    return At(index).cancelled.Await();
  }

 private:
  struct FakeAttempt final : Attempt {
    FakeAttempt(Message sent, OnDone done)
        : message(std::move(sent)), on_done(std::move(done)) {}

    void End(Outcome outcome) {
      OnDone done;
      {
        MutexLock lock(mutex);
        done = std::exchange(on_done, nullptr);
      }
      if (done) std::move(done)(std::move(outcome));
    }

    void Cancel() override {
      cancelled.Set();
      End({{absl::CancelledError(), {}, {}}, AttemptEnd::kLost});
    }

    const Message message;
    Event cancelled;
    Mutex mutex;
    OnDone on_done ABSL_GUARDED_BY(mutex);
  };

  FakeAttempt& At(int index) {
    MutexLock lock(mutex_);
    return *attempts_[static_cast<std::size_t>(index)];
  }

  Tally sent_;
  Mutex mutex_;
  std::deque<std::shared_ptr<FakeAttempt>> attempts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
