// Announcer: keeps the directory told of who we are and what we have.
//
// Threads: any, but that Start and Leave are called once each, in that order.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "am/directory.h"
#include "am/manager_options.h"
#include "am/node.h"
#include "am/transport/mutex.h"

namespace am {

class Announcer final {
 public:
  // Does nothing if the options have no directory. `node` must outlive it.
  Announcer(Node& node, const ManagerOptions& options);

  // Joins the directory, and tells it of handlers that come and go.
  void Start();

  void SetDraining();
  void SetControlAddress(std::string address);

  // Blocks as Directory::Leave does.
  void Leave();

 private:
  void Update();
  InstanceRecord Record() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Node& node_;
  const std::shared_ptr<Directory> directory_;  // may be null
  const std::map<std::string, std::string> labels_;

  Mutex mutex_;  // orders updates
  bool joined_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::string control_address_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
