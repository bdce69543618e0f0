#include "am/control/schema.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "am/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/wrappers.pb.h"

namespace am::control {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptorProto;

const DescriptorPool& CompiledIn() { return *DescriptorPool::generated_pool(); }

bool IsIdentifier(absl::string_view part) {
  const auto first = static_cast<unsigned char>(part.empty() ? '0' : part[0]);
  if (absl::ascii_isdigit(first)) return false;
  return std::all_of(part.begin(), part.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_';
  });
}

bool IsServiceName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '.');
  return std::all_of(parts.begin(), parts.end(), IsIdentifier);
}

const Descriptor* TypeOf(absl::string_view name) {
  return CompiledIn().FindMessageTypeByName(std::string(name));
}

const Descriptor* InputOf(const MethodSpec& spec) {
  if (spec.input_type.empty())
    return google::protobuf::BytesValue::descriptor();
  return TypeOf(spec.input_type);
}

const Descriptor* OutputOf(const MethodSpec& spec) {
  if (spec.pattern != Pattern::kResponse) {
    return google::protobuf::Empty::descriptor();
  }
  if (spec.output_type.empty()) {
    return google::protobuf::BytesValue::descriptor();
  }
  return TypeOf(spec.output_type);
}

void Import(const FileDescriptor* file, FileDescriptorProto& into) {
  const auto& imports = into.dependency();
  if (std::find(imports.begin(), imports.end(), file->name()) ==
      imports.end()) {
    into.add_dependency(file->name());
  }
}

// A file without methods yet, for the service.
FileDescriptorProto MadeUpFile(const std::string& service) {
  FileDescriptorProto file;
  file.set_name(absl::StrCat("made_up/", service, ".proto"));
  file.set_syntax("proto3");
  const std::size_t dot = service.rfind('.');
  if (dot != std::string::npos) file.set_package(service.substr(0, dot));
  file.add_service()->set_name(
      dot == std::string::npos ? service : service.substr(dot + 1));
  Import(v1::HandlerOptions::descriptor()->file(), file);
  return file;
}

// Appends what is not in `done`: the file, then its imports.
void AddClosure(const FileDescriptor* file, std::set<std::string>& done,
                Schema::Files& files) {
  if (!done.insert(file->name()).second) return;
  FileDescriptorProto proto;
  file->CopyTo(&proto);
  files.push_back(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddClosure(file->dependency(i), done, files);
  }
}

Schema::Files WithImports(const FileDescriptor* file) {
  Schema::Files files;
  std::set<std::string> done;
  AddClosure(file, done, files);
  return files;
}

Schema::Files WithImports(const FileDescriptorProto& file) {
  Schema::Files files{file.SerializeAsString()};
  std::set<std::string> done;
  for (const std::string& import : file.dependency()) {
    AddClosure(CompiledIn().FindFileByName(import), done, files);
  }
  return files;
}

bool HasSymbol(const FileDescriptorProto& file, const std::string& service,
               const std::string& name) {
  if (name == service) return true;
  const auto& methods = file.service(0).method();
  return std::any_of(methods.begin(), methods.end(),
                     [&](const MethodDescriptorProto& method) {
                       return name == absl::StrCat(service, ".", method.name());
                     });
}

}  // namespace

Schema::Schema(const std::vector<MethodSpec>& handlers,
               const std::vector<std::string>& services) {
  std::set<std::string> names(services.begin(), services.end());
  for (const MethodSpec& handler : handlers) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(handler.name, absl::MaxSplits('/', 1));
    const auto& [service, method] = parts;
    if (!IsServiceName(service)) continue;
    names.insert(service);
    if (CompiledIn().FindServiceByName(service) == nullptr) {
      AddMadeUp(handler, service, method);
    }
  }
  services_.assign(names.begin(), names.end());
}

void Schema::AddMadeUp(const MethodSpec& handler, const std::string& service,
                       const std::string& method) {
  const Descriptor* const input = InputOf(handler);
  const Descriptor* const output = OutputOf(handler);
  if (input == nullptr || output == nullptr) return;
  FileDescriptorProto& file =
      made_up_.try_emplace(service, MadeUpFile(service)).first->second;
  Import(input->file(), file);
  Import(output->file(), file);
  MethodDescriptorProto& proto = *file.mutable_service(0)->add_method();
  proto.set_name(method);
  proto.set_input_type(absl::StrCat(".", input->full_name()));
  proto.set_output_type(absl::StrCat(".", output->full_name()));
  // The same numbers by construction of both enums.
  proto.mutable_options()
      ->MutableExtension(v1::handler)
      ->set_pattern(static_cast<v1::HandlerOptions::Pattern>(handler.pattern));
}

absl::StatusOr<Schema::Files> Schema::FileWithSymbol(
    const std::string& name) const {
  for (const auto& [service, file] : made_up_) {
    if (HasSymbol(file, service, name)) return WithImports(file);
  }
  const FileDescriptor* const file =
      CompiledIn().FindFileContainingSymbol(name);
  if (file != nullptr) return WithImports(file);
  return absl::NotFoundError(absl::StrCat("no symbol ", name));
}

absl::StatusOr<Schema::Files> Schema::FileByName(
    const std::string& name) const {
  for (const auto& [service, file] : made_up_) {
    if (file.name() == name) return WithImports(file);
  }
  const FileDescriptor* const file = CompiledIn().FindFileByName(name);
  if (file != nullptr) return WithImports(file);
  return absl::NotFoundError(absl::StrCat("no file ", name));
}

absl::StatusOr<Schema::Files> Schema::FileWithExtension(const std::string& type,
                                                        int number) const {
  const Descriptor* const extended = TypeOf(type);
  const FieldDescriptor* const extension =
      extended == nullptr
          ? nullptr
          : CompiledIn().FindExtensionByNumber(extended, number);
  if (extension != nullptr) return WithImports(extension->file());
  return absl::NotFoundError(
      absl::StrCat("no extension ", number, " of ", type));
}

absl::StatusOr<std::vector<int>> Schema::ExtensionNumbers(
    const std::string& type) const {
  const Descriptor* const extended = TypeOf(type);
  if (extended == nullptr) {
    return absl::NotFoundError(absl::StrCat("no message ", type));
  }
  std::vector<const FieldDescriptor*> extensions;
  CompiledIn().FindAllExtensions(extended, &extensions);
  std::vector<int> numbers;
  for (const FieldDescriptor* extension : extensions) {
    numbers.push_back(extension->number());
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace am::control
