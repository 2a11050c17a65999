// A record's history as it travels and as a phone keeps it: the numbers and columns of
// sync/history_columns.h in one string, and what was typed in a brotli stream, as that is all that
// can be made smaller.  Any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/history_columns.h"

namespace sotay::seal {

// How names, bytes and typed text stand in the form.
enum class HistoryText : uint32_t {
  kPlain = 0,
  kBrotli = 1,
};

// `edits` fit a sync::HistoryPart.
v1::Packed PackHistory(const std::vector<sync::AdmittedEdit>& edits);
// Asked for brotli, the text stands plain all the same where that is not larger, or unpacks to more
// than UnpackHistory takes.
v1::Packed PackColumns(const sync::HistoryColumns& columns,
                       HistoryText text = HistoryText::kBrotli);

// Fails with kInvalidArgument, naming limit and actual, for another codec than plain, a version
// that is not known, a form that is too long or cut short or followed by more, as UnpackBrotli and
// as sync::ReadHistory.
absl::StatusOr<std::vector<sync::AdmittedEdit>> UnpackHistory(const v1::Packed& packed,
                                                              const sync::RecordId& record);

}  // namespace sotay::seal
