// AwaitedNames: the calls that wait until a name is known.
//
// Threads: any. Nothing blocks.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "am/call/call_table.h"
#include "am/transport/mutex.h"

namespace am {

class AwaitedNames final {
 public:
  using Awaited = std::pair<std::string, std::uint64_t>;  // name, call's id

  // `calls` must outlive it.
  explicit AwaitedNames(const CallTable& calls) : calls_(calls) {}

  // A call of the table waits for `name`. Whoever adds one looks whether the
  // name is known after that, so that none is missed.
  void Add(const std::string& name, std::uint64_t call_id) {
    MutexLock lock(mutex_);
    std::erase_if(awaited_, [this](const Awaited& awaited) {
      return !calls_.Contains(awaited.second);
    });
    awaited_.emplace_back(name, call_id);
  }

  // Takes out those whose name is known, in the order of Add; the caller
  // finishes them.
  std::vector<Awaited> Take(absl::FunctionRef<bool(const std::string&)> known) {
    std::vector<Awaited> taken;
    MutexLock lock(mutex_);
    std::erase_if(awaited_, [&](const Awaited& awaited) {
      if (!known(awaited.first)) return false;
      taken.push_back(awaited);
      return true;
    });
    return taken;
  }

 private:
  const CallTable& calls_;
  Mutex mutex_;
  std::vector<Awaited> awaited_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace am
