// GeneratedFiles: the text of what is generated for one .proto.
//
// Pure functions of its contract. A .proto without services has all three
// files, so that a build rule need not look inside.
#pragma once

#include <string>

#include "tools/protoc_gen_am/contract.h"

namespace am::codegen {

// <file>.am.h: tokens, the classes to derive from, and the client.
std::string HeaderFile(const FileContract& file);

// <file>.am.cc: their functions.
std::string SourceFile(const FileContract& file);

// <file>.am.mock.h: the service as a mock, for tests.
std::string MockFile(const FileContract& file);

}  // namespace am::codegen
