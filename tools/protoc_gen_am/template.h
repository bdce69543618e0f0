// Template: text with $names$ in it, and what the names stand for.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "google/protobuf/io/printer.h"
#include "tools/protoc_gen_am/contract.h"

namespace am::codegen {

using Variables = std::map<std::string, std::string>;
using Printer = google::protobuf::io::Printer;

// $proto$, $path$, $namespace$
Variables VariablesOf(const FileContract& file);

// $Struct$
Variables VariablesOf(const ServiceContract& service);

// Those of the service, and of the method its function's name ($Function$),
// $token$ and $name$, its $Request$ and what the function of each class
// returns: $Result$ of Service, $CoResult$ of CoService, $Future$ of Client.
Variables VariablesOf(const ServiceContract& service,
                      const MethodContract& method);

// What `write` prints.
std::string Print(const std::function<void(Printer&)>& write);

// Opens and closes the package's namespace, if it has one.
void OpenNamespace(const FileContract& file, Printer& printer);
void CloseNamespace(const FileContract& file, Printer& printer);

}  // namespace am::codegen
