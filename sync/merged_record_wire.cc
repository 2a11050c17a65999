// A merged record as it is stored and sent.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sotay/v1/record.pb.h"
#include "sync/fragment.h"
#include "sync/merged_record.h"
#include "sync/text.h"
#include "sync/text_words.h"

namespace sotay::sync {
namespace {

// False when they do not fit the text.
bool ReadDisputes(const v1::FieldState& state, size_t changes, FieldSlot* slot) {
  if (state.spans().empty() && state.again().empty()) return true;
  auto disputes = std::make_shared<TextDisputes>();
  for (const v1::TextSpan& span : state.spans()) {
    std::vector<StandingReading>& readings = disputes->spans.emplace_back();
    if (span.readings_size() < 2) return false;
    for (const v1::TextReading& reading : span.readings()) {
      if (reading.change() >= changes) return false;
      readings.push_back({StringFragment(state.field(), reading.text()), reading.change(), true});
    }
  }
  const StandingReading* const text = slot->Text();
  std::u32string scalars;
  if (text == nullptr ||
      !DecodeUtf8(StringOf(text->value).value_or(absl::string_view()), &scalars)) {
    return false;
  }
  if (static_cast<size_t>(std::count(scalars.begin(), scalars.end(), kSpanScalar)) !=
      disputes->spans.size()) {
    return false;
  }
  size_t end = 0;
  for (const v1::TextAgain& again : state.again()) {
    if (again.position() < end || again.position() > scalars.size() || again.length() == 0 ||
        again.length() > scalars.size() - again.position()) {
      return false;
    }
    end = size_t{again.position()} + again.length();
    SentenceAgain& sentence = disputes->again.emplace_back();
    sentence.position = again.position();
    sentence.length = again.length();
    for (uint32_t change : again.changes()) {
      if (change >= changes) return false;
      sentence.authors.push_back(change);
    }
  }
  slot->disputes = std::move(disputes);
  return true;
}

}  // namespace

absl::StatusOr<MergedRecord> MergedRecord::Parse(const Schema& schema, absl::string_view bytes) {
  v1::Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("record: not a valid Record");
  }
  return FromProto(schema, record);
}

absl::StatusOr<MergedRecord> MergedRecord::FromProto(const Schema& schema,
                                                     const v1::Record& record) {
  const auto id = RecordId::From(record.record_id());
  const auto dossier = RecordId::From(record.dossier_id());
  if (!id.has_value() || !dossier.has_value()) {
    return absl::DataLossError("record: malformed id");
  }
  MergedRecord merged(schema.Find(record.type()), *id, record.type(), record.unit_id(), *dossier);
  const auto size = static_cast<size_t>(record.changes_size());
  const auto bad = [&] {
    return absl::DataLossError(absl::StrCat("record ", id->Short(), ": malformed"));
  };
  merged.authors_.reserve(size + 1);
  for (const v1::ChangeRef& ref : record.changes()) {
    const auto change = ChangeId::From(ref.change_id());
    const auto device = DeviceId::From(ref.device_id());
    const auto written_on = DeviceId::From(ref.written_on());
    if (!change.has_value() || !device.has_value()) return bad();
    if (!written_on.has_value() && !ref.written_on().empty()) return bad();
    merged.authors_.push_back({*change, *device, ref.sequence(), ref.stamp(), ref.user_id(),
                               ref.claimed_ms(), ref.authority(), written_on});
  }
  // In canonical order, so that no change stands twice.
  for (size_t i = 1; i < size; ++i) {
    if (!merged.Earlier(i - 1, i)) return bad();
  }
  if (record.birth() >= size || record.heads().empty()) return bad();
  merged.born_ = true;
  merged.birth_ = record.birth();
  for (uint32_t head : record.heads()) {
    if (head >= size) return bad();
    merged.heads_.push_back(head);
  }
  merged.seen_ = VersionVector::FromProto(record.seen());
  for (const Author& author : merged.authors_) {
    if (!merged.seen_.Has(author.device, author.sequence)) return bad();
  }
  for (const v1::FieldState& state : record.fields()) {
    FieldSlot slot;
    slot.total = state.total();
    slot.rule = state.rule();
    slot.typed = state.typed();
    slot.readings.reserve(static_cast<size_t>(state.readings_size()));
    for (const v1::Reading& reading : state.readings()) {
      if (reading.change() >= size) return bad();
      slot.readings.push_back({reading.value(), reading.change(), reading.text()});
    }
    for (const v1::StepRequest& asked : state.requests()) {
      if (asked.change() >= size) return bad();
      StepRequest& request = slot.requests.emplace_back();
      request.value = asked.value();
      request.author = asked.change();
      request.reason = asked.reason();
      for (uint32_t change : asked.unaware()) {
        if (change >= size) return bad();
        request.unaware.push_back(change);
      }
    }
    if (!ReadDisputes(state, size, &slot)) return bad();
    merged.fields_.emplace(FieldPath(state.field(), state.key()), std::move(slot));
  }
  return merged;
}

void MergedRecord::ToProto(v1::Record* record) const {
  record->Clear();
  record->set_record_id(id_.str());
  record->set_type(type_name_);
  record->set_unit_id(unit_id_);
  record->set_dossier_id(dossier_.str());
  if (!born_) return;

  // Only the changes something refers to, in canonical order.
  std::vector<size_t> used = heads_;
  used.push_back(birth_);
  for (const auto& [path, slot] : fields_) {
    for (const StandingReading& reading : slot.readings) used.push_back(reading.author);
    for (const StepRequest& request : slot.requests) {
      used.push_back(request.author);
      used.insert(used.end(), request.unaware.begin(), request.unaware.end());
    }
    if (slot.disputes == nullptr) continue;
    for (const auto& span : slot.disputes->spans) {
      for (const StandingReading& reading : span) used.push_back(reading.author);
    }
    for (const SentenceAgain& again : slot.disputes->again) {
      used.insert(used.end(), again.authors.begin(), again.authors.end());
    }
  }
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  std::sort(used.begin(), used.end(), [this](size_t a, size_t b) { return Earlier(a, b); });
  std::vector<uint32_t> place(authors_.size(), 0);
  for (size_t i = 0; i < used.size(); ++i) {
    const Author& author = authors_[used[i]];
    place[used[i]] = static_cast<uint32_t>(i);
    v1::ChangeRef* ref = record->add_changes();
    ref->set_change_id(author.change.str());
    ref->set_device_id(author.device.str());
    ref->set_sequence(author.sequence);
    ref->set_stamp(author.stamp);
    ref->set_user_id(author.user_id);
    ref->set_claimed_ms(author.claimed_ms);
    ref->set_authority(author.authority);
    if (author.written_on.has_value()) ref->set_written_on(author.written_on->str());
  }
  record->set_birth(place[birth_]);
  std::vector<uint32_t> heads;
  for (size_t head : heads_) heads.push_back(place[head]);
  std::sort(heads.begin(), heads.end());
  for (uint32_t head : heads) record->add_heads(head);
  seen_.ToProto(record->mutable_seen());
  for (const auto& [path, slot] : fields_) {
    v1::FieldState* state = record->add_fields();
    state->set_field(path.first);
    state->set_key(path.second);
    state->set_total(slot.total);
    state->set_rule(slot.rule);
    state->set_typed(static_cast<uint32_t>(slot.typed));
    for (const StandingReading& reading : slot.readings) {
      v1::Reading* out = state->add_readings();
      out->set_value(reading.value);
      out->set_change(place[reading.author]);
      out->set_text(reading.text);
    }
    for (const StepRequest& request : slot.requests) {
      v1::StepRequest* out = state->add_requests();
      out->set_value(request.value);
      out->set_change(place[request.author]);
      out->set_reason(request.reason);
      for (size_t author : request.unaware) out->add_unaware(place[author]);
    }
    if (slot.disputes == nullptr) continue;
    for (const auto& span : slot.disputes->spans) {
      v1::TextSpan* out = state->add_spans();
      for (const StandingReading& reading : span) {
        v1::TextReading* one = out->add_readings();
        one->set_text(std::string(StringOf(reading.value).value_or(absl::string_view())));
        one->set_change(place[reading.author]);
      }
    }
    for (const SentenceAgain& again : slot.disputes->again) {
      v1::TextAgain* out = state->add_again();
      out->set_position(again.position);
      out->set_length(again.length);
      for (size_t author : again.authors) out->add_changes(place[author]);
    }
  }
}

std::string MergedRecord::Serialize() const {
  v1::Record record;
  ToProto(&record);
  return record.SerializeAsString();
}

}  // namespace sotay::sync
