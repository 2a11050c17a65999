#include "mobile-sdk/cli/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kStretchedMin = 12;  // narrower says nothing

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = OneLine(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Print(size_t columns_max) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.head));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  size_t total = widths.empty() ? 0 : kGap * (widths.size() - 1);
  for (size_t width : widths) total += width;
  for (size_t i = columns_.size(); i-- > 0 && columns_max > 0 && total > columns_max;) {
    if (!columns_[i].stretch || widths[i] <= kStretchedMin) continue;
    const size_t cut = std::min(total - columns_max, widths[i] - kStretchedMin);
    widths[i] -= cut;
    total -= cut;
  }

  std::string out;
  const auto print = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line.append(kGap, ' ');
      const std::string cell = Fit(cells[i], widths[i]);
      line += columns_[i].right ? PadLeft(cell, widths[i]) : PadRight(cell, widths[i]);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    absl::StrAppend(&out, line, "\n");
  };
  std::vector<std::string> heads;
  for (const Column& column : columns_) heads.push_back(column.head);
  print(heads);
  for (const auto& row : rows_) print(row);
  return out;
}

}  // namespace sotay::cli
