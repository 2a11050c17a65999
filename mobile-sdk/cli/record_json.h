// Records, conflicts and changes as JSON, for scripts: the keys are part of the commands'
// interface and stay.  Ids are hexadecimal, times milliseconds since 1970, content is protobuf
// JSON with the field names of the .proto.  Pure; any thread.
#pragma once

#include <vector>

#include "absl/types/optional.h"
#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sotay/notebook.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sync/blame.h"
#include "sync/merged_record.h"
#include "sync/view.h"

namespace sotay::cli {

// "synced", "waiting", "sent", "refused".
const char* SyncStateName(sdk::SyncState state);

// {user, name, device, sequence, taken_in, at_ms, claimed_ms, change}.
nlohmann::json AuthorJson(const Reader& reader, const sync::Author& author);

// {id, type, unit, dossier, created{…}, changed_ms, content{…}, requests[…], overtaken[…],
// conflicts[…]} (steps.h); content is null for a type no schema knows.
nlohmann::json RecordJson(const Reader& reader, const sync::MergedRecord& record,
                          const std::vector<sync::Conflict>& conflicts);

// {id, record, field, key, rule, readings[{pick, shown, value, user, name, device, sequence,
// at_ms, claimed_ms, change}]}; `pick` is what `sotay resolve --pick` takes.
nlohmann::json ConflictJson(const Reader& reader, const sync::MergedRecord& record,
                            const sync::Conflict& conflict);

// {id, type, unit, dossier, title, state, requested[…], conflicts, changed_ms, sync}.
nlohmann::json LineJson(const sdk::RecordLine& line);

// {change, device, sequence, user, name, unit, dossier, claimed_ms, reason, admission{…}|null,
// edits[{record, type, creates, ops[{field, key, op, value}]}]}.
nlohmann::json ChangeJson(const Reader& reader, const v1::Change& change,
                          const std::string& change_id, const std::string& user_id,
                          const v1::Admission* admission);

// {by, decided_ms, reason, refused_for}: that a refused change was taken in.
nlohmann::json TakenInJson(const v1::TakenIn& taken_in);

// {sequence, verdict, reason, message}.
nlohmann::json OutcomeJson(const v1::ChangeOutcome& outcome);

// Hexadecimal of raw bytes.
std::string Hex(absl::string_view bytes);

// [{position, length, text, conflict, author}]: who typed what, from the beginning to the end.
nlohmann::json BlameJson(const Reader& reader, const std::vector<sync::BlameRun>& runs);

}  // namespace sotay::cli
