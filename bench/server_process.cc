#include "bench/server_process.h"

#include <cstddef>
#include <cstdio>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "am/examples/termination.h"

namespace am::bench {
namespace {

constexpr char kServe[] = "serve";
constexpr absl::Duration kStartTimeout = absl::Seconds(10);

int Complain(absl::string_view what) {
  std::fprintf(stderr, "server: %s\n", std::string(what).c_str());
  return 1;
}

int Serve(Contestant& contestant, const Setting& setting) {
  const examples::Termination termination;
  absl::StatusOr<std::unique_ptr<Server>> server = contestant.Serve(setting);
  if (!server.ok()) return Complain(server.status().ToString());
  std::printf("%s\n", (*server)->address().c_str());
  std::fflush(stdout);
  termination.Await();
  return 0;
}

}  // namespace

absl::StatusOr<RunningServer> StartServer(const Contestant& contestant,
                                          const Setting& setting) {
  absl::StatusOr<examples::ChildProcess> process =
      examples::ChildProcess::Start(
          {"/proc/self/exe", kServe, std::string(contestant.name()),
           setting.scheme, absl::StrCat(setting.payload_bytes),
           absl::StrCat(setting.in_flight)});
  if (!process.ok()) return process.status();
  absl::StatusOr<std::string> address = process->ReadLine(kStartTimeout);
  if (!address.ok()) return address.status();
  return RunningServer{*std::move(process), *std::move(address)};
}

std::optional<int> ServeIfAsked(int argc, char** argv,
                                const Contestants& contestants) {
  if (argc != 6 || argv[1] != absl::string_view(kServe)) return std::nullopt;
  Setting setting = {.scheme = argv[3]};
  if (!absl::SimpleAtoi(argv[4], &setting.payload_bytes) ||
      !absl::SimpleAtoi(argv[5], &setting.in_flight)) {
    return Complain("the setting has something that is not a number");
  }
  for (const std::unique_ptr<Contestant>& contestant : contestants) {
    if (contestant->name() == argv[2]) return Serve(*contestant, setting);
  }
  return Complain("no such contestant");
}

}  // namespace am::bench
