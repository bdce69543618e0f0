#include "am/control/examples/playground/invitation.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tools/amctl/json.h"

namespace am::playground {
namespace {

constexpr char kInvitation[] = R"text(
A registry, and a cohort of a leader and two workers, which all serve, until
Ctrl-C. In another shell:

  grpcurl -plaintext {control} list
  grpcurl -plaintext {control} describe examples.Greeter
  grpcurl -plaintext -d '{"name": "World"}' {control} examples.Greeter/Hello
  grpcurl -plaintext -d '"aGV5"' {control} am.v1.Handlers/shout
  grpcurl -plaintext {registry} am.v1.Registry/List

  export AM_REGISTRY={registry}
  alias amctl={amctl}; eval "$(amctl completion bash)"
  amctl instances
  amctl call examples.Greeter/Hello '{"name": "World"}'
  amctl call shout '"aGV5"' --plane zmq
  amctl ping worker-1 --plane zmq
  amctl cohort
  amctl ledger
  amctl watch -n 3
  amctl call nap '"3s"' --instance worker-2 & amctl drain worker-2
  kill -9 {pid}; amctl cohort leader
  amctl --help
)text";

}  // namespace

std::string Addresses(const Playground& playground) {
  amctl::Json nodes = amctl::Json::Array();
  for (const MemberInfo& member : playground.members()) {
    nodes.Add(amctl::Json::Object()
                  .Set("id", member.id)
                  .Set("name", member.name)
                  .Set("pid", member.pid)
                  .Set("control", member.control)
                  .Set("data", member.data));
  }
  return amctl::Json::Object()
      .Set("registry", playground.registry())
      .Set("nodes", nodes)
      .ToString();
}

std::string Invitation(const Playground& playground, const std::string& amctl) {
  return absl::StrReplaceAll(
      kInvitation, {{"{control}", playground.members().front().control},
                    {"{registry}", playground.registry()},
                    {"{pid}", absl::StrCat(playground.members()[1].pid)},
                    {"{amctl}", amctl}});
}

}  // namespace am::playground
