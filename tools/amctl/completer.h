// Completions of a command line of amctl, as a shell asks for them.
//
// bash has `amctl __complete LINE` run, with the line up to the cursor, and
// takes a candidate from each line of output (`amctl completion bash`).
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/amctl/session.h"

namespace CLI {
class App;
}

namespace am::amctl {

inline constexpr char kCompleteCommand[] = "__complete";

// Who presses Tab does not wait longer for names.
inline constexpr absl::Duration kCompletionPatience = absl::Seconds(1);

struct Words {
  std::vector<std::string> before;  // without the program
  std::string last;                 // the one to complete; may be empty
};

// By spaces, but for those in quotes.
Words SplitWords(absl::string_view line);

// What the last word could be, in order. Asks `session` for names only if the
// word is one, and takes no answer for no names.
std::vector<std::string> Completions(const CLI::App& app, const Words& words,
                                     Session& session);

}  // namespace am::amctl
