// Scene: the processes of a case, their journals, and the judgement.
//
//   Scene scene("kill");
//   ServerProcess server = scene.StartServer({});
//   CallerProcess caller = scene.StartCaller({.servers = {server.address}});
//   caller.AwaitProgress(1000);
//   scene.Kill(server);
//   scene.Finish(caller);
//   Row row = scene.Judge();
//
// What cannot go on (a process that does not start, a line that does not come
// in time) ends this process, and with it all that it started: see OrDie.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "am/examples/child_process.h"
#include "am/transport/own_folder.h"
#include "tests/fault/caller.h"
#include "tests/fault/history.h"
#include "tests/fault/row.h"
#include "tests/fault/server.h"

namespace am::fault {

// An instance in a process of its own.
struct InstanceProcess {
  pid_t pid() const { return process.pid(); }

  // Blocks until it tells a line that begins with these words, and returns it;
  // other lines are passed over.
  std::string AwaitLine(const std::string& words) {
    return AwaitAnyOf({words});
  }
  std::string AwaitAnyOf(const std::vector<std::string>& beginnings);

  examples::ChildProcess process;
  std::string address;
  InstanceId id;
};

struct ServerProcess : InstanceProcess {};

struct CallerProcess : InstanceProcess {
  // Blocks until flow `flow` has connected (again), and returns to whom.
  InstanceId AwaitJoined(std::size_t flow = 0);

  // Blocks until it has lost that instance, and returns when, by NowNs.
  std::int64_t AwaitGone(InstanceId peer);

  // Blocks until flow `flow` has told that it got on, was lost or was refused;
  // see caller.h.
  void Await(const std::string& event, std::size_t flow = 0);
  void AwaitProgress(std::size_t flow = 0) { Await("progress", flow); }
};

class Scene final {
 public:
  explicit Scene(std::string name);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  // An instance at an address of its own: "tcp", "ipc" or "shm"; "both" is
  // Sharing.
  InstanceOptions At(const std::string& scheme);

  // One that listens on tcp, and shares memory.
  InstanceOptions Sharing();

  // `ran` and `sent` of the options are the scene's. Block until it runs.
  ServerProcess StartServer(ServerOptions options);
  CallerProcess StartCaller(CallerOptions options);

  // Kill -9, and waits until it is gone. Returns when, by NowNs.
  std::int64_t Kill(ServerProcess& server);
  std::int64_t Kill(CallerProcess& caller);

  // Waits until a caller that was given a number of messages has sent them;
  // Finish has it stop sending. Both wait until all is accounted for, keep its
  // accounts and have it exit.
  void Await(CallerProcess& caller);
  void Finish(CallerProcess& caller);

  // Has a server exit, in order.
  void Finish(ServerProcess& server);

  // Operations from this number on are not judged: whoever sends them does not
  // keep the rules.
  void Exempt(std::uint64_t first_operation) {
    first_exempt_ = first_operation;
  }

  // How many callers went a way at last whose line (see caller.h) has this.
  std::uint64_t CountWays(const std::string& text) const;

  // What the journals say, once nobody writes them.
  std::vector<Sent> sent() const;

  // One-way messages that a server took, and those known to be lost.
  std::uint64_t DeliveredBy(InstanceId server) const;
  std::uint64_t link_lost() const;

  // Checks the history of it all.
  Row Judge() const;

 private:
  std::int64_t KillProcess(examples::ChildProcess& process, InstanceId id);
  History MakeHistory() const;

  const std::string name_;
  const transport::OwnFolder folder_;  // for unix sockets
  int sockets_ = 0;
  const std::unique_ptr<Journal<Sent>> sent_;
  const std::unique_ptr<Journal<Ran>> ran_;
  std::vector<InstanceId> died_;
  std::vector<Account> accounts_;
  std::vector<std::string> ways_;
  std::uint64_t first_exempt_ = ~std::uint64_t{0};
};

}  // namespace am::fault
