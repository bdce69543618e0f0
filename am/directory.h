// Directory: what the runtime needs of discovery.
//
// A directory makes this instance known to others and tells which others there
// are. am/control implements it with a registry; without one
// (ManagerOptions::directory is null) instances know whom they connect to, and
// those who connect to them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "am/instance_id.h"
#include "am/method.h"
#include "am/peer_info.h"

namespace am {

// A handler, as others are told of it.
struct HandlerRecord {
  std::string name;  // full
  Pattern pattern = Pattern::kResponse;
  std::string input_type;  // full protobuf name, or empty: bytes
  std::string output_type;

  friend bool operator==(const HandlerRecord&, const HandlerRecord&) = default;
};

// An instance, as others are told of it.
struct InstanceRecord {
  PeerInfo peer;
  std::map<std::string, std::string> labels;
  std::vector<HandlerRecord> handlers;  // in order of their names
  bool draining = false;
  std::string control_address;  // of its gRPC server; empty: none
  std::uint64_t epoch = 0;      // given by the directory, grows; 0: not yet

  friend bool operator==(const InstanceRecord&,
                         const InstanceRecord&) = default;
};

using InstanceRecordPtr = std::shared_ptr<const InstanceRecord>;

// What a directory tells, and asks. Calls come one at a time, on any thread but
// within no call to the directory, and must not block.
class DirectorySink {
 public:
  virtual ~DirectorySink() = default;

  // All that there are, ourselves among them; whoever is not in it is gone.
  virtual void OnInstances(std::vector<InstanceRecord> all) = 0;

  // One that is new, or has changed.
  virtual void OnInstance(InstanceRecord instance) = 0;

  virtual void OnGone(InstanceId instance, const std::string& why) = 0;

  // From now on nothing is heard of changes: what was told may be out of date.
  // OnInstances follows, or OnInstance and OnGone and then OnCurrent, once that
  // is over.
  virtual void OnStale(const std::string& why) = 0;
  virtual void OnCurrent() = 0;

  // How many messages this instance has taken and not finished, for others to
  // choose by. On any thread, at any time.
  virtual std::uint64_t outstanding() const = 0;
};

// Threads: any, but that Join and Leave are called once, in that order.
class Directory {
 public:
  virtual ~Directory() = default;

  // Makes `self` known, and keeps it known until Leave; `sink`, which must live
  // until then, is told who there is. Nothing blocks, and nothing fails: while
  // there is no directory to be reached it goes on trying.
  virtual void Join(InstanceRecord self, DirectorySink& sink) = 0;

  // `self` has changed.
  virtual void Update(InstanceRecord self) = 0;

  // Makes it unknown, if that can be done within a second. The sink is told
  // nothing from its return on. It may block so long.
  virtual void Leave() = 0;
};

// How the known instances have changed.
struct InstanceEvent {
  enum class Kind : std::uint8_t {
    kAppeared,
    kChanged,
    kGone,
    kStale,    // of all: the directory cannot be reached
    kCurrent,  // of all: it can be
  };
  Kind kind;
  InstanceRecordPtr instance;  // null: of all
  std::string why;             // of kGone and kStale
};

// One event at a time, in order, under no lock. It should be quick.
using InstanceListener = std::function<void(const InstanceEvent&)>;

}  // namespace am
