// Records, lists, conflicts and changes in words, for people.  Everything returned is fit to
// show and ends in a line feed.  Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "mobile-sdk/cli/reader.h"
#include "sotay/notebook.h"
#include "sotay/v1/change.pb.h"
#include "sync/blame.h"
#include "sync/merged_record.h"
#include "sync/view.h"

namespace sotay::cli {

// "đã đồng bộ", "chờ gửi", …
std::string SyncStateInWords(const Voice& voice, sdk::SyncState state);

// Who and when: "Nguyễn Ưu Đàm, 05/11/2026 07:15", and what the device's clock said where that
// is another time.
std::string AuthorInWords(const Reader& reader, const sync::Author& author);

// The line a list shows of a merged record, as Notebook::List makes it.
sdk::RecordLine LineOf(const Reader& reader, const sync::MergedRecord& record);

// A table of records; `own` adds whether ours have arrived.
std::string LinesInWords(const Reader& reader, const std::vector<sdk::RecordLine>& lines, bool own);

// The whole record: whose, where, every field with its label, every conflict with every reading.
std::string RecordInWords(const Reader& reader, const sync::MergedRecord& record,
                          const std::vector<sync::Conflict>& conflicts,
                          absl::optional<sdk::SyncState> state);

// One conflict: its id, its field, and every reading numbered from 1 with who and when.
std::string ConflictInWords(const Reader& reader, const sync::MergedRecord& record,
                            const sync::Conflict& conflict);

// A text in pieces, each with who typed it, when, and in which change.
std::string BlameInWords(const Reader& reader, const std::vector<sync::BlameRun>& runs);

// One change: who, when, its place in the unit's log, and what it did to `record` (to every
// record when absent).
std::string ChangeInWords(const Reader& reader, const v1::Change& change,
                          const std::string& user_id, const v1::Admission* admission,
                          const absl::optional<sync::RecordId>& record);

// `text` wrapped to the reader's screen, every line behind `indent` spaces.
std::string Indented(const Reader& reader, absl::string_view text, size_t indent);

}  // namespace sotay::cli
