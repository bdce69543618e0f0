// Table: rows under headings, for people.
#pragma once

#include <string>
#include <vector>

namespace am::amctl {

class Table {
 public:
  explicit Table(std::vector<std::string> headings)
      : rows_{std::move(headings)} {}

  // REQUIRES: as many cells as there are headings.
  void Add(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
  }

  // Columns as wide as what they hold; an empty cell shows as "-".
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace am::amctl
