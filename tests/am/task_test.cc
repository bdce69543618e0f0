#include "am/task.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "am/call_options.h"
#include "am/metadata.h"
#include "gtest/gtest.h"

namespace am {
namespace {

// Something to suspend on, resumed by the test.
struct Gate {
  struct Awaiter {
    bool await_ready() const { return gate.open; }
    void await_suspend(std::coroutine_handle<> coroutine) const {
      gate.waiting = coroutine;
    }
    void await_resume() const {}
    Gate& gate;
  };
  Awaiter operator co_await() { return {*this}; }

  void Open() {
    open = true;
    if (waiting) waiting.resume();
  }

  bool open = false;
  std::coroutine_handle<> waiting;
};

Task<int> Return(int value) { co_return value; }

Task<int> Sum(int a, int b) {
  const int first = co_await Return(a);
  co_return first + co_await Return(b);
}

Task<void> StoreSum(int a, int b, int& result) { result = co_await Sum(a, b); }

TEST(Task, ComputesAValueFromOthers) {
  int result = 0;
  StartTask(StoreSum(2, 3, result));
  EXPECT_EQ(result, 5);
}

TEST(Task, IsLazy) {
  int result = 0;
  {
    const Task<void> task = StoreSum(2, 3, result);
    EXPECT_EQ(result, 0);
  }
  EXPECT_EQ(result, 0);
}

Task<void> Pass(Gate& gate, std::vector<std::string>& log) {
  log.push_back("before");
  co_await gate;
  log.push_back("after");
}

Task<void> PassWithin(Gate& gate, std::vector<std::string>& log) {
  co_await Pass(gate, log);
  log.push_back("end");
}

TEST(Task, GoesOnWhereItWasResumed) {
  Gate gate;
  std::vector<std::string> log;
  StartTask(PassWithin(gate, log));
  log.push_back("started");
  gate.Open();
  EXPECT_EQ(log,
            (std::vector<std::string>{"before", "started", "after", "end"}));
}

Task<std::unique_ptr<int>> MakeMoveOnly() {
  co_return std::make_unique<int>(7);
}

Task<void> TakeMoveOnly(int& result) {
  const std::unique_ptr<int> value = co_await MakeMoveOnly();
  result = *value;
}

TEST(Task, MovesItsValue) {
  int result = 0;
  StartTask(TakeMoveOnly(result));
  EXPECT_EQ(result, 7);
}

Task<int> Throw(Gate& gate) {
  co_await gate;
  throw std::runtime_error("thrown");
  co_return 0;
}

Task<void> ThrowVoid() {
  throw std::runtime_error("void");
  co_return;
}

Task<void> Catch(Gate& gate, std::string& caught) {
  try {
    co_await Throw(gate);
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  try {
    co_await ThrowVoid();
  } catch (const std::runtime_error& error) {
    caught += error.what();
  }
}

TEST(Task, RethrowsToWhoAwaitsIt) {
  Gate gate;
  std::string caught;
  StartTask(Catch(gate, caught));
  gate.Open();
  EXPECT_EQ(caught, "thrownvoid");
}

TEST(TaskDeathTest, ThatThrowsToNobodyEndsTheProcess) {
  EXPECT_DEATH(StartTask(ThrowVoid()), "");
}

// Counts how many of it live.
struct Counted {
  explicit Counted(int& count) : alive(count) { ++alive; }
  Counted(const Counted& other) : alive(other.alive) { ++alive; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }
  int& alive;
};

Task<void> Hold(Counted parameter, Gate& gate) {
  const Counted local(parameter.alive);
  co_await gate;
}

Task<void> HoldWithin(int& alive, Gate& gate) {
  const Counted local(alive);
  co_await Hold(Counted(alive), gate);
}

TEST(Task, DestroysWhatItHeldWhenItEnds) {
  int alive = 0;
  Gate gate;
  StartTask(HoldWithin(alive, gate));
  EXPECT_GT(alive, 0);
  gate.Open();
  EXPECT_EQ(alive, 0);
}

TEST(Task, DestroysItsParametersIfItNeverBegan) {
  int alive = 0;
  Gate gate;
  {
    const Task<void> task = Hold(Counted(alive), gate);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

// Runs a task up to its first suspension, and owns it.
struct Owner {
  struct promise_type {  // NOLINT(readability-identifier-naming)
    Owner get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

Owner StartOwned(Task<void> task) { co_await task; }

TEST(Task, DestroysWhatItHeldIfItNeverEnds) {
  int alive = 0;
  Gate gate;
  const Owner owner = StartOwned(HoldWithin(alive, gate));
  EXPECT_GT(alive, 0);
  owner.handle.destroy();
  EXPECT_EQ(alive, 0);
}

TEST(Task, MovesByAssignment) {
  int first = 0, second = 0;
  Task<void> task = StoreSum(1, 1, first);
  task = StoreSum(2, 2, second);
  StartTask(std::move(task));
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 4);
}

// -- g++ 12 destroys aggregate temporaries within co_await twice -------------

// Like a generated stub: a temporary of options, and a defaulted one.
struct Stub {
  Task<absl::Duration> Call(const std::string& request,
                            const CallOptions& options = {}) {
    requests.push_back(request);
    return Answer(options.timeout);
  }
  static Task<absl::Duration> Answer(absl::Duration timeout) {
    co_return timeout;
  }
  std::vector<std::string> requests;
};

Task<void> CallWithTemporaries(Stub& stub, const Metadata& metadata,
                               absl::Duration& sum) {
  const std::string long_text(100, 'x');
  sum += co_await stub.Call(
      long_text + "1", {.timeout = absl::Seconds(1), .metadata = &metadata});
  sum += co_await stub.Call(std::string(100, 'y'));
  sum += co_await stub.Call(
      long_text, CallOptions{.timeout = absl::Seconds(2),
                             .retry = {.max_attempts = 2,
                                       .codes = {absl::StatusCode::kAborted}}});
}

// A double destruction is found by --config=asan.
TEST(Task, AwaitsStubsWithTemporaryOptions) {
  const Metadata metadata = {{"trace-id", std::string(100, '1')}};
  Stub stub;
  absl::Duration sum;
  StartTask(CallWithTemporaries(stub, metadata, sum));
  EXPECT_EQ(sum, absl::Seconds(3));
  EXPECT_EQ(stub.requests.size(), 3u);
  EXPECT_EQ(metadata[0].second, std::string(100, '1'));
}

// -- Depth --------------------------------------------------------------------

Task<int> Recurse(int depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await Recurse(depth - 1);
}

Task<void> StoreDepth(int depth, int& result) {
  result = co_await Recurse(depth);
}

TEST(Task, AwaitsManyLevelsDeep) {
  int result = 0;
  StartTask(StoreDepth(1000, result));
  EXPECT_EQ(result, 1000);
}

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
Task<std::size_t> StackPlace() {
  co_return reinterpret_cast<std::size_t>(__builtin_frame_address(0));
}

Task<void> AwaitOften(int times, std::size_t& lowest, std::size_t& highest) {
  for (int i = 0; i < times; ++i) {
    const std::size_t place = co_await StackPlace();
    lowest = std::min(lowest, place);
    highest = std::max(highest, place);
  }
}

// Without optimisation g++ makes no tail calls.
TEST(Task, DoesNotGrowTheStackInALoop) {
  std::size_t lowest = ~std::size_t{0}, highest = 0;
  StartTask(AwaitOften(100'000, lowest, highest));
  EXPECT_LT(highest - lowest, 4096u);
}
#endif

}  // namespace
}  // namespace am
