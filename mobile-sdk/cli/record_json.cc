#include "mobile-sdk/cli/record_json.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "google/protobuf/message.h"
#include "mobile-sdk/cli/steps.h"
#include "mobile-sdk/cli/value.h"
#include "sync/apart.h"
#include "sync/dossier_acts.h"
#include "sync/fragment.h"
#include "sync/stamp.h"
#include "sync/text.h"
#include "sync/text_written.h"
#include "sync/unknown_time.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

std::string FieldName(const sync::RecordType* type, uint32_t number) {
  const sync::FieldType* field = type != nullptr ? type->Field(number) : nullptr;
  return field != nullptr ? field->name : std::to_string(number);
}

// Typed text is bytes on the wire, which protobuf's JSON would spell in base64.
json TextEditJson(const v1::TextEdit& edit) {
  json out = MessageAsJson(edit);
  for (int i = 0; i < edit.splices_size(); ++i) {
    const std::string& typed = edit.splices(i).inserted();
    // One that was refused may be anything.
    if (typed.empty() || sync::Utf8Prefix(typed) != typed.size()) continue;
    out["splices"][static_cast<size_t>(i)]["inserted"] = typed;
  }
  return out;
}

json OpJson(const Reader& reader, const sync::RecordType* type, const v1::FieldOp& op) {
  const sync::FieldType* field = type != nullptr ? type->Field(op.field()) : nullptr;
  json out = {{"field", FieldName(type, op.field())}, {"key", op.key()}};
  const auto value = [&](const char* kind, const std::string& fragment) {
    out["op"] = kind;
    out["value"] = ValueAsJson(*reader.schema, type, field, fragment);
  };
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      value("set", op.set());
      break;
    case v1::FieldOp::kAdd:
      value("add", op.add());
      break;
    case v1::FieldOp::kRemove:
      value("remove", op.remove());
      break;
    case v1::FieldOp::kAppend:
      value("append", op.append());
      break;
    case v1::FieldOp::kCount:
      out["op"] = "count";
      out["value"] = op.count();
      break;
    case v1::FieldOp::kText:
      out["op"] = "text";
      out["value"] = TextEditJson(op.text());
      break;
    case v1::FieldOp::OP_NOT_SET:
      out["op"] = "unknown";
      out["value"] = nullptr;
      break;
  }
  return out;
}

json AdmissionJson(const v1::Admission& admission) {
  json marks = json::array();
  for (int mark : admission.marks()) marks.push_back(v1::Mark_Name(static_cast<v1::Mark>(mark)));
  // Of a time that nobody can tell the stamp is the earliest it can be.
  if (sync::IsTimeUnknown(admission.stamp())) marks.push_back("MARK_CLOCK_UNKNOWN");
  return {
      {"position", admission.position()},
      {"received_ms", admission.received_ms()},
      {"at_ms", sync::StampMs(admission.stamp())},
      {"skew_ms", admission.skew_ms()},
      {"unaware_of", sync::UnawareOf(admission)},
      {"marks", std::move(marks)},
      {"taken_in", admission.has_taken_in() ? TakenInJson(admission.taken_in()) : json(nullptr)}};
}

}  // namespace

json AuthorJson(const Reader& reader, const sync::Author& author) {
  // One that was taken in does not know its number; its change in the history does.
  const bool taken_in = author.written_on.has_value();
  return {
      {"user", author.user_id},
      {"name", reader.names.Person(author.user_id)},
      {"device", author.writer().Hex()},
      {"sequence", taken_in ? json(nullptr) : json(author.sequence)},
      {"taken_in", taken_in},
      {"at_ms", sync::StampMs(author.stamp)},
      {"time_unknown", sync::IsTimeUnknown(author.stamp)},  // then at_ms is the earliest it can be
      {"claimed_ms", author.claimed_ms},
      {"change", author.change.Hex()}};
}

json TakenInJson(const v1::TakenIn& taken_in) {
  return {{"by", taken_in.user_id()},
          {"decided_ms", taken_in.decided_ms()},
          {"reason", taken_in.reason()},
          {"refused_for", v1::Reason_Name(static_cast<v1::Reason>(taken_in.refused_for()))}};
}

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

const char* SyncStateName(sdk::SyncState state) {
  switch (state) {
    case sdk::SyncState::kSynced:
      return "synced";
    case sdk::SyncState::kWaiting:
      return "waiting";
    case sdk::SyncState::kSent:
      return "sent";
    case sdk::SyncState::kRefused:
      return "refused";
  }
  return "";
}

json ConflictJson(const Reader& reader, const sync::MergedRecord& record,
                  const sync::Conflict& conflict) {
  json readings = json::array();
  for (size_t i = 0; i < conflict.readings.size(); ++i) {
    const sync::StandingReading& reading = conflict.readings[i];
    json entry = AuthorJson(reader, record.author(reading.author));
    entry["pick"] = i + 1;
    entry["shown"] = i == 0 && !conflict.span.has_value();
    entry["value"] =
        conflict.span.has_value()
            ? json(std::string(sync::StringOf(reading.value).value_or(absl::string_view())))
            : ValueAsJson(*reader.schema, record.type(), conflict.type, reading.value);
    readings.push_back(std::move(entry));
  }
  return {
      {"id", conflict.id},
      {"record", record.id().Hex()},
      {"field", FieldName(record.type(), conflict.field)},
      {"key", conflict.key},
      {"rule", conflict.type != nullptr ? options::v1::Rule_Name(conflict.type->rule)
                                        : options::v1::Rule_Name(options::v1::RULE_UNSPECIFIED)},
      {"readings", std::move(readings)}};
}

json RecordJson(const Reader& reader, const sync::MergedRecord& record,
                const std::vector<sync::Conflict>& conflicts) {
  json found = json::array();
  for (const sync::Conflict& conflict : conflicts) {
    found.push_back(ConflictJson(reader, record, conflict));
  }
  json texts = json::object();
  for (const auto& [path, slot] : record.fields()) {
    if (slot.disputes == nullptr) continue;
    json again = json::array();
    for (const sync::ReadAgain& sentence : sync::SentencesAgain(&slot)) {
      json authors = json::array();
      for (size_t author : sentence.authors) {
        authors.push_back(AuthorJson(reader, record.author(author)));
      }
      again.push_back({{"text", sentence.text},
                       {"position", sentence.position},
                       {"length", sentence.length},
                       {"changed_by", std::move(authors)}});
    }
    texts[FieldName(record.type(), path.first)] = {{"written", sync::WrittenOut(&slot)},
                                                   {"read_again", std::move(again)}};
  }
  json apart = json::array();
  for (const sync::Author& author : sync::ApartFromState(record)) {
    apart.push_back(AuthorJson(reader, author));
  }
  const auto content = sync::Content(*reader.schema, record);
  return {{"id", record.id().Hex()},
          {"type", record.type_name()},
          {"unit", record.unit_id()},
          {"dossier", record.dossier().Hex()},
          {"created", AuthorJson(reader, record.birth())},
          {"changed_ms", sync::StampMs(record.newest_stamp())},
          {"content", content != nullptr ? MessageAsJson(*content) : json(nullptr)},
          {"texts", std::move(texts)},
          {"state_apart", std::move(apart)},
          {"requests", RequestsJson(reader, record)},
          {"overtaken", OvertakenJson(reader, record)},
          {"conflicts", std::move(found)}};
}

json BlameJson(const Reader& reader, const std::vector<sync::BlameRun>& runs) {
  json list = json::array();
  for (const sync::BlameRun& run : runs) {
    list.push_back({{"position", run.position},
                    {"length", run.length},
                    {"text", run.text},
                    {"conflict", run.conflict},
                    {"author", AuthorJson(reader, run.author)}});
  }
  return list;
}

json LineJson(const sdk::RecordLine& line) {
  return {{"id", line.id.Hex()},           {"type", line.type},
          {"unit", line.unit_id},          {"dossier", line.dossier.Hex()},
          {"title", line.title},           {"state", line.state},
          {"requested", line.requested},   {"conflicts", line.conflicts},
          {"changed_ms", line.changed_ms}, {"sync", SyncStateName(line.sync_state)}};
}

json ChangeJson(const Reader& reader, const v1::Change& change, const std::string& change_id,
                const std::string& user_id, const v1::Admission* admission) {
  json edits = json::array();
  for (const v1::RecordEdit& edit : change.edits()) {
    const sync::RecordType* type = reader.schema->Find(edit.type());
    json ops = json::array();
    for (const v1::FieldOp& op : edit.ops()) ops.push_back(OpJson(reader, type, op));
    edits.push_back({{"record", Hex(edit.record_id())},
                     {"type", edit.type()},
                     {"creates", edit.parents().empty()},
                     {"ops", std::move(ops)}});
  }
  return {{"change", Hex(change_id)},
          {"device", Hex(change.device_id())},
          {"sequence", change.sequence()},
          {"user", user_id},
          {"name", reader.names.Person(user_id)},
          {"unit", change.unit_id()},
          {"dossier", Hex(change.dossier_id())},
          {"claimed_ms", change.claimed_ms()},
          {"reason", change.reason()},
          {"admission", admission != nullptr ? AdmissionJson(*admission) : json(nullptr)},
          {"edits", std::move(edits)}};
}

json OutcomeJson(const v1::ChangeOutcome& outcome) {
  return {{"sequence", outcome.sequence()},
          {"verdict", v1::Verdict_Name(outcome.verdict())},
          {"reason", v1::Reason_Name(outcome.reason())},
          {"message", outcome.message()}};
}

}  // namespace sotay::cli
