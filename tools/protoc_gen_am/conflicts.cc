#include "tools/protoc_gen_am/conflicts.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/compiler/cpp/names.h"
#include "tools/protoc_gen_am/names.h"
#include "tools/protoc_gen_am/source_info.h"

namespace am::codegen {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::compiler::cpp::ClassName;

// `files` and what they import, each once, imports first.
class Closure {
 public:
  explicit Closure(const Files& files) {
    for (const FileDescriptor* file : files) Visit(*file);
  }

  const Files& files() const { return files_; }

 private:
  void Visit(const FileDescriptor& file) {
    if (!visited_.insert(&file).second) return;
    for (int i = 0; i < file.dependency_count(); ++i) {
      Visit(*file.dependency(i));
    }
    files_.push_back(&file);
  }

  std::set<const FileDescriptor*> visited_;
  Files files_;
};

// Names in C++'s namespaces, written as in a .proto ("acme.v1.Outer_Inner"),
// and who has them.
class CppNames {
 public:
  void AddFile(const FileDescriptor& file) {
    const std::string& package = file.package();
    for (std::size_t end = 0; end != package.npos;) {
      end = package.find('.', end + 1);
      const std::string name = package.substr(0, end);
      Add("", name, "package " + name);
    }
    const std::string scope = package.empty() ? "" : package + ".";
    for (int i = 0; i < file.message_type_count(); ++i) {
      AddMessage(scope, *file.message_type(i));
    }
    for (int i = 0; i < file.enum_type_count(); ++i) {
      AddEnum(scope, "", *file.enum_type(i));
    }
    for (int i = 0; i < file.extension_count(); ++i) {
      Add(scope, file.extension(i)->name(),
          "extension " + file.extension(i)->full_name());
    }
    for (int i = 0; i < file.service_count(); ++i) {
      Add(scope, file.service(i)->name(),
          "service " + file.service(i)->full_name());
    }
  }

  // Who has a name; null if nobody.
  const std::string* Find(const std::string& name) const {
    const auto found = owners_.find(name);
    return found == owners_.end() ? nullptr : &found->second;
  }

 private:
  void Add(const std::string& scope, const std::string& name,
           std::string owner) {
    owners_.emplace(scope + name, std::move(owner));
  }

  void AddMessage(const std::string& scope, const Descriptor& message) {
    const std::string name = ClassName(&message);
    Add(scope, name, "message " + message.full_name());
    for (int i = 0; i < message.nested_type_count(); ++i) {
      AddMessage(scope, *message.nested_type(i));
    }
    for (int i = 0; i < message.enum_type_count(); ++i) {
      AddEnum(scope, name + "_", *message.enum_type(i));
    }
  }

  // The values of an enum stand beside it, with the message's name before.
  void AddEnum(const std::string& scope, const std::string& prefix,
               const EnumDescriptor& type) {
    Add(scope, ClassName(&type), "enum " + type.full_name());
    for (int i = 0; i < type.value_count(); ++i) {
      Add(scope, prefix + type.value(i)->name(),
          "value " + type.value(i)->name() + " of enum " + type.full_name());
    }
  }

  std::map<std::string, std::string> owners_;
};

void CheckName(const ServiceDescriptor& service, const CppNames& names,
               Problems& problems) {
  // Next to the service, in its package.
  const std::string& path = service.full_name();
  const std::string name = path.substr(0, path.size() - service.name().size()) +
                           StructNameOf(service);
  const std::string* owner = names.Find(name);
  if (owner == nullptr) return;
  problems.push_back(absl::StrCat(
      PlaceOf(service), ": service ", service.full_name(),
      ": the name of its generated struct, ", StructNameOf(service),
      ", is taken by ", *owner, "; rename one of them"));
}

void CheckId(const MethodDescriptor& method, IdHash hash,
             std::map<std::uint64_t, const MethodDescriptor*>& methods,
             Problems& problems) {
  const std::uint64_t id = hash(HandlerNameOf(method));
  const auto [found, added] = methods.emplace(id, &method);
  if (added) return;
  problems.push_back(
      absl::StrCat(PlaceOf(method), ": rpc ", method.full_name(),
                   ": its handler id is that of ", found->second->full_name(),
                   " (", PlaceOf(*found->second), "), ",
                   absl::StrFormat("0x%016x", id), "; rename one of them"));
}

}  // namespace

void FindSharedIds(const Files& files, IdHash hash, Problems& problems) {
  std::map<std::uint64_t, const MethodDescriptor*> methods;
  const Closure closure(files);
  for (const FileDescriptor* file : closure.files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor& service = *file->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        CheckId(*service.method(j), hash, methods, problems);
      }
    }
  }
}

void FindTakenNames(const Files& files, Problems& problems) {
  CppNames names;
  const Closure closure(files);
  for (const FileDescriptor* file : closure.files()) names.AddFile(*file);
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      CheckName(*file->service(i), names, problems);
    }
  }
}

}  // namespace am::codegen
