#include "mobile-sdk/cli/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {
namespace {

constexpr size_t kGap = 2;

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
  std::vector<bool> shown(columns_.size(), true);
  const auto total = [&](bool cut) {
    size_t sum = 0;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!shown[i]) continue;
      const size_t least = columns_[i].least == 0 ? widths[i] : columns_[i].least;
      sum += (sum == 0 ? 0 : kGap) + (cut ? std::min(widths[i], least) : widths[i]);
    }
    return sum;
  };
  for (size_t i = 0; i < columns_.size() && columns_max > 0 && total(true) > columns_max; ++i) {
    if (columns_[i].spare) shown[i] = false;
  }
  for (size_t i = columns_.size(); i-- > 0 && columns_max > 0 && total(false) > columns_max;) {
    if (!shown[i] || columns_[i].least == 0 || widths[i] <= columns_[i].least) continue;
    widths[i] -= std::min(total(false) - columns_max, widths[i] - columns_[i].least);
  }

  std::string out;
  const auto print = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!shown[i]) continue;
      if (!line.empty()) line.append(kGap, ' ');
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
