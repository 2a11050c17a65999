// Stored and received records: bytes a damaged disk or a hostile server may hand over, and edits
// laid on what was read from them.
#include <string>

#include "sotay/v1/change.pb.h"
#include "sotay/v1/record.pb.h"
#include "sync/history.h"
#include "sync/merged_record.h"
#include "sync/validate.h"
#include "sync/view.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/scripts.pb.h"
#include "tests/fuzz/short_ids.h"
#include "tests/support/builders.h"

namespace {

using namespace sotay;
using fuzz::Require;

const std::set<sync::Role> kEverybody = {options::v1::ROLE_PROSECUTOR,
                                         options::v1::ROLE_SUPERVISOR};

void Look(const sync::Schema& schema, const sync::MergedRecord& record) {
  sync::Content(schema, record);
  Require(sync::Conflicts(record).size() == sync::ConflictCount(record),
          "conflicts are counted as they are listed");
  record.newest_stamp();
  record.bytes();
  for (const auto& [path, slot] : record.fields()) {
    record.ShownText(path.first);
    record.StateInForce(path.first);
  }
}

void CheckReadsBack(const sync::Schema& schema, const sync::MergedRecord& record) {
  const std::string bytes = record.Serialize();
  const auto back = sync::MergedRecord::Parse(schema, bytes);
  fuzz::RequireOk(back.status(), "a record that was read can be stored and read");
  Require(back->Serialize() == bytes, "stored once more it is the same, bit for bit");
  Require(sync::VisibleBytes(*back) == sync::VisibleBytes(record), "and shows the same");
  Require(back->heads() == record.heads() && back->seen() == record.seen(),
          "and has the same history");
}

void Lay(const sync::Schema& schema, const fuzz::MergeStep& step, sync::MergedRecord* record) {
  if (sync::CheckEdit(schema, step.edit(), *record, kEverybody).has_value()) return;
  const auto texts = sync::TextsAfter(step.edit(), *record);
  if (!texts.ok()) return;
  sync::Author author;
  author.change = tests::PlainHash(step.SerializeAsString());
  author.device = sync::DeviceId::From(step.author().device_id()).value_or(sync::DeviceId());
  author.sequence = step.author().sequence();
  author.stamp = step.author().stamp();
  author.user_id = step.author().user_id();
  author.authority = step.author().authority();
  const bool known = record->seen().Has(author.device, author.sequence);
  const std::string before = record->Serialize();
  record->Apply(step.edit(), author, sync::VersionVector::FromProto(step.seen()), *texts);
  Require(record->seen().Has(author.device, author.sequence), "an edit that was laid on is seen");
  if (known) Require(record->Serialize() == before, "an edit that is in changes nothing");
  const std::string once = record->Serialize();
  record->Apply(step.edit(), author, sync::VersionVector::FromProto(step.seen()), *texts);
  Require(record->Serialize() == once, "twice is once");
}

}  // namespace

SOTAY_FUZZ_MESSAGE(fuzz::MergeScript, given) {
  const std::shared_ptr<const sync::Schema> schema = tests::CaseworkSchema();
  fuzz::MergeScript script = given;
  fuzz::WidenShortIds(&script);
  if (const auto raw = sync::MergedRecord::Parse(*schema, script.raw()); raw.ok()) {
    Look(*schema, *raw);
    CheckReadsBack(*schema, *raw);
  }
  auto record = sync::MergedRecord::FromProto(*schema, script.record());
  if (!record.ok()) {
    Require(record.status().code() == absl::StatusCode::kDataLoss,
            "a malformed record is lost data");
    return;
  }
  CheckReadsBack(*schema, *record);
  for (const fuzz::MergeStep& step : script.steps()) {
    Look(*schema, *record);
    Lay(*schema, step, &*record);
    CheckReadsBack(*schema, *record);
  }
}
