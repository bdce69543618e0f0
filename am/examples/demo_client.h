// The client of the demo.
#pragma once

#include "am/examples/inference.am.h"

namespace am::examples {

// Starts the servers as processes of this program, has them do all they can,
// prints an account of it, and ends them. Exits with 1 on any failure.
void RunAsClient();

// One message of each kind, good and bad; a line for each.
void ShowPatterns(const ::examples::InferenceAm::Client& worker,
                  const ::examples::InferenceAm::Client& gateway);

// Many calls, one after another; their durations as a table.
void ShowRoundTrips(const ::examples::InferenceAm::Client& worker,
                    const ::examples::InferenceAm::Client& gateway);

}  // namespace am::examples
