#include "am/announcer.h"

#include <utility>

namespace am {

Announcer::Announcer(Node& node, const ManagerOptions& options)
    : node_(node), directory_(options.directory), labels_(options.labels) {}

void Announcer::Start() {
  if (directory_ == nullptr) return;
  {
    MutexLock lock(mutex_);
    directory_->Join(Record(), node_.fleet());
    joined_ = true;
  }
  node_.handlers().AddListener([this](const HandlerEvent&) { Update(); });
}

void Announcer::Update() {
  MutexLock lock(mutex_);
  if (joined_) directory_->Update(Record());
}

void Announcer::SetDraining() {
  {
    MutexLock lock(mutex_);
    draining_ = true;
  }
  Update();
}

void Announcer::SetControlAddress(std::string address) {
  {
    MutexLock lock(mutex_);
    control_address_ = std::move(address);
  }
  Update();
}

void Announcer::Leave() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(joined_, false)) return;
  }
  directory_->Leave();
}

InstanceRecord Announcer::Record() {
  InstanceRecord record;
  record.peer = node_.self();
  record.labels = labels_;
  for (const auto& handler : node_.handlers().List()) {
    const MethodSpec& spec = handler->spec();
    record.handlers.push_back({std::string(spec.name), spec.pattern,
                               std::string(spec.input_type),
                               std::string(spec.output_type)});
  }
  record.draining = draining_;
  record.control_address = control_address_;
  return record;
}

}  // namespace am
