#include "absl/strings/str_cat.h"
#include "tests/fault/cases.h"
#include "tests/fault/figures.h"
#include "tests/fault/scene.h"

namespace am::fault {

Row Steady(const Scheme& scheme, std::uint64_t messages) {
  Scene scene(absl::StrCat("steady_", scheme));
  ServerProcess server = scene.StartServer({.instance = scene.At(scheme)});
  CallerProcess caller = scene.StartCaller({.instance = scene.At(scheme),
                                            .servers = {server.address},
                                            .messages = messages});
  scene.Await(caller);
  scene.Finish(server);
  Row row = scene.Judge();
  row.AddCount("unexplained", row.messages - row.delivered, 0);
  row.figures.push_back({"rate", Rate(scene.sent())});
  return row;
}

}  // namespace am::fault
