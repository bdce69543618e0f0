// Target: to whom a message goes.
#pragma once

#include "am/instance_id.h"

namespace am {

// One instance. Implicit, so that an InstanceId can be passed as a Target.
class Target {
 public:
  Target(InstanceId instance) : instance_(instance) {}  // NOLINT

  InstanceId instance() const { return instance_; }

 private:
  InstanceId instance_;
};

}  // namespace am
