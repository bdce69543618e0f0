#include "tools/amctl/handler_name.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "am/handler_id.h"
#include "tools/amctl/exit_code.h"

namespace am::amctl {

absl::StatusOr<std::string> HandlerNameOf(absl::string_view text) {
  std::string name(absl::StripPrefix(text, "/"));
  const std::size_t dot = name.rfind('.');
  if (!absl::StrContains(name, "/") && dot != std::string::npos) {
    name[dot] = '/';
  }
  name = FullHandlerName(name);
  if (IsHandlerName(name)) return name;
  return Fail(ExitCode::kUsage,
              absl::StrCat("\"", text,
                           "\" is no handler's name: \"compute\", or "
                           "\"package.Service/Method\""));
}

}  // namespace am::amctl
