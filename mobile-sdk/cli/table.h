// A table of aligned columns, for people.  Cells are shown by OneLine, so that content can be
// handed in as it is.  Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sotay::cli {

class Table {
 public:
  struct Column {
    std::string head;
    bool right = false;  // numbers
    size_t least = 0;    // to how few columns it may be cut on a narrow terminal; 0: never
    bool spare = false;  // left out where the terminal is narrower still, the first of them first
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell a column; missing ones are empty.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Head and rows, a line each, without spaces at their ends.  `columns_max` 0: as wide as it
  // needs to be; otherwise columns are left out and cut as they allow.
  std::string Print(size_t columns_max) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sotay::cli
