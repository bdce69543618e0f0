#include "am/handler_id.h"
#include "google/protobuf/compiler/plugin.h"
#include "tools/protoc_gen_am/generator.h"

int main(int argc, char* argv[]) {
  const am::codegen::Generator generator(&am::HandlerId);
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
