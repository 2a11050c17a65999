#include "sync/record_size.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "sync/limits.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

Refusal TooLarge(const v1::RecordEdit& edit, size_t actual, absl::string_view what, size_t limit) {
  return Refusal{v1::REASON_TOO_LARGE,
                 absl::StrCat("record ", RecordId::From(edit.record_id())->Short(), ": ", actual,
                              " ", what, ", limit ", limit)};
}

// Characters ever typed in each of the record's texts that the edit touches.
absl::optional<Refusal> CheckTyped(const v1::RecordEdit& edit, const MergedRecord& now) {
  std::map<FieldPath, uint64_t> typed_in;
  for (const v1::FieldOp& op : edit.ops()) {
    if (op.op_case() != v1::FieldOp::kText) continue;
    typed_in[{op.field(), op.key()}] += TypedIn(op.text());
  }
  for (const auto& [path, in_edit] : typed_in) {
    const FieldSlot* const slot = now.Slot(path.first, path.second);
    const uint64_t typed = in_edit + (slot != nullptr ? slot->typed : 0);
    if (typed > kTextTypedMax) {
      return TooLarge(edit, typed, "characters ever typed", kTextTypedMax);
    }
  }
  return absl::nullopt;
}

}  // namespace

absl::optional<Refusal> CheckSize(const Arrival& arrival, const ReadyEdit& ready,
                                  const WrittenRecord* existing, Bench* bench) {
  const v1::RecordEdit& edit = *ready.edit;
  const MergedRecord& now = existing != nullptr ? existing->record() : bench->nothing;
  if (now.seen().entries().size() >= kRecordDevicesMax && !now.seen().Has(arrival.Device(), 1)) {
    return TooLarge(edit, now.seen().entries().size(), "devices", kRecordDevicesMax);
  }
  static_assert(kChangeBytesMax <= kTextTypedMax, "one change alone cannot type too much");
  if (existing != nullptr) {
    if (auto refusal = CheckTyped(edit, now)) return refusal;
  }
  size_t bytes = arrival.pushed->bytes.size() + now.bytes();
  for (const std::string& text : ready.texts) bytes += text.size();
  const RecordId id = *RecordId::From(edit.record_id());
  const auto history = bench->histories.find(id);
  // Readings side by side may be many times what was typed.
  const bool readings = history != bench->histories.end() && !ready.texts.empty();
  if (bytes <= kRecordBytesMax && !readings) return absl::nullopt;
  // The sum counts what the edit replaces as if it stayed: look at what really comes of it.
  Birth birth;
  birth.type = bench->input.schema->Find(edit.type());
  birth.change = arrival.pushed->change.get();
  birth.edit = &edit;
  MergedRecord after = existing != nullptr ? now : birth.Unborn();
  const Author author = arrival.Place();
  after.Apply(edit, author, ready.seen, ready.texts);
  if (readings) {
    const absl::Status tried = history->second.TryTexts(edit, author, ready.seen, &after);
    if (!tried.ok()) return Refusal{v1::REASON_TEXT_MISMATCH, std::string(tried.message())};
  }
  if (after.bytes() <= kRecordBytesMax) return absl::nullopt;
  return TooLarge(edit, after.bytes(), "bytes", kRecordBytesMax);
}

}  // namespace sotay::sync
