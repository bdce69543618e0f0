// All that leaders and workers need.
#pragma once

#include "am/cohort/leader.h"
#include "am/cohort/worker.h"
