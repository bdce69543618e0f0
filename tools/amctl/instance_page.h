// What an instance says of itself (am.v1.Node/Describe), to be printed.
#pragma once

#include <string>

#include "am/v1/node.pb.h"
#include "am/v1/registry.pb.h"
#include "tools/amctl/json.h"

namespace am::amctl {

// `record` is what its registry says of it, if there is one.
std::string InstancePage(const v1::Instance& record,
                         const v1::DescribeResponse& description);
Json InstanceJson(const v1::Instance& record,
                  const v1::DescribeResponse& description);

}  // namespace am::amctl
