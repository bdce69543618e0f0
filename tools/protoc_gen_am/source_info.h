// SourceInfo: where a declaration stands in its .proto, and what is written
// above it.
//
// All of it comes from the positions that protoc hands on. Descriptors made
// without them (by a program, say) have no comments and no line numbers.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace am::codegen {

// "file.proto:3:5", counted from one, or "file.proto" if the position is not
// known. `field` is a field of MethodDescriptorProto, to point at that part of
// the declaration.
std::string PlaceOf(const google::protobuf::ServiceDescriptor& service);
std::string PlaceOf(const google::protobuf::MethodDescriptor& method);
std::string PlaceOf(const google::protobuf::MethodDescriptor& method,
                    int field);

// The place where (am.v1.handler) sets `field` of HandlerOptions, and in that
// `subfield` unless it is 0; or, if that is not known, of the next larger thing
// around it.
std::string PlaceOfOption(const google::protobuf::MethodDescriptor& method,
                          int field, int subfield = 0);

// The lines of the comment above a declaration, without comment marks.
std::vector<std::string> CommentOf(
    const google::protobuf::ServiceDescriptor& service);
std::vector<std::string> CommentOf(
    const google::protobuf::MethodDescriptor& method);

}  // namespace am::codegen
