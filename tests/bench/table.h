// The table of figures beside their limits: what `./dev bench` prints, for people or for
// scripts.  Rows stand in the order they were added.  One thread at a time.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace sotay::bench {

// What a figure is held to.
enum class Bound {
  kNone,  // told for information
  kAtLeast,
  kAtMost,
};

struct Row {
  std::string name;  // for scripts; never changed: "ingest.share"
  std::string what;  // for people
  double measured = 0;
  std::string unit;  // of both figures; empty for shares and ratios
  int decimals = 0;
  Bound bound = Bound::kNone;
  double limit = 0;

  // Whether the limit is kept; a figure without one always is.
  bool ok() const;
};

class Table {
 public:
  void Add(Row row);

  bool ok() const;
  // what | measured | limit | ok
  void Print(FILE* out) const;
  // An array of objects: name, what, measured, unit, bound ("at least", "at most" or null),
  // limit (or null), ok.
  void PrintJson(FILE* out) const;

 private:
  std::vector<Row> rows_;
};

// "12,345.67 ms".
std::string Figure(double value, int decimals, const std::string& unit);

// A line on stderr, so that whoever waits knows for what.
void Say(const std::string& text);

}  // namespace sotay::bench
