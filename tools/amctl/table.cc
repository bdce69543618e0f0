#include "tools/amctl/table.h"

#include <algorithm>
#include <cstddef>

namespace am::amctl {

std::string Table::ToString() const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 1);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns; ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns; ++i) {
      std::string cell = row[i].empty() ? "-" : row[i];
      if (i + 1 < columns) cell.resize(widths[i] + 2, ' ');
      text += cell;
    }
    text += '\n';
  }
  return text;
}

}  // namespace am::amctl
