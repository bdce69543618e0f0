// Schema: descriptors of the services that an instance has, for reflection.
//
// Services that are compiled in are shown as their .proto has them. Handlers
// without one, such as those under bare names, are shown as methods of a file
// that is made up here: am.v1.Handlers, with (am.v1.handler) saying the pattern
// and google.protobuf.BytesValue in place of raw bytes.
//
// A value: what there was when it was made. Threads: const from then on.
// NOT_FOUND is the only failure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "am/method.h"
#include "google/protobuf/descriptor.pb.h"

namespace am::control {

class Schema final {
 public:
  // Files in protobuf's binary form, as reflection hands them out: the one
  // asked for, then all that it imports.
  using Files = std::vector<std::string>;

  // `handlers` as registered; `services` by their full names, beside theirs.
  Schema(const std::vector<MethodSpec>& handlers,
         const std::vector<std::string>& services);

  // Full names, in order.
  const std::vector<std::string>& services() const { return services_; }

  // A service, method, message, field, enum, enum value or extension.
  absl::StatusOr<Files> FileWithSymbol(const std::string& name) const;
  absl::StatusOr<Files> FileByName(const std::string& name) const;
  absl::StatusOr<Files> FileWithExtension(const std::string& type,
                                          int number) const;
  absl::StatusOr<std::vector<int>> ExtensionNumbers(
      const std::string& type) const;

 private:
  void AddMadeUp(const MethodSpec& handler, const std::string& service,
                 const std::string& method);

  std::vector<std::string> services_;
  std::map<std::string, google::protobuf::FileDescriptorProto>
      made_up_;  // by
                 // service
};

}  // namespace am::control
