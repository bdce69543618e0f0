// ManagerOptions: everything that can be set, in one place, with its unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "am/instance_id.h"
#include "am/planted_bug.h"

namespace am {

namespace transport {
class Transport;
}
class Clock;
class ControlPlane;
class Directory;
class Driver;

// Between one instance and one peer, for each direction.
struct LinkOptions {
  // A frame is closed, and another begun, at this many bytes.
  std::size_t frame_bytes = 16 * 1024;

  // Payloads from this size on travel as a part of their own, without a copy
  // (libzmq copies smaller ones in any case: its batch is 8 KiB).
  std::size_t part_bytes = 8 * 1024;

  // How much a peer may have sent to us that we have not counted yet.
  std::uint32_t window_messages = 8192;
  std::uint32_t window_bytes = 8 * 1024 * 1024;

  // How much may wait here for the peer's window, before sends are refused.
  // Replies are never refused: whoever may call bounds them.
  std::size_t queue_messages = 16 * 1024;
  std::size_t queue_bytes = 64 * 1024 * 1024;

  // A peer that gave no proof for an interval that our messages reach it and
  // its reach us is asked for one, which whoever holds its receiving role
  // gives; without one within the timeout it is lost. Interval zero: never.
  absl::Duration heartbeat_interval = absl::Seconds(1);
  absl::Duration heartbeat_timeout = absl::Seconds(2);

  // After a connection is lost: one try to return is made at once, and more
  // after waits that double from min to max, for so long.
  absl::Duration reconnect_min = absl::Milliseconds(20);
  absl::Duration reconnect_max = absl::Seconds(1);
  absl::Duration reconnect_for = absl::Minutes(1);

  // Counts that nothing else carried are sent after this long.
  absl::Duration count_delay = absl::Milliseconds(5);
};

// Where handlers run.
struct ExecutionOptions {
  // Threads of the worker pool: kept, and at the most while all are blocked.
  // One of them receives, so max_threads is 2 at least.
  int min_threads = 2;
  int max_threads = 64;

  // Handlers running at once over all handlers; 0: no limit.
  int max_concurrency = 0;

  // Messages that wait for a thread or a limit before new ones are refused
  // with RESOURCE_EXHAUSTED.
  std::size_t max_queued = 16 * 1024;

  // A handler whose running time averages less than this runs on the receiving
  // thread. A hop to the pool costs 10 to 20 us.
  absl::Duration inline_below = absl::Microseconds(20);
};

// What is remembered of calls that their callers may repeat, so that none runs
// twice. A repetition that comes after that is answered ABORTED.
struct DedupOptions {
  // Replies kept, and their bytes, metadata included.
  std::size_t max_replies = 64 * 1024;
  std::size_t max_bytes = 16 * 1024 * 1024;

  // How long after the end of its call a reply is kept.
  absl::Duration keep_for = absl::Seconds(60);

  // Senders whose calls are told apart.
  std::size_t max_senders = 4096;
};

// Every member has an initialiser, so that {.name = "x"} warns of nothing.
struct ManagerOptions {
  // For people, in logs and listings; need not be unique.
  std::string name = {};

  // For choosing among instances (am/any_instance.h), if there is a directory.
  std::map<std::string, std::string> labels = {};

  // What makes this instance known to others, and others to it (for example
  // am::control::MakeRegistryDirectory); of this manager alone. Null: none.
  std::shared_ptr<Directory> directory = {};

  // What takes messages where there is no connection, or whoever sends asks
  // for it (CallOptions::plane): am::control::MakeGrpcControlPlane. May be
  // shared. Null: none.
  std::shared_ptr<ControlPlane> control_plane = {};

  // Where to listen, for example {"tcp://127.0.0.1:5555"}. Empty: a free port
  // of tcp on loopback. An ipc socket in a private folder is always added, for
  // peers on this host. Anything but loopback needs
  // `insecure_allow_remote_peers`.
  std::vector<std::string> listen = {};

  // Share memory with peers on this host that do so too, which is faster than
  // all else (transport/README.md) and takes a thread, and six descriptors and
  // 512 KiB a peer. Where that is not to be had they stay on ipc; Describe says
  // why. With "shm://" in `listen` it must be had. ZeroMQ alone: false.
  bool share_memory = true;

  // How long who receives looks for news before sleeping, at the most and only
  // while that pays (transport/look.h): a wake-up less for each message, and
  // some processor time more. Memory is looked at for 50 us at the most. Zero:
  // never.
  absl::Duration look = absl::Microseconds(200);

  // Whoever reaches a port may send messages: there is no authentication yet.
  bool insecure_allow_remote_peers = false;

  // The most bytes one message may have, payload and metadata.
  std::size_t max_message_bytes = 64 * 1024 * 1024;

  LinkOptions link = {};
  ExecutionOptions execution = {};
  DedupOptions dedup = {};

  // Shutdown tells peers at once that no more work is wanted, serves on for
  // `drain_grace`, then refuses what is new and waits for what runs until
  // `shutdown_timeout` has passed since its beginning.
  absl::Duration drain_grace = absl::ZeroDuration();
  absl::Duration shutdown_timeout = absl::Seconds(30);

  // Begins the shutdown when stop is requested.
  std::stop_token stop = {};

  // Whether others may begin it, by a call of am.v1.Node/Drain (amctl drain).
  bool allow_drain_by_peers = false;

  // Called with one line of text for what an operator should know. Any thread;
  // must not call the manager. Null: nothing is written.
  std::function<void(absl::string_view)> log = {};

  // What carries the messages; null: ZeroMQ, and memory that is shared.
  // `listen` then holds addresses of that transport alone, and `share_memory`
  // does not count.
  std::shared_ptr<transport::Transport> transport = {};

  // Null: the steady clock. Not owned.
  const Clock* clock = nullptr;

  // What makes it go; null: threads. For simulations
  // (am/simulation/simulated_world.h).
  std::shared_ptr<Driver> driver = {};

  // Who it is; nobody: random. Never the same for two instances.
  InstanceId id = {};

  // A mistake to be made now and then. Only for the tests that show that a
  // checker of histories would see it (tests/fault/planted_bug_test.cc).
  PlantedBug planted_bug = PlantedBug::kNone;
};

}  // namespace am
