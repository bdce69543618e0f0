#include "tools/protoc_gen_am/generator.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/io/printer.h"
#include "google/protobuf/io/zero_copy_stream.h"
#include "tools/protoc_gen_am/contract.h"
#include "tools/protoc_gen_am/generated_files.h"

namespace am::codegen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::compiler::GeneratorContext;

void Write(const std::string& path, const std::string& text,
           GeneratorContext& context) {
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(
      context.Open(path));
  google::protobuf::io::Printer(stream.get(), '$').PrintRaw(text);
}

// protoc puts "--am_out: " before it; each problem begins a line of its own,
// as editors want it.
std::string ErrorOf(const Problems& problems) {
  return absl::StrCat("refused\n", absl::StrJoin(problems, "\n"));
}

}  // namespace

bool Generator::Generate(const FileDescriptor* file,
                         const std::string& parameter,
                         GeneratorContext* context, std::string* error) const {
  return GenerateAll({file}, parameter, context, error);
}

bool Generator::GenerateAll(const std::vector<const FileDescriptor*>& files,
                            const std::string& parameter,
                            GeneratorContext* context,
                            std::string* error) const {
  if (!parameter.empty()) {
    *error = absl::StrCat("it takes no parameters, but got: ", parameter);
    return false;
  }
  Problems problems;
  std::vector<FileContract> contracts;
  contracts.reserve(files.size());
  for (const FileDescriptor* file : files) {
    contracts.push_back(ReadContract(*file, problems));
  }
  FindTakenNames(files, problems);
  FindSharedIds(files, hash_, problems);
  if (!problems.empty()) {
    *error = ErrorOf(problems);
    return false;
  }
  for (const FileContract& file : contracts) {
    Write(file.path + ".am.h", HeaderFile(file), *context);
    Write(file.path + ".am.cc", SourceFile(file), *context);
    Write(file.path + ".am.mock.h", MockFile(file), *context);
  }
  return true;
}

}  // namespace am::codegen
