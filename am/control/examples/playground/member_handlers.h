// What a process of the playground has to offer.
#pragma once

#include "am/examples/greeter.h"
#include "am/manager.h"

namespace am::playground {

//   examples.Greeter/Hello  says hello
//   shout                   bytes, in capitals
//   nap                     takes as long as the google.protobuf.Duration it is
//                           given, 10 s at the most
//   tick                    one-way; does nothing
// Ends the process if it cannot. "tick" comes last: whoever knows that one
// knows all.
void RegisterAll(Manager& manager, examples::Greeter& greeter);

}  // namespace am::playground
