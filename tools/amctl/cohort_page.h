// What a leader says of its cohort (am.v1.Cohort/DescribeCohort), to be
// printed.
#pragma once

#include <string>

#include "am/v1/cohort.pb.h"
#include "tools/amctl/json.h"

namespace am::amctl {

std::string CohortPage(const v1::CohortDescription& cohort);

// Times are in milliseconds: "last_heard_ms" ago, "busy_ms" so far.
Json CohortJson(const v1::CohortDescription& cohort);

}  // namespace am::amctl
