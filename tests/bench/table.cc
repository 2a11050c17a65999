#include "tests/bench/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sotay::bench {
namespace {

// Code points, since that is how wide our words are on a terminal.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char letter) {
    return (static_cast<unsigned char>(letter) & 0xc0) != 0x80;
  }));
}

std::string Limit(const Row& row) {
  if (row.bound == Bound::kNone) return "";
  return absl::StrCat(row.bound == Bound::kAtLeast ? "≥ " : "≤ ",
                      Figure(row.limit, row.decimals, row.unit));
}

}  // namespace

bool Row::ok() const {
  if (std::isnan(measured)) return false;
  switch (bound) {
    case Bound::kAtLeast:
      return measured >= limit;
    case Bound::kAtMost:
      return measured <= limit;
    case Bound::kNone:
      break;
  }
  return true;
}

std::string Figure(double value, int decimals, const std::string& unit) {
  const std::string plain = absl::StrFormat("%.*f", decimals, value);
  const size_t point = std::min(plain.find('.'), plain.size());
  std::string grouped;
  for (size_t i = 0; i < plain.size(); ++i) {
    const bool digits_before = i > 0 && plain[i - 1] != '-';
    if (i < point && digits_before && (point - i) % 3 == 0) grouped += ',';
    grouped += plain[i];
  }
  return unit.empty() ? grouped : absl::StrCat(grouped, " ", unit);
}

void Table::Add(Row row) {
  Say(absl::StrCat(row.name, ": ", Figure(row.measured, row.decimals, row.unit),
                   row.ok() ? "" : "  MISSED"));
  rows_.push_back(std::move(row));
}

bool Table::ok() const {
  return std::all_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.ok(); });
}

void Table::Print(FILE* out) const {
  std::vector<std::array<std::string, 4>> lines = {{"what", "measured", "limit", "ok"}};
  for (const Row& row : rows_) {
    const char* const ok = row.bound == Bound::kNone ? "" : row.ok() ? "ok" : "MISSED";
    lines.push_back({row.what, Figure(row.measured, row.decimals, row.unit), Limit(row), ok});
  }
  std::array<size_t, 4> widths = {};
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto pad = [&](size_t column) {
      return std::string(widths[column] - Width(lines[i][column]), ' ');
    };
    // Words to the left, figures to the right.
    absl::FPrintF(out, "%s%s | %s%s | %s%s | %s\n", lines[i][0], pad(0), pad(1), lines[i][1],
                  pad(2), lines[i][2], lines[i][3]);
    if (i == 0) {
      absl::FPrintF(out, "%s-|-%s-|-%s-|-%s\n", std::string(widths[0], '-'),
                    std::string(widths[1], '-'), std::string(widths[2], '-'),
                    std::string(widths[3], '-'));
    }
  }
}

void Table::PrintJson(FILE* out) const {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Row& row : rows_) {
    nlohmann::ordered_json one;
    one["name"] = row.name;
    one["what"] = row.what;
    one["measured"] = row.measured;
    one["unit"] = row.unit;
    one["bound"] = nullptr;
    one["limit"] = nullptr;
    if (row.bound != Bound::kNone) {
      one["bound"] = row.bound == Bound::kAtLeast ? "at least" : "at most";
      one["limit"] = row.limit;
    }
    one["ok"] = row.ok();
    all.push_back(std::move(one));
  }
  absl::FPrintF(out, "%s\n", all.dump(2));
}

void Say(const std::string& text) { absl::FPrintF(stderr, "%s\n", text); }

}  // namespace sotay::bench
