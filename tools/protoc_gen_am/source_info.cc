#include "tools/protoc_gen_am/source_info.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "am/v1/options.pb.h"
#include "google/protobuf/descriptor.pb.h"

namespace am::codegen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodDescriptorProto;
using google::protobuf::ServiceDescriptor;
using google::protobuf::ServiceDescriptorProto;
using google::protobuf::SourceLocation;

// The way to a declaration through FileDescriptorProto: fields and indices.
using Path = std::vector<int>;

Path PathOf(const ServiceDescriptor& service) {
  return {FileDescriptorProto::kServiceFieldNumber, service.index()};
}

Path PathOf(const MethodDescriptor& method) {
  Path path = PathOf(*method.service());
  path.insert(path.end(),
              {ServiceDescriptorProto::kMethodFieldNumber, method.index()});
  return path;
}

std::string PlaceOf(const FileDescriptor& file, Path path) {
  SourceLocation location;
  while (!path.empty() && !file.GetSourceLocation(path, &location)) {
    path.pop_back();
  }
  if (path.empty()) return file.name();
  return absl::StrCat(file.name(), ":", location.start_line + 1, ":",
                      location.start_column + 1);
}

// Trailing backslashes go, since in C++ they would continue the comment.
template <typename Descriptor>
std::vector<std::string> CommentLines(const Descriptor& descriptor) {
  SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return {};
  absl::string_view comment = location.leading_comments;
  absl::ConsumeSuffix(&comment, "\n");
  if (comment.empty()) return {};
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(comment, '\n')) {
    line = line.substr(0, line.find_last_not_of(" \t\r\\") + 1);
    absl::ConsumePrefix(&line, " ");
    lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

std::string PlaceOf(const ServiceDescriptor& service) {
  return PlaceOf(*service.file(), PathOf(service));
}

std::string PlaceOf(const MethodDescriptor& method) {
  return PlaceOf(*method.file(), PathOf(method));
}

std::string PlaceOf(const MethodDescriptor& method, int field) {
  Path path = PathOf(method);
  path.push_back(field);
  return PlaceOf(*method.file(), std::move(path));
}

std::string PlaceOfOption(const MethodDescriptor& method, int field,
                          int subfield) {
  Path path = PathOf(method);
  path.insert(path.end(), {MethodDescriptorProto::kOptionsFieldNumber,
                           v1::handler.number(), field});
  if (subfield != 0) path.push_back(subfield);
  return PlaceOf(*method.file(), std::move(path));
}

std::vector<std::string> CommentOf(const ServiceDescriptor& service) {
  return CommentLines(service);
}

std::vector<std::string> CommentOf(const MethodDescriptor& method) {
  return CommentLines(method);
}

}  // namespace am::codegen
