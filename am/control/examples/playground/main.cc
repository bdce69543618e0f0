// A small fleet to try things on: tools/dev playground.
//
// It prints a line of JSON with the addresses, then what to try, and runs until
// SIGINT or SIGTERM, whichever of its processes is killed meanwhile. Exit code
// 0: ended that way; 1: it could not start, or nobody is left; others: wrong
// arguments.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "am/control/examples/playground/member.h"
#include "am/control/examples/playground/play.h"

namespace {

// Another program of this build, which lies beside am/.
std::string Tool(const std::string& name) {
  std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe");
  for (int i = 0; i < 5; ++i) path = path.parent_path();
  return (path / "tools" / name / name).string();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A small fleet, to try things on.", "playground");
  std::string registry_program = Tool("am_registry");
  app.add_option("--registry_program", registry_program,
                 "the am_registry to run")
      ->capture_default_str();
  std::string role, name, registry;
  CLI::App* const serve = app.add_subcommand("serve")->group("");
  serve->add_option("role", role)->required();
  serve->add_option("name", name)->required();
  serve->add_option("registry", registry)->required();
  CLI11_PARSE(app, argc, argv);
  if (!serve->parsed()) {
    return am::playground::Play(registry_program, Tool("amctl"));
  }
  role == "lead" ? am::playground::Lead(name, registry)
                 : am::playground::Work(name, registry);
  return 0;
}
