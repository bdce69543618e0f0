#include "am/driver/late_work.h"

#include <deque>
#include <utility>

namespace am {
namespace {

// What waits for the work that this thread runs, in order; null if it runs
// none.
thread_local std::deque<Work>* waiting = nullptr;

}  // namespace

void RunLate(Work work) {
  if (waiting != nullptr) return waiting->push_back(std::move(work));
  std::deque<Work> queue;
  waiting = &queue;
  queue.push_back(std::move(work));
  for (int run = 0; !queue.empty() && run < kLongestLateChain; ++run) {
    Work next = std::move(queue.front());
    queue.pop_front();
    std::move(next)();
  }
  // Destroying what is left may bring more, which is not run either.
  while (!queue.empty()) queue.pop_front();
  waiting = nullptr;
}

}  // namespace am
