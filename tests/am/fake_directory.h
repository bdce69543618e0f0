// FakeDirectory: a directory of all managers of a test, in memory, which tells
// nothing unless the test has it tell.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "am/directory.h"
#include "am/transport/mutex.h"

namespace am {

// What all of a test's directories know. Threads: any.
class FakeRegistry {
 public:
  // For one manager.
  std::shared_ptr<Directory> MakeDirectory();

  // Tells everybody of all that has registered.
  void TellAll() {
    MutexLock lock(mutex_);
    for (const auto& [id, sink] : sinks_) sink->OnInstances(Records());
  }

  void TellStale() {
    MutexLock lock(mutex_);
    for (const auto& [id, sink] : sinks_) sink->OnStale("test");
  }

  // Makes an instance known that nobody has made.
  void Add(InstanceRecord record) {
    MutexLock lock(mutex_);
    records_[record.peer.id] = std::move(record);
  }

  InstanceRecord Find(InstanceId id) {
    MutexLock lock(mutex_);
    return records_[id];
  }

 private:
  class Membership;

  std::vector<InstanceRecord> Records() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<InstanceRecord> all;
    for (const auto& [id, record] : records_) all.push_back(record);
    return all;
  }

  Mutex mutex_;
  std::map<InstanceId, InstanceRecord> records_ ABSL_GUARDED_BY(mutex_);
  std::map<InstanceId, DirectorySink*> sinks_ ABSL_GUARDED_BY(mutex_);
};

class FakeRegistry::Membership final : public Directory {
 public:
  explicit Membership(FakeRegistry& registry) : registry_(registry) {}

  void Join(InstanceRecord self, DirectorySink& sink) override {
    id_ = self.peer.id;
    MutexLock lock(registry_.mutex_);
    registry_.sinks_[id_] = &sink;
    registry_.records_[id_] = std::move(self);
  }
  void Update(InstanceRecord self) override {
    MutexLock lock(registry_.mutex_);
    registry_.records_[id_] = std::move(self);
  }
  void Leave() override {
    MutexLock lock(registry_.mutex_);
    registry_.sinks_.erase(id_);
    registry_.records_.erase(id_);
  }

 private:
  FakeRegistry& registry_;
  InstanceId id_;
};

inline std::shared_ptr<Directory> FakeRegistry::MakeDirectory() {
  return std::make_shared<Membership>(*this);
}

}  // namespace am
