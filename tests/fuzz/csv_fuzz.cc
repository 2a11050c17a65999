// Tables of other people's making: `sotay import` reads whatever a spreadsheet saved.
#include <cstdint>
#include <string>

#include "mobile-sdk/cli/csv.h"
#include "sync/text.h"
#include "tests/fuzz/require.h"

namespace {

using sotay::cli::CsvTable;
using sotay::fuzz::Require;

void Write(const std::vector<std::string>& cells, std::string* text) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) text->push_back(',');
    text->push_back('"');
    for (char c : cells[i]) text->append(c == '"' ? 2 : 1, c);
    text->push_back('"');
  }
  text->append("\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto table = CsvTable::Parse(absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!table.ok()) {
    Require(table.status().code() == absl::StatusCode::kInvalidArgument,
            "a table that cannot be read is an invalid argument");
    return 0;
  }
  std::string again;
  Write(table->header(), &again);
  size_t line = 1;
  for (const sotay::cli::CsvRow& row : table->rows()) {
    Require(row.cells.size() == table->header().size(), "every row is as long as the header");
    Require(row.line > line, "rows stand on lines of their own, in order");
    line = row.line;
    for (const std::string& cell : row.cells) {
      Require(sotay::sync::Utf8Prefix(cell) == cell.size(), "cells are UTF-8");
    }
    Write(row.cells, &again);
  }
  const auto reread = CsvTable::Parse(again);
  sotay::fuzz::RequireOk(reread.status(), "a table written in quotes reads back");
  Require(reread->header() == table->header() && reread->rows().size() == table->rows().size(),
          "a table written in quotes keeps its shape");
  for (size_t i = 0; i < reread->rows().size(); ++i) {
    Require(reread->rows()[i].cells == table->rows()[i].cells,
            "a table written in quotes keeps its cells");
  }
  return 0;
}
