#include "am/cohort/view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace am::cohort {

std::string WhereIs(const PeerInfo& peer) {
  return absl::StrCat(
      peer.name.empty() ? peer.id.ToString() : peer.name, " at ",
      peer.addresses.empty() ? "?" : peer.addresses.front().ToString());
}

const char* MemberStateName(MemberState state) {
  switch (state) {
    case MemberState::kAbsent:
      return "absent";
    case MemberState::kActive:
      return "active";
    case MemberState::kLost:
      return "lost";
    case MemberState::kLeft:
      return "left";
  }
  return "unknown";
}

int View::active() const {
  return static_cast<int>(
      std::count_if(members.begin(), members.end(),
                    [](const Member& member) { return member.is_active(); }));
}

std::vector<int> View::Missing() const {
  std::vector<int> missing;
  for (const Member& member : members) {
    if (!member.is_active()) missing.push_back(member.rank);
  }
  return missing;
}

const Member* View::Find(int rank) const {
  if (rank < 0 || rank >= size()) return nullptr;
  return &members[static_cast<std::size_t>(rank)];
}

const Member* View::FindActive(InstanceId instance) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& member) {
        return member.is_active() && member.peer.id == instance;
      });
  return found == members.end() ? nullptr : &*found;
}

v1::CohortRef RefOf(const View& view) {
  v1::CohortRef ref;
  ref.set_name(view.name);
  ref.set_id(view.id);
  ref.set_epoch(view.epoch);
  return ref;
}

v1::CohortState StateOf(const View& view) {
  v1::CohortState state;
  *state.mutable_cohort() = RefOf(view);
  state.set_phase(view.phase);
  state.set_size(view.size());
  if (!view.why.ok()) state.set_why(view.why.ToString());
  return state;
}

}  // namespace am::cohort
