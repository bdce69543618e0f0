#include "tools/protoc_gen_am/template.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace am::codegen {
namespace {

using v1::HandlerOptions;

struct Results {
  std::string plain;
  std::string future;
};

Results ResultsOf(const MethodContract& method) {
  switch (method.pattern) {
    case HandlerOptions::NO_RETURN:
      return {"void", "::absl::Status"};
    case HandlerOptions::ACK:
      return {"::absl::Status", "::am::Future<void>"};
    default:
      return {absl::StrCat("::absl::StatusOr<", method.response, ">"),
              absl::StrCat("::am::Future<", method.response, ">")};
  }
}

}  // namespace

Variables VariablesOf(const FileContract& file) {
  return {{"proto", file.proto},
          {"path", file.path},
          {"namespace", file.cpp_namespace}};
}

Variables VariablesOf(const ServiceContract& service) {
  return {{"Struct", service.struct_name}};
}

Variables VariablesOf(const ServiceContract& service,
                      const MethodContract& method) {
  const Results results = ResultsOf(method);
  Variables variables = VariablesOf(service);
  variables["Function"] = method.function;
  variables["token"] = method.token;
  variables["name"] = method.name;
  variables["Request"] = method.request;
  variables["Result"] = results.plain;
  variables["CoResult"] = absl::StrCat("::am::Task<", results.plain, ">");
  variables["Future"] = results.future;
  return variables;
}

std::string Print(const std::function<void(Printer&)>& write) {
  std::string text;
  google::protobuf::io::StringOutputStream stream(&text);
  {
    Printer printer(&stream, '$');
    write(printer);
  }  // Here the printer gives the stream the rest.
  return text;
}

void OpenNamespace(const FileContract& file, Printer& printer) {
  if (file.cpp_namespace.empty()) return;
  printer.Print(VariablesOf(file), "\nnamespace $namespace$ {\n");
}

void CloseNamespace(const FileContract& file, Printer& printer) {
  if (file.cpp_namespace.empty()) return;
  printer.Print(VariablesOf(file), "\n}  // namespace $namespace$\n");
}

}  // namespace am::codegen
