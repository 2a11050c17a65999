#include "sync/compose.h"

#include "absl/strings/str_cat.h"
#include "sync/assignments.h"
#include "sync/history.h"
#include "sync/limits.h"
#include "sync/saw.h"
#include "sync/secrecy.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_diff.h"

namespace sotay::sync {
namespace {

// The wish as an edit on `base`; `seen` is what its entries say they saw.
absl::StatusOr<v1::RecordEdit> EditFor(const RecordWish& wish, const MergedRecord& base,
                                       const VersionVector& seen) {
  v1::RecordEdit edit;
  edit.set_record_id(wish.id.str());
  edit.set_type(wish.type);
  for (const ChangeId& head : base.heads()) edit.add_parents(head.str());
  std::map<uint32_t, std::string> texts;  // what the wish has made of a field so far
  for (const FieldEdit& field : wish.fields) {
    v1::FieldOp op = field.op;
    const FieldType* const known =
        base.type() == nullptr ? nullptr : base.type()->Field(op.field());
    if (known != nullptr) SayWhatItSaw(*known, seen, &op);
    if (field.whole_text.has_value() || !field.splices.empty()) {
      const auto own = texts.find(op.field());
      const std::string before =
          own != texts.end() ? own->second : std::string(base.ShownText(op.field()));
      if (field.whole_text.has_value()) {
        *op.mutable_text() = DiffText(before, *field.whole_text);
      } else {
        op.mutable_text()->set_length_before(
            static_cast<uint32_t>(ScalarCount(before).value_or(0)));
        for (const v1::TextSplice& splice : field.splices)
          *op.mutable_text()->add_splices() = splice;
      }
      SOTAY_ASSIGN_OR_RETURN(texts[op.field()], ApplyTextEdit(before, op.text()));
    }
    *edit.add_ops() = std::move(op);
  }
  return edit;
}

const MergedRecord* RootOf(const ComposeInput& input) {
  const auto edited = input.shown.find(input.dossier);
  return edited != input.shown.end() ? &edited->second : input.root;
}

}  // namespace

absl::Status ToStatus(const Refusal& refusal) {
  switch (refusal.reason) {
    case v1::REASON_WRITER_MAY_NOT:
    case v1::REASON_NOT_MEMBER:
    case v1::REASON_SERVER_FIELD:
      return absl::PermissionDeniedError(refusal.message);
    case v1::REASON_TOO_LARGE:
      return absl::ResourceExhaustedError(refusal.message);
    case v1::REASON_ILLEGAL_TRANSITION:
    case v1::REASON_ONCE_WRITTEN:
    case v1::REASON_TYPE_MISMATCH:
    case v1::REASON_UNSETTLED:
    case v1::REASON_CLASSIFIED:
      return absl::FailedPreconditionError(refusal.message);
    default:
      return absl::InvalidArgumentError(refusal.message);
  }
}

bool LayOn(const v1::Change& change, const ChangeId& id, const Author& author,
           const std::vector<stored::v1::EditContext>& contexts, MergedRecord* record) {
  bool all = true;
  for (int i = 0; i < change.edits_size(); ++i) {
    const v1::RecordEdit& edit = change.edits(i);
    if (edit.record_id() != record->id().view()) continue;
    if (static_cast<size_t>(i) >= contexts.size()) continue;
    const stored::v1::EditContext& context = contexts[static_cast<size_t>(i)];
    Author own = author;
    own.change = id;
    const VersionVector seen = VersionVector::FromProto(context.seen());
    const bool on_this = seen.Covers(record->seen());
    all = all && (on_this || context.texts().empty()) && !record->MayYield(edit, seen);
    record->Apply(edit, own, seen, {context.texts().begin(), context.texts().end()});
  }
  return all;
}

absl::StatusOr<Composed> Compose(const ComposeInput& input) {
  Composed composed;
  v1::Change& change = composed.change;
  change.set_format(1);
  change.set_device_id(input.device.str());
  change.set_sequence(input.sequence);
  change.set_previous(input.previous);
  change.set_stamp(input.stamp);
  change.set_salt(input.salt);
  change.set_unit_id(input.unit_id);
  change.set_dossier_id(input.dossier.str());
  change.set_claimed_ms(input.claimed_ms);
  change.set_reason(input.reason);
  for (const RecordWish& wish : input.wishes) {
    const RecordType* type = input.schema->Find(wish.type);
    const auto known = input.shown.find(wish.id);
    MergedRecord base = known != input.shown.end()
                            ? known->second
                            : MergedRecord(type, wish.id, wish.type, input.unit_id, input.dossier);
    VersionVector seen = base.seen();
    seen.Add(input.device, input.sequence);
    SOTAY_ASSIGN_OR_RETURN(*change.add_edits(), EditFor(wish, base, seen));
    const v1::RecordEdit& edit = *change.edits().rbegin();
    if (const auto refusal = CheckGate(*input.schema, change, RootOf(input))) {
      return ToStatus(*refusal);
    }
    if (!base.empty() && (base.unit_id() != input.unit_id || base.dossier() != input.dossier)) {
      return absl::FailedPreconditionError(
          absl::StrCat("record ", wish.id.Short(), " is of another dossier"));
    }
    if (const auto refusal = CheckEdit(*input.schema, edit, base, input.roles)) {
      return ToStatus(*refusal);
    }
    if (const auto refusal = CheckAnswers(*type, edit, base, input.user_id, input.reason)) {
      return ToStatus(*refusal);
    }
    stored::v1::EditContext context;
    base.seen().ToProto(context.mutable_seen());
    SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> texts, TextsAfter(edit, base));
    for (const std::string& text : texts) context.add_texts(text);
    composed.contexts.push_back(std::move(context));
    composed.shown.emplace(wish.id, std::move(base));
  }
  composed.bytes = change.SerializeAsString();
  if (const auto refusal = CheckShape(change, composed.bytes)) return ToStatus(*refusal);
  composed.id = input.hash(composed.bytes);
  const uint32_t authority = input.authority != 0 ? input.authority : AuthorityOf(input.roles);
  const Author author = {composed.id,   input.device,     input.sequence, input.stamp,
                         input.user_id, input.claimed_ms, authority};
  for (auto& [id, record] : composed.shown) {
    LayOn(change, composed.id, author, composed.contexts, &record);
    if (record.bytes() > kRecordBytesMax) {
      return absl::ResourceExhaustedError(absl::StrCat("record ", id.Short(), ": ", record.bytes(),
                                                       " bytes, limit ", kRecordBytesMax));
    }
  }
  return composed;
}

}  // namespace sotay::sync
