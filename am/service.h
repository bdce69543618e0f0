// Service: the handlers of one `service` of a .proto, as one object.
//
// Derive from the generated <Name>Am::Service (or CoService), override the
// methods you serve and register the object:
//
//   class Inference final : public InferenceAm::Service { ... };
//   Inference inference;
//   RETURN_IF_ERROR(manager.Register(inference));
//
// The service is not owned: it must outlive its manager's Shutdown, or its
// deregistration. Its methods are called by several threads at once.
#pragma once

#include <vector>

#include "am/handler.h"

namespace am {

class Service {
 public:
  virtual ~Service() = default;

  // One binding per method. Called by Manager::Register.
  virtual std::vector<HandlerBinding> Bindings() = 0;
};

}  // namespace am
