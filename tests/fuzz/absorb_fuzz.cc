// A phone and whatever calls itself its server: any answer, absorbed, and the phone's own changes
// shown on top of what came.
#include <string>
#include <vector>

#include "sync/absorb.h"
#include "sync/view.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/scripts.pb.h"
#include "tests/fuzz/short_ids.h"
#include "tests/support/builders.h"

namespace {

using namespace sotay;
using fuzz::Require;

std::vector<sync::OwnChange> OwnOf(const fuzz::AbsorbScript& script) {
  std::vector<sync::OwnChange> own;
  for (const fuzz::OwnChange& one : script.own()) {
    stored::v1::OwnChange row;
    row.set_change(one.change().SerializeAsString());
    row.set_change_id(one.change_id());
    *row.mutable_contexts() = one.contexts();
    *row.mutable_outcome() = one.outcome();
    auto read = sync::ReadOwnChange(row, "nguyet", script.authority());
    if (read.ok()) {
      own.push_back(*std::move(read));
    } else {
      Require(read.status().code() == absl::StatusCode::kDataLoss,
              "a stored change that cannot be read is lost data");
    }
  }
  return own;
}

void CheckAbsorbed(const sync::AbsorbInput& input, const sync::Absorbed& absorbed) {
  const stored::v1::Progress& progress = absorbed.progress;
  Require(progress.last_sequence() == input.progress.last_sequence() &&
              progress.head() == input.progress.head(),
          "an answer does not move what the phone wrote");
  Require(progress.accepted_through() <= progress.last_sequence(),
          "no more is accepted than was written");
  Require(progress.stamp() >= input.progress.stamp(), "stamps never go back");
  Require(progress.revision_seen() >= input.progress.revision_seen(), "nor do revisions");
  for (const auto& [sequence, outcome] : absorbed.outcomes) {
    Require(sequence > 0 && sequence <= progress.last_sequence(),
            "only what was written has an outcome");
  }
  sync::AbsorbInput again = input;
  again.progress = progress;
  const auto twice = sync::Absorb(again);
  fuzz::RequireOk(twice.status(), "an answer can be absorbed twice");
  Require(twice->progress.SerializeAsString() == progress.SerializeAsString() &&
              twice->bases == absorbed.bases,
          "and twice is once");
}

void CheckShown(const sync::Schema& schema, const sync::MergedRecord& base,
                const std::vector<const sync::OwnChange*>& own) {
  const auto laid = sync::Show(base, own, {});
  if (absl::IsFailedPrecondition(laid.status())) return;  // its texts ask for the history
  fuzz::RequireOk(laid.status(), "a record that is there is shown");
  const auto& shown = *laid;
  Require(shown.has_value(), "a record that is there is shown");
  Require(shown->seen().Covers(base.seen()), "what the server has stays shown");
  sync::Content(schema, *shown);
  sync::Conflicts(*shown);
  if (sync::Pending(base, own).empty()) {
    Require(shown->Serialize() == base.Serialize(), "with nothing pending the server's is shown");
  }
}

}  // namespace

SOTAY_FUZZ_MESSAGE(fuzz::AbsorbScript, given) {
  fuzz::AbsorbScript script = given;
  fuzz::WidenShortIds(&script);
  const std::shared_ptr<const sync::Schema> schema = tests::CaseworkSchema();
  sync::AbsorbInput input;
  input.schema = schema.get();
  input.progress = script.progress();
  input.response = script.response();
  input.device_now_ms = script.device_now_ms();
  for (const v1::Record& record : script.records()) {
    input.records.emplace_back().set_record(record.SerializeAsString());
  }
  for (const std::string& bytes : script.raw_records()) {
    input.records.emplace_back().set_record(bytes);
  }
  const std::vector<sync::OwnChange> kept = OwnOf(script);
  std::vector<const sync::OwnChange*> own;
  for (const sync::OwnChange& one : kept) own.push_back(&one);

  const auto absorbed = sync::Absorb(input);
  if (!absorbed.ok()) {
    Require(absorbed.status().code() == absl::StatusCode::kInvalidArgument,
            "an answer that contradicts itself is an invalid argument");
    return;
  }
  CheckAbsorbed(input, *absorbed);
  for (const auto& [id, bytes] : absorbed->bases) {
    const auto base = sync::MergedRecord::Parse(*schema, bytes);
    fuzz::RequireOk(base.status(), "what was absorbed can be read");
    CheckShown(*schema, *base, own);
  }
}
