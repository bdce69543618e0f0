// RunLate: runs work for which no thread is left.
#pragma once

#include "am/driver/driver.h"

namespace am {

// How many pieces of work may bring about one another. More are taken for a
// loop, such as a callback that makes its call again whenever it fails, and
// are destroyed unrun.
inline constexpr int kLongestLateChain = 1000;

// Runs `work` on this thread, and then what is brought to RunLate within; so
// work never runs inside other work.
void RunLate(Work work);

}  // namespace am
