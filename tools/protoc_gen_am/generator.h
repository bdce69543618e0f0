// Generator: protoc's plugin interface on top of the contract and the files.
//
// A pure function from descriptors to text. Either every file is generated or,
// if anything is to be refused, none, and the error lists all problems, a line
// for each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "google/protobuf/compiler/code_generator.h"
#include "tools/protoc_gen_am/conflicts.h"

namespace am::codegen {

class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  explicit Generator(IdHash hash) : hash_(hash) {}

  bool Generate(const google::protobuf::FileDescriptor* file,
                const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;

  bool GenerateAll(
      const std::vector<const google::protobuf::FileDescriptor*>& files,
      const std::string& parameter,
      google::protobuf::compiler::GeneratorContext* context,
      std::string* error) const override;

  std::uint64_t GetSupportedFeatures() const override {
    return FEATURE_PROTO3_OPTIONAL;
  }

 private:
  const IdHash hash_;
};

}  // namespace am::codegen
