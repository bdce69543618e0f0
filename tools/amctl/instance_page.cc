#include "tools/amctl/instance_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/maps.h"
#include "tools/amctl/table.h"

namespace am::amctl {

std::string InstancePage(const v1::Instance& record,
                         const v1::DescribeResponse& description) {
  std::string text = absl::StrCat(Title(description.self()), " is ",
                                  StateText(description.status()), "\n");
  const auto line = [&text](absl::string_view what, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, "  ", what, value, "\n");
  };
  line("addresses  ", absl::StrJoin(description.self().addresses(), " "));
  line("control    ", record.control_address());
  line("labels     ", LabelsText(record.labels()));
  line("calls      ", absl::StrCat(description.calls_pending(), " pending"));
  line("handlers   ", absl::StrCat(description.handlers_active(), " active, ",
                                   description.handlers_queued(), " queued"));
  line("counters   ", CountsText(description.counters()));
  line("refused    ", CountsText(description.refused()));
  if (description.peers().empty()) return text;
  Table peers({"PEER", "ID", "STATE", "ADDRESS", "DETOUR"});
  for (const v1::PeerDescription& peer : description.peers()) {
    peers.Add({peer.peer().name(), IdText(peer.peer()), peer.state(),
               peer.address(), peer.detour()});
  }
  return absl::StrCat(text, "\n", peers.ToString());
}

Json InstanceJson(const v1::Instance& record,
                  const v1::DescribeResponse& description) {
  Json peers = Json::Array();
  for (const v1::PeerDescription& peer : description.peers()) {
    peers.Add(ToJson(peer.peer())
                  .Set("state", peer.state())
                  .Set("address", peer.address())
                  .Set("detour", peer.detour()));
  }
  return ToJson(description.self())
      .Set("state", StateText(description.status()))
      .Set("control", record.control_address())
      .Set("labels", MapJson(record.labels()))
      .Set("calls_pending", description.calls_pending())
      .Set("handlers_active", description.handlers_active())
      .Set("handlers_queued", description.handlers_queued())
      .Set("counters", MapJson(description.counters()))
      .Set("refused", MapJson(description.refused()))
      .Set("peers", peers);
}

}  // namespace am::amctl
