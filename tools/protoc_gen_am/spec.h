// Spec: the initialiser of a method's token, an am::MethodSpec.
#pragma once

#include "tools/protoc_gen_am/contract.h"
#include "tools/protoc_gen_am/template.h"

namespace am::codegen {

// Prints the fields that do not have their default, a line for each.
void PrintSpec(const MethodContract& method, Printer& printer);

// "kAck" and so on, of am::Pattern.
std::string PatternConstant(v1::HandlerOptions::Pattern pattern);

}  // namespace am::codegen
