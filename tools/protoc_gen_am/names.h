// Names: what the declarations of a .proto are called in C++.
//
// Generated code adds one name to the package's namespace, <Service>Am. Its
// functions are called as the rpcs are, with an underscore (or several) behind
// where C++ or the generated class has taken the name: `delete_`, `Service_`.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace am::codegen {

// What one rpc is called.
struct MethodNames {
  std::string function;  // "Compute"
  std::string token;     // "kCompute"
};

// "acme::v1"; empty without a package.
std::string NamespaceOf(const google::protobuf::FileDescriptor& file);

// "InferenceAm"
std::string StructNameOf(const google::protobuf::ServiceDescriptor& service);

// The names of a service's rpcs, by index; no two are the same.
std::vector<MethodNames> NameMethods(
    const google::protobuf::ServiceDescriptor& service);

}  // namespace am::codegen
