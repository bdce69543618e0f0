// A client in Python, written from am/WIRE.md alone, against a real node.

#include <spawn.h>
#include <sys/wait.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "am/manager.h"
#include "am/metadata.h"
#include "gtest/gtest.h"

namespace am {
namespace {

constexpr char kScript[] = "tests/integration/python_client/client_test.py";

// Runs a program of the PATH and returns its exit code.
int RunProgram(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t child;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(),
                   environ) != 0) {
    return -1;
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What the script calls.
class Handlers {
 public:
  absl::Status RegisterAt(Manager& manager) {
    using Bytes = std::string;
    constexpr HandlerOptions kMayBlock = {.execution = Execution::kPool};
    absl::Status status;
    status.Update(manager.RegisterNoReturn(
        "log", [this](Context&, const Bytes&) { Log(); }));
    status.Update(manager.RegisterAck(
        "await_logged",
        [this](Context& context, const Bytes& in) {
          return Await(context, [&] { return logged_ == std::stoi(in); });
        },
        kMayBlock));
    status.Update(
        manager.RegisterAck("validate", [](Context&, const Bytes& in) {
          if (in == "good") return absl::OkStatus();
          return absl::AbortedError(in + " is not good");
        }));
    status.Update(manager.RegisterResponse(
        "echo",
        [](Context&, const Bytes& in) -> absl::StatusOr<Bytes> { return in; }));
    status.Update(manager.RegisterResponse(
        "metadata", [](Context& context, const Bytes&) {
          return EncodeMetadata(context.metadata());
        }));
    status.Update(manager.RegisterResponse(
        "hang",
        [this](Context& context, const Bytes&) { return Hang(context); },
        kMayBlock));
    status.Update(manager.RegisterAck(
        "await_running",
        [this](Context& context, const Bytes&) {
          return Await(context, [this] { return state_ == State::kRunning; });
        },
        kMayBlock));
    status.Update(manager.RegisterAck(
        "await_cancelled",
        [this](Context& context, const Bytes&) {
          return Await(context, [this] { return state_ == State::kCancelled; });
        },
        kMayBlock));
    return status;
  }

 private:
  // What has become of the call of "hang".
  enum class State { kNone, kRunning, kCancelled };

  absl::StatusOr<std::string> Hang(Context& context) {
    SetState(State::kRunning);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, context.stop_token(), [] { return false; });
    lock.unlock();
    SetState(State::kCancelled);
    return absl::CancelledError("as was asked for");
  }

  void SetState(State state) {
    const std::lock_guard lock(mutex_);
    state_ = state;
    changed_.notify_all();
  }

  void Log() {
    const std::lock_guard lock(mutex_);
    ++logged_;
    changed_.notify_all();
  }

  template <typename Condition>
  absl::Status Await(Context& context, Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait(lock, context.stop_token(), condition)
               ? absl::OkStatus()
               : absl::CancelledError("not before the end");
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  int logged_ = 0;
  State state_ = State::kNone;
};

TEST(PythonClient, SpeaksTheWire) {
  if (RunProgram({"python3", "-c", "import zmq"}) != 0) {
    GTEST_SKIP() << "needs python3-zmq";
  }
  Handlers handlers;
  absl::StatusOr<std::unique_ptr<Manager>> manager = Manager::Make();
  ASSERT_TRUE(manager.ok()) << manager.status();
  const absl::Status registered = handlers.RegisterAt(**manager);
  ASSERT_TRUE(registered.ok()) << registered;

  EXPECT_EQ(
      RunProgram({"python3", kScript, (*manager)->addresses()[0].ToString()}),
      0)
      << (*manager)->DebugString();
  EXPECT_TRUE((*manager)->Shutdown().ok());
}

}  // namespace
}  // namespace am
