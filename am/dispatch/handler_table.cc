#include "am/dispatch/handler_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace am {
namespace {

// Runs after which a mean says something.
constexpr std::uint32_t kRunsToProve = 8;

// The weight of a run in the moving mean is one in this many.
constexpr std::int64_t kMeanOver = 8;

// Of a quick handler's runs.
constexpr std::uint32_t kTimedOneIn = 8;

// A single run this many times over the limit costs a handler its reputation.
constexpr std::int64_t kSlowRun = 8;

MethodSpec WithNames(MethodSpec spec, const std::string& name,
                     const std::string& input, const std::string& output) {
  spec.name = name;
  spec.input_type = input;
  spec.output_type = output;
  return spec;
}

}  // namespace

HandlerEntry::HandlerEntry(std::string name, HandlerBinding binding)
    : name_(std::move(name)),
      input_type_(binding.spec.input_type),
      output_type_(binding.spec.output_type),
      spec_(WithNames(binding.spec, name_, input_type_, output_type_)),
      handler_(std::move(binding.handler)),
      gate_(spec_.max_concurrency > 0
                ? std::make_shared<Gate>(spec_.max_concurrency)
                : nullptr) {}

bool HandlerEntry::IsQuick(absl::Duration limit) const {
  return runs_.load(std::memory_order_relaxed) >= kRunsToProve &&
         mean_ns_.load(std::memory_order_relaxed) <
             absl::ToInt64Nanoseconds(limit);
}

bool HandlerEntry::IsTimed(absl::Duration limit) {
  const std::uint32_t begun = begun_.load(std::memory_order_relaxed);
  begun_.store(begun + 1, std::memory_order_relaxed);
  return begun % kTimedOneIn == 0 || !IsQuick(limit);
}

// Runs may race here; a lost update only delays the verdict.
void HandlerEntry::NoteRun(absl::Duration time) {
  const std::int64_t ns = absl::ToInt64Nanoseconds(time);
  const std::int64_t mean = mean_ns_.load(std::memory_order_relaxed);
  const std::uint32_t runs = runs_.load(std::memory_order_relaxed);
  const bool slow = runs >= kRunsToProve && ns > kSlowRun * (mean + 20'000);
  if (runs < kRunsToProve) runs_.store(runs + 1, std::memory_order_relaxed);
  if (slow) runs_.store(0, std::memory_order_relaxed);
  mean_ns_.store(runs == 0 ? ns : mean + (ns - mean) / kMeanOver,
                 std::memory_order_relaxed);
}

void HandlerEntry::NoteBegun(absl::Time now) {
  if (running_.fetch_add(1, std::memory_order_relaxed) > 0) return;
  busy_since_ns_.store(absl::ToUnixNanos(now), std::memory_order_relaxed);
}

absl::Status HandlerTable::Check(const MethodSpec& spec) const {
  if (!IsHandlerName(spec.name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", spec.name,
        "\" is not a handler's name: a letter, then letters, digits and _"));
  }
  const auto found = by_id_.find(hash_(spec.name));
  if (found == by_id_.end()) return absl::OkStatus();
  const absl::string_view taken = found->second->spec().name;
  if (taken == spec.name) {
    return absl::AlreadyExistsError(
        absl::StrCat("a handler \"", spec.name, "\" is registered already"));
  }
  return absl::AlreadyExistsError(
      absl::StrCat("\"", spec.name, "\" has the same id as \"", taken,
                   "\"; rename one of them"));
}

absl::Status HandlerTable::Add(std::vector<HandlerBinding> bindings) {
  MutexLock events_lock(events_mutex_);
  std::vector<std::string> names;
  {
    MutexLock lock(mutex_);
    for (const HandlerBinding& binding : bindings) {
      absl::Status status = Check(binding.spec);
      if (!status.ok()) return status;
    }
    for (HandlerBinding& binding : bindings) {
      names.emplace_back(binding.spec.name);
      by_id_[hash_(binding.spec.name)] =
          std::make_shared<HandlerEntry>(names.back(), std::move(binding));
    }
  }
  Tell(HandlerEvent::Kind::kRegistered, names);
  return absl::OkStatus();
}

absl::Status HandlerTable::Remove(absl::string_view full_name) {
  MutexLock events_lock(events_mutex_);
  {
    MutexLock lock(mutex_);
    const auto found = by_id_.find(hash_(full_name));
    if (found == by_id_.end() || found->second->spec().name != full_name) {
      return absl::NotFoundError(
          absl::StrCat("no handler \"", full_name, "\" is registered"));
    }
    by_id_.erase(found);
  }
  Tell(HandlerEvent::Kind::kDeregistered, {std::string(full_name)});
  return absl::OkStatus();
}

void HandlerTable::Tell(HandlerEvent::Kind kind,
                        const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const auto& [number, listener] : listeners_) listener({kind, name});
  }
}

void HandlerTable::SetAdmission(Admission admission) {
  auto shared = admission == nullptr
                    ? nullptr
                    : std::make_shared<const Admission>(std::move(admission));
  MutexLock lock(mutex_);
  admission_ = std::move(shared);
}

absl::Status HandlerTable::Admit(InstanceId sender,
                                 absl::string_view metadata) const {
  if (metadata.empty()) return absl::OkStatus();
  std::shared_ptr<const Admission> admission;
  {
    MutexLock lock(mutex_);
    admission = admission_;
  }
  return admission == nullptr ? absl::OkStatus()
                              : (*admission)(sender, metadata);
}

std::shared_ptr<HandlerEntry> HandlerTable::Find(std::uint64_t id) const {
  MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::shared_ptr<HandlerEntry> HandlerTable::FindByName(
    absl::string_view full_name) const {
  std::shared_ptr<HandlerEntry> entry = Find(hash_(full_name));
  if (entry == nullptr || entry->spec().name != full_name) return nullptr;
  return entry;
}

bool HandlerTable::Has(absl::string_view full_name) const {
  return FindByName(full_name) != nullptr;
}

std::vector<std::shared_ptr<HandlerEntry>> HandlerTable::List() const {
  std::vector<std::shared_ptr<HandlerEntry>> entries;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, entry] : by_id_) entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a->spec().name < b->spec().name;
  });
  return entries;
}

int HandlerTable::AddListener(Listener listener) {
  MutexLock lock(events_mutex_);
  listeners_[next_listener_] = std::move(listener);
  return next_listener_++;
}

void HandlerTable::RemoveListener(int number) {
  MutexLock lock(events_mutex_);
  listeners_.erase(number);
}

}  // namespace am
