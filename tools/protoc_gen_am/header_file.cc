#include "tools/protoc_gen_am/generated_files.h"
#include "tools/protoc_gen_am/spec.h"
#include "tools/protoc_gen_am/template.h"

namespace am::codegen {
namespace {

void PrintComment(const std::vector<std::string>& lines, Printer& printer) {
  for (const std::string& line : lines) {
    printer.Print({{"line", line.empty() ? "" : " " + line}}, "//$line$\n");
  }
}

void PrintTokens(const ServiceContract& service, Printer& printer) {
  for (const MethodContract& method : service.methods) {
    Variables variables = VariablesOf(service, method);
    variables["Pattern"] = PatternConstant(method.pattern);
    variables["Response"] = method.pattern == v1::HandlerOptions::RESPONSE
                                ? method.response
                                : "void";
    printer.Print(variables,
                  "static constexpr ::am::Method<\n"
                  "    $Request$, $Response$,\n"
                  "    ::am::Pattern::$Pattern$>\n"
                  "    $token${{\n");
    PrintSpec(method, printer);
    printer.Print("    }};\n\n");
  }
}

// The functions of one class, each under its comment.
void PrintFunctions(const ServiceContract& service, const char* text,
                    Printer& printer) {
  for (const MethodContract& method : service.methods) {
    Variables variables = VariablesOf(service, method);
    variables["deprecated"] = method.deprecated ? "[[deprecated]] " : "";
    printer.Print("\n");
    PrintComment(method.comment, printer);
    printer.Print(variables, text);
  }
}

void PrintService(const ServiceContract& service, Printer& printer) {
  printer.Print(
      "// Derive from it, override what is served, and register the object.\n"
      "// What is not overridden answers UNIMPLEMENTED. Functions are called\n"
      "// by several threads at once.\n"
      "class Service : public ::am::Service {\n"
      " public:\n");
  printer.Indent();
  printer.Print("::std::vector<::am::HandlerBinding> Bindings() override;\n");
  PrintFunctions(service,
                 "virtual $Result$ $Function$(\n"
                 "    ::am::Context& context, const $Request$& request);\n",
                 printer);
  printer.Outdent();
  printer.Print("};\n\n");
}

void PrintCoService(const ServiceContract& service, Printer& printer) {
  printer.Print(
      "// The same with coroutines. `context` and `request` live until the\n"
      "// task ends.\n"
      "class CoService : public ::am::Service {\n"
      " public:\n");
  printer.Indent();
  printer.Print("::std::vector<::am::HandlerBinding> Bindings() override;\n");
  PrintFunctions(service,
                 "virtual $CoResult$ $Function$(\n"
                 "    ::am::Context& context, const $Request$& request);\n",
                 printer);
  printer.Outdent();
  printer.Print("};\n\n");
}

void PrintClient(const ServiceContract& service, Printer& printer) {
  printer.Print(
      "// Sends to the service at `target`. What has no result says whether "
      "it\n"
      "// was queued. Copies freely; any thread, at any time; must not "
      "outlive\n"
      "// the manager behind `client`.\n"
      "class Client {\n"
      " public:\n");
  printer.Indent();
  printer.Print("Client(const ::am::Client& client, ::am::Target target);\n");
  PrintFunctions(service,
                 "$deprecated$$Future$ $Function$(\n"
                 "    const $Request$& request,\n"
                 "    const ::am::CallOptions& options = {}) const;\n",
                 printer);
  printer.Outdent();
  printer.Print(
      "\n"
      " private:\n"
      "  ::am::Client client_;\n"
      "  ::am::Target target_;\n"
      "};\n\n");
}

void PrintStruct(const ServiceContract& service, Printer& printer) {
  printer.Print("\n");
  PrintComment(service.comment, printer);
  printer.Print(VariablesOf(service), "struct $Struct$ {\n");
  printer.Indent();
  PrintTokens(service, printer);
  PrintService(service, printer);
  PrintCoService(service, printer);
  PrintClient(service, printer);
  printer.Outdent();
  printer.Print(
      "  // A Service of gmock's, for tests; defined in the .am.mock.h.\n"
      "  class MockService;\n"
      "};\n");
}

void PrintIncludes(const FileContract& file, Printer& printer) {
  if (!file.services.empty()) {
    printer.Print(
        "#include <vector>\n"
        "\n"
        "#include \"absl/status/status.h\"\n"
        "#include \"absl/status/statusor.h\"\n"
        "#include \"absl/time/time.h\"\n"
        "#include \"am/call_options.h\"\n"
        "#include \"am/client.h\"\n"
        "#include \"am/context.h\"\n"
        "#include \"am/future.h\"\n"
        "#include \"am/handler.h\"\n"
        "#include \"am/handler_id.h\"\n"
        "#include \"am/method.h\"\n"
        "#include \"am/service.h\"\n"
        "#include \"am/target.h\"\n"
        "#include \"am/task.h\"\n");
  }
  printer.Print(VariablesOf(file), "#include \"$path$.pb.h\"\n");
}

}  // namespace

std::string HeaderFile(const FileContract& file) {
  return Print([&](Printer& printer) {
    printer.Print(VariablesOf(file),
                  "// Generated by protoc-gen-am from $proto$. Do not edit.\n"
                  "#pragma once\n\n");
    PrintIncludes(file, printer);
    if (file.services.empty()) return;
    OpenNamespace(file, printer);
    for (const ServiceContract& service : file.services) {
      PrintStruct(service, printer);
    }
    CloseNamespace(file, printer);
  });
}

}  // namespace am::codegen
