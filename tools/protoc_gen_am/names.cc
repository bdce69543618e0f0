#include "tools/protoc_gen_am/names.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace am::codegen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;
using Names = std::set<std::string>;

constexpr absl::string_view kKeywords =
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch "
    "char char16_t char32_t char8_t class co_await co_return co_yield compl "
    "concept const const_cast consteval constexpr constinit continue decltype "
    "default delete do double dynamic_cast else enum explicit export extern "
    "false float for friend goto if inline int long mutable namespace new "
    "noexcept not not_eq nullptr operator or or_eq private protected public "
    "register reinterpret_cast requires return short signed sizeof static "
    "static_assert static_cast struct switch template this thread_local throw "
    "true try typedef typeid typename union unsigned using virtual void "
    "volatile wchar_t while xor xor_eq";

// The classes of the generated struct; then the members, parameters and
// variables that a function would hide, or that would hide it.
constexpr absl::string_view kGenerated =
    "Service CoService Client MockService "
    "Bindings bindings client_ target_ context request";

Names ReservedNames(const ServiceDescriptor& service) {
  Names names = absl::StrSplit(kKeywords, ' ');
  for (const absl::string_view name : absl::StrSplit(kGenerated, ' ')) {
    names.emplace(name);
  }
  names.insert(StructNameOf(service));
  return names;
}

// Takes `wanted`, or the next name like it that is free.
std::string Take(std::string wanted, Names& taken) {
  while (!taken.insert(wanted).second) wanted += '_';
  return wanted;
}

std::string TokenFor(absl::string_view method) {
  return absl::StrCat(
      "k",
      std::string(1,
                  absl::ascii_toupper(static_cast<unsigned char>(method[0]))),
      method.substr(1));
}

}  // namespace

std::string NamespaceOf(const FileDescriptor& file) {
  return absl::StrReplaceAll(file.package(), {{".", "::"}});
}

std::string StructNameOf(const ServiceDescriptor& service) {
  return service.name() + "Am";
}

std::vector<MethodNames> NameMethods(const ServiceDescriptor& service) {
  const Names reserved = ReservedNames(service);
  std::vector<MethodNames> names(
      static_cast<std::size_t>(service.method_count()));

  // Who can keep its name does; only then are the others given theirs.
  Names taken = reserved;
  for (const bool keeps : {true, false}) {
    for (int i = 0; i < service.method_count(); ++i) {
      const std::string& name = service.method(i)->name();
      if ((reserved.count(name) == 0) != keeps) continue;
      names[static_cast<std::size_t>(i)].function = Take(name, taken);
    }
  }
  Names tokens = {StructNameOf(service)};
  for (int i = 0; i < service.method_count(); ++i) {
    names[static_cast<std::size_t>(i)].token =
        Take(TokenFor(service.method(i)->name()), tokens);
  }
  return names;
}

}  // namespace am::codegen
