// Makes pasts at random: two to five devices write a record, each on what it happens to have seen,
// so that branches, joins and redundant parents all come up.  Everything follows from the chance it
// is given.  Any thread.
#pragma once

#include <vector>

#include "tests/laws/chance.h"
#include "tests/laws/paper.h"
#include "tests/laws/past.h"

namespace sotay::laws {

struct PastWishes {
  size_t edits_max = 8;
  size_t devices_min = 2;  // each writes at least once, so there may be more edits than edits_max
  size_t devices_max = 5;
  size_t ops_max = 3;
  unsigned refused_percent = 0;      // of edits after the first are refused
  unsigned same_stamp_percent = 40;  // of stamps are the smallest lawful ones, so that many tie
  unsigned unknown_percent = 15;     // of edits were made nobody knows when
  std::vector<uint32_t> fields;      // written; empty: every field of Paper and foreign ones
  Build build = kNewest;             // whose rules the text edits are made by
};

Past MakePast(const PastWishes& wishes, Chance* chance);

// One random operation on `field` by somebody who reads `text` there.
v1::FieldOp MakeOp(uint32_t field, const std::string& text, Chance* chance);

// Like the past, but with other effective stamps: any that follow what each author had seen.
// Text edits are left out, since another reading may be shown where they were made.
Past WithOtherStamps(const Past& past, Chance* chance);

}  // namespace sotay::laws
