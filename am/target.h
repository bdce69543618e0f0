// Target: to whom a message goes.
#pragma once

#include <memory>
#include <utility>

#include "am/any_instance.h"
#include "am/instance_id.h"

namespace am {

// One instance, or whoever can do it. Implicit, so that an InstanceId and an
// AnyInstance can be passed as a Target.
class Target {
 public:
  Target(InstanceId instance) : instance_(instance) {}  // NOLINT
  Target(AnyInstance any)                               // NOLINT
      : any_(std::make_shared<const AnyInstance>(std::move(any))) {}

  // Nobody, if any will do.
  InstanceId instance() const { return instance_; }

  // Null, if it is one instance.
  const AnyInstance* any() const { return any_.get(); }

 private:
  InstanceId instance_;
  std::shared_ptr<const AnyInstance> any_;
};

}  // namespace am
