// Mutex, MutexLock and CondVar of am/transport/mutex.h, for the rooms above
// am, which do not include transport.
#pragma once

#include "am/transport/mutex.h"  // IWYU pragma: export
