// View: who is in a cohort, as of one epoch.
//
// A value that never changes once it is made; its next version has the next
// epoch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "am/peer_info.h"
#include "am/v1/cohort.pb.h"

namespace am::cohort {

using Labels = std::map<std::string, std::string>;

enum class MemberState : std::uint8_t {
  kAbsent,  // nobody has had the place yet
  kActive,
  kLost,
  kLeft,
};

// "worker-2 at tcp://10.0.0.7:5555"
std::string WhereIs(const PeerInfo& peer);

// "active"
const char* MemberStateName(MemberState state);

struct Member {
  int rank = 0;
  MemberState state = MemberState::kAbsent;
  PeerInfo peer = {};  // who has the place, or had it last
  Labels labels = {};
  std::uint64_t joined_epoch = 0;
  absl::Status why = absl::OkStatus();  // it is lost

  bool is_active() const { return state == MemberState::kActive; }
};

using Phase = v1::CohortState::Phase;

struct View {
  std::string name;
  std::uint64_t id = 0;  // of the leader's incarnation
  std::uint64_t epoch = 0;
  Phase phase = v1::CohortState::FORMING;
  bool ranked = false;          // workers bring their ranks
  std::vector<Member> members;  // by rank; all ranks, whether there or not
  absl::Status why;             // it fails or ends

  int size() const { return static_cast<int>(members.size()); }
  int active() const;
  std::vector<int> Missing() const;  // ranks that nobody has now

  // Null if there is no such rank, or none of its places is this instance's.
  const Member* Find(int rank) const;
  const Member* FindActive(InstanceId instance) const;

  // Whether it fails or ends, or has.
  bool is_over() const { return phase >= v1::CohortState::FAILED; }
  bool has_ended() const { return phase == v1::CohortState::ENDED; }
};

using ViewPtr = std::shared_ptr<const View>;

v1::CohortRef RefOf(const View& view);
v1::CohortState StateOf(const View& view);

}  // namespace am::cohort
