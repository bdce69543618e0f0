// Flow: the messages of one caller to one address; see caller.h.
//
// Threads: one of its own sends; ends of calls are told on others.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "am/any_instance.h"
#include "am/manager.h"
#include "am/message_builder.h"
#include "am/target.h"
#include "am/transport/mutex.h"
#include "tests/fault/caller.h"

namespace am::fault {

class Flow final {
 public:
  // `next_operation` is shared by all flows of a caller. `on_end` is called
  // once all is sent. All must outlive the flow.
  Flow(const CallerOptions& options, std::size_t index, Manager& manager,
       std::atomic<std::uint64_t>& next_operation,
       std::function<void()> on_end);

  // Sends nothing more; returns once every call has ended. REQUIRES: called
  // once, before the end of the flow.
  void Stop();

 private:
  void Run();
  bool Continues() const;
  void Join();
  absl::StatusOr<InstanceId> Connect();
  absl::StatusOr<InstanceId> FindByRegistry();
  void AwaitTurn();
  void SendNext();
  Sent* Begin(Pattern pattern, bool ordered);
  void SendOneWay(Sent& record);
  void StartCall(Sent& record);
  void AwaitPlace();
  void OnEnd(Sent& record, const absl::Status& status, bool value_is_right);
  void NoteStatus(const Sent& record, const absl::Status& status);
  Target To() const;
  MessageBuilder Message(const char* handler, const Sent& record) const;

  const CallerOptions& options_;
  const bool by_registry_;
  const AnyInstance labelled_;  // whom it is for, by the registry
  const std::size_t index_;
  Manager& manager_;
  std::atomic<std::uint64_t>& next_operation_;
  const std::function<void()> on_end_;

  // Of its thread.
  InstanceId peer_;  // nobody: not connected
  std::uint64_t sent_ = 0;
  absl::Time begun_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;  // in flight
  InstanceId lost_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace am::fault
