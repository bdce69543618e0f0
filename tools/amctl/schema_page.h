// What a server's reflection says of a handler, a service or a message, to be
// printed.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "am/control/remote_schema.h"
#include "tools/amctl/json.h"

namespace am::amctl {

struct SchemaPage {
  std::string text;
  Json json = Json::Object();

  // `name` is "package.Service/Method", or the full name of a service or a
  // message. NOT_FOUND: there is none; others as RemoteSchema.
  static absl::StatusOr<SchemaPage> Make(control::RemoteSchema& schema,
                                         const std::string& name);
};

}  // namespace am::amctl
