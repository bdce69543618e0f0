// Ranks: which ranks an operation is for.
//
//   Ranks::All()   Ranks::One(3)   Ranks::Range(0, 8)   Ranks::Of({0, 2, 5})
//
// Trivially destructible, as all that is passed within a co_await expression
// (see am/call_options.h): Of, which is a set in the order given, borrows its
// list, which is read before the operation that it is for returns.
#pragma once

#include <initializer_list>
#include <limits>
#include <set>
#include <vector>

#include "absl/types/span.h"

namespace am::cohort {

class Ranks final {
 public:
  static constexpr Ranks All() {
    return Ranks(0, std::numeric_limits<int>::max());
  }
  static constexpr Ranks One(int rank) { return Ranks(rank, rank + 1); }

  // [begin, end), as far as there are such ranks.
  static constexpr Ranks Range(int begin, int end) { return Ranks(begin, end); }

  static constexpr Ranks Of(absl::Span<const int> ranks) {
    Ranks of(0, 0);
    of.list_ = ranks;
    return of;
  }
  static constexpr Ranks Of(std::initializer_list<int> ranks) {
    return Of(absl::Span<const int>(ranks.begin(), ranks.size()));
  }

  // Of a cohort of `size` ranks, in order. What One and Of name is there in any
  // case, for the result to say that there is no such rank.
  std::vector<int> Resolve(int size) const {
    std::vector<int> ranks;
    std::set<int> seen;
    for (const int rank : list_) {
      if (seen.insert(rank).second) ranks.push_back(rank);
    }
    if (!list_.empty()) return ranks;
    if (end_ == begin_ + 1) return {begin_};
    for (int rank = begin_ < 0 ? 0 : begin_; rank < end_ && rank < size; ++rank)
      ranks.push_back(rank);
    return ranks;
  }

 private:
  constexpr Ranks(int begin, int end) : begin_(begin), end_(end) {}

  int begin_;
  int end_;
  absl::Span<const int> list_;
};

}  // namespace am::cohort
