// Incarnation: one instance of a simulated world, with handlers that write
// down what they ran, and with what it knows of others.
//
// Threads: the world's one. Its recorder and its world must outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "am/call_options.h"
#include "am/manager.h"
#include "am/method.h"
#include "am/simulation/simulated_world.h"
#include "am/task.h"
#include "tests/fault/recorder.h"

namespace am::fault {

// What is asked of a handler. On the wire it is text.
struct Errand {
  std::uint64_t operation = 0;
  absl::Duration wait = absl::ZeroDuration();  // before it is done
  InstanceId relay_to = {};                    // whom to call meanwhile, if not
                                               // nobody
  std::size_t padding = 0;                     // bytes that mean nothing
};

// A message to be sent.
struct Order {
  MethodSpec handler;
  InstanceId target;
  Errand errand;
  CallOptions options;
  bool unhindered = false;  // see Operation
};

// The handlers of every incarnation, and one that none has.
const std::vector<MethodSpec>& HandlersOfAll();

// An Ack handler that only writes down that it ran.
MethodSpec ProbeHandler();

class Incarnation {
 public:
  Incarnation(SimulatedWorld& world, const std::string& name,
              ManagerOptions options, Recorder& recorder);

  InstanceId id() const { return id_; }
  const std::string& name() const { return name_; }
  bool runs() const { return alive && !paused; }

  // Nobody if it was never connected to one of this name. May be outdated.
  InstanceId Known(const std::string& name) const;

  // Begins to connect to whoever listens under the name.
  void Connect(const std::string& name);

  // Sends it, and tells `cancel` how to cancel it if it is a call.
  using OnCancellable = std::function<void(std::function<void()>)>;
  void Send(const Order& order, const OnCancellable& cancel = {});

  // Shuts down in order; the world runs on meanwhile.
  void Leave();

  // How its one-way messages to the receiver fared.
  Account AccountWith(InstanceId receiver) const;

  bool alive = true;
  bool paused = false;

 private:
  void Register();
  template <typename Response, Pattern pattern, typename F>
  void Add(const Method<std::string, Response, pattern>& method, F function);

  Operation Describe(const Order& order) const;
  Errand Begin(const std::string& text);
  Task<void> Work(Context& context, const std::string& text);
  Task<void> Relay(Context& context, const Errand& errand);

  const std::string name_;
  SimulatedWorld& world_;
  Recorder& recorder_;
  std::map<std::string, InstanceId> known_;
  std::unique_ptr<Manager> manager_;  // null once it has left
  const InstanceId id_;
};

}  // namespace am::fault
