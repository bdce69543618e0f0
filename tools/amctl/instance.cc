#include "tools/amctl/instance.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "am/instance_id.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/near_names.h"

namespace am::amctl {
namespace {

// "HANDLER_PATTERN_NO_RETURN" becomes "no-return".
std::string Spoken(absl::string_view name, absl::string_view prefix) {
  if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", "-"}}));
}

bool Is(const v1::PeerInfo& peer, absl::string_view text) {
  return IdText(peer) == text || peer.name() == text;
}

bool BeginsWith(const v1::PeerInfo& peer, absl::string_view text) {
  return absl::StartsWith(IdText(peer), text) ||
         absl::StartsWith(peer.name(), text);
}

std::vector<std::string> Titles(const std::vector<v1::Instance>& instances) {
  std::vector<std::string> titles;
  for (const v1::Instance& instance : instances) {
    titles.push_back(Title(instance.peer()));
  }
  return titles;
}

std::vector<std::string> Names(const std::vector<v1::Instance>& instances) {
  std::vector<std::string> names;
  for (const v1::Instance& instance : instances) {
    names.push_back(NameOrId(instance.peer()));
  }
  return names;
}

}  // namespace

std::string IdText(const v1::PeerInfo& peer) {
  return InstanceId(peer.id()).ToString();
}

std::string Title(const v1::PeerInfo& peer) {
  if (peer.name().empty()) return IdText(peer);
  return absl::StrCat(peer.name(), " (", IdText(peer), ")");
}

std::string NameOrId(const v1::PeerInfo& peer) {
  return peer.name().empty() ? IdText(peer) : peer.name();
}

std::string StateText(v1::Instance::State state) {
  if (state == v1::Instance::STATE_UNSPECIFIED) return "serving";
  return Spoken(v1::Instance::State_Name(state), "");
}

std::string StateText(v1::HealthCheckResponse::Status status) {
  return Spoken(v1::HealthCheckResponse::Status_Name(status), "STATUS_");
}

std::string PatternText(v1::HandlerPattern pattern) {
  return Spoken(v1::HandlerPattern_Name(pattern), "HANDLER_PATTERN_");
}

Json ToJson(const v1::PeerInfo& peer) {
  Json addresses = Json::Array();
  for (const std::string& address : peer.addresses()) addresses.Add(address);
  return Json::Object()
      .Set("id", IdText(peer))
      .Set("name", peer.name())
      .Set("addresses", addresses);
}

absl::StatusOr<v1::Instance> Choose(
    absl::string_view text, const std::vector<v1::Instance>& instances) {
  std::vector<v1::Instance> found;
  for (auto* const matches : {&Is, &BeginsWith}) {
    if (!found.empty()) break;
    std::copy_if(instances.begin(), instances.end(), std::back_inserter(found),
                 [&](const v1::Instance& instance) {
                   return matches(instance.peer(), text);
                 });
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Fail(ExitCode::kNotFound,
                absl::StrCat("there is no instance \"", text, "\"",
                             DidYouMean(text, Names(instances))));
  }
  return Fail(ExitCode::kUsage,
              absl::StrCat("\"", text, "\" may be any of ",
                           absl::StrJoin(Titles(found), ", ")));
}

}  // namespace am::amctl
