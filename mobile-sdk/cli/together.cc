#include "mobile-sdk/cli/together.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/one_thing.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr size_t kTitleColumns = 60;

json IdsJson(const std::vector<sync::RecordId>& ids) {
  json list = json::array();
  for (const sync::RecordId& id : ids) list.push_back(id.Hex());
  return list;
}

// "7f3a91c2, 0b12c9e4".
std::string IdsInWords(const std::vector<sync::RecordId>& ids) {
  std::string words;
  for (const sync::RecordId& id : ids)
    absl::StrAppend(&words, words.empty() ? "" : ", ", id.Short());
  return words;
}

absl::Status AddTogether(const Reader& reader, const std::vector<sync::MergedRecord>& group,
                         const std::vector<sync::MergedRecord>& belongings, bool more,
                         json* document, std::string* text) {
  (*document)["together"] = nullptr;
  if (group.size() < 2 && !more) return absl::OkStatus();
  const Voice& voice = reader.voice;
  SOTAY_ASSIGN_OR_RETURN(const sync::Together together, sync::TogetherOf(group, belongings));
  json told = {{"records", json::array()},
               {"values", json::array()},
               {"belongings", json::array()},
               {"more", more}};
  if (group.size() > 1) {
    absl::StrAppend(
        text, "\n", voice("Cùng một việc, ghi ", "One thing, recorded "), group.size(),
        voice(" lần; không gộp, thống kê tính một:\n", " times; not merged, and counted once:\n"));
  }
  for (const sync::MergedRecord& one : group) {
    const sdk::RecordLine line = LineOf(reader, one);
    json author = AuthorJson(reader, one.birth());
    told["records"].push_back({{"id", one.id().Hex()},
                               {"title", line.title},
                               {"user", author["user"]},
                               {"name", author["name"]},
                               {"at_ms", author["at_ms"]}});
    absl::StrAppend(text, "  ", one.id().Short(), "  ", OneLine(AuthorInWords(reader, one.birth())),
                    "  ", Fit(OneLine(line.title), kTitleColumns), "\n");
  }
  if (!together.values.empty() || !together.records.empty()) {
    absl::StrAppend(text, "\n",
                    voice("Của bản này và các bản trùng:", "Of this and its duplicates:"), "\n");
  }
  for (const sync::Together::Value& value : together.values) {
    told["values"].push_back(
        {{"field", value.field->name},
         {"value", ValueAsJson(*reader.schema, value.type, value.field, value.value)},
         {"from", IdsJson(value.from)}});
    absl::StrAppend(text, "  ", FieldLabel(voice, value.field, value.field->number), ": ",
                    OneLine(ValueInWords(reader, value.type, value.field, value.value)),
                    voice("  (từ ", "  (from "), IdsInWords(value.from), ")\n");
  }
  for (const sync::Together::Record& belongs : together.records) {
    const sync::MergedRecord& record = belongings[belongs.place];
    const sdk::RecordLine line = LineOf(reader, record);
    told["belongings"].push_back({{"id", record.id().Hex()},
                                  {"type", line.type},
                                  {"title", line.title},
                                  {"state", line.state},
                                  {"to", IdsJson(belongs.of)}});
    const std::string state = StateLabel(reader, line.type, line.state);
    absl::StrAppend(text, "  ", TypeLabel(reader, line.type), ": ", record.id().Short(),
                    state.empty() ? "" : "  ", state, "  ", Fit(OneLine(line.title), kTitleColumns),
                    voice("  (của ", "  (of "), IdsInWords(belongs.of), ")\n");
  }
  if (more) {
    absl::StrAppend(text, "  ",
                    voice("Có thể còn bản trùng chưa xem tới.",
                          "There may be duplicates that were not looked at."),
                    "\n");
  }
  (*document)["together"] = std::move(told);
  return absl::OkStatus();
}

// The records of the type that can be one with `record`: of its dossier, or roots as it is.
absl::StatusOr<std::vector<sync::MergedRecord>> GroupHere(const OpenNotebook& open,
                                                          const sync::MergedRecord& record,
                                                          const sync::FieldType& link) {
  const sync::OutOfUse out_of_use = sync::OutOfUseOf(*record.type());
  std::vector<sync::MergedRecord> group;
  if (sync::IsOutOfUse(out_of_use, record)) return group;
  const bool root = record.dossier() == record.id();
  sdk::ListFilter filter;
  filter.type = record.type_name();
  filter.unit_id = record.unit_id();
  if (!root) filter.dossier = record.dossier();
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> lines, open.notebook->List(filter));
  std::vector<sync::MergedRecord> records;
  std::vector<sync::Counted> counted;
  size_t self = lines.size();
  for (const sdk::RecordLine& line : lines) {
    if (root && line.dossier != line.id) continue;
    absl::StatusOr<sdk::RecordView> view = open.notebook->Read(line.id);
    if (absl::IsNotFound(view.status())) continue;  // it left meanwhile
    SOTAY_RETURN_IF_ERROR(view.status());
    // Out of use, or nothing of it took effect.
    if (view->record.empty() || sync::IsOutOfUse(out_of_use, view->record)) continue;
    if (line.id == record.id()) self = records.size();
    counted.push_back({line.id, line.dossier, view->record.birth().stamp,
                       sync::WhatRepeats(link, view->record).other});
    records.push_back(std::move(view->record));
  }
  if (self >= records.size()) return group;
  const std::vector<size_t> heads = sync::HeadsOf(counted);
  for (size_t i = 0; i < records.size(); ++i) {
    if (heads[i] == heads[self]) group.push_back(std::move(records[i]));
  }
  std::sort(
      group.begin(), group.end(), [](const sync::MergedRecord& a, const sync::MergedRecord& b) {
        return std::make_pair(a.birth().stamp, a.id()) < std::make_pair(b.birth().stamp, b.id());
      });
  return group;
}

}  // namespace

absl::Status AddTogetherHere(const OpenNotebook& open, const sync::MergedRecord& record,
                             json* document, std::string* text) {
  const sync::FieldType* const link =
      record.type() != nullptr ? sync::LinkOf(*record.type()) : nullptr;
  std::vector<sync::MergedRecord> group;
  std::vector<sync::MergedRecord> belongings;
  if (link != nullptr) {
    SOTAY_ASSIGN_OR_RETURN(group, GroupHere(open, record, *link));
  }
  std::set<sync::RecordId> dossiers;
  if (group.size() > 1) {
    for (const sync::MergedRecord& one : group) dossiers.insert(one.dossier());
  }
  for (const sync::RecordId& dossier : dossiers) {
    sdk::ListFilter filter;
    filter.dossier = dossier;
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> lines, open.notebook->List(filter));
    for (const sdk::RecordLine& line : lines) {
      const sync::RecordType* const type = open.schema->Find(line.type);
      if (type == nullptr) continue;
      SOTAY_ASSIGN_OR_RETURN(const sync::Belonging declared, sync::BelongingOf(*type));
      if (!declared.any()) continue;
      absl::StatusOr<sdk::RecordView> view = open.notebook->Read(line.id);
      if (absl::IsNotFound(view.status())) continue;
      SOTAY_RETURN_IF_ERROR(view.status());
      belongings.push_back(std::move(view->record));
    }
  }
  return AddTogether(open.reader, group, belongings, /*more=*/false, document, text);
}

absl::Status AddTogetherThere(const OpenOffice& open, const sync::MergedRecord& record,
                              json* document, std::string* text) {
  std::vector<sync::MergedRecord> group;
  std::vector<sync::MergedRecord> belongings;
  v1::GetTogetherResponse response;
  if (record.type() != nullptr && sync::LinkOf(*record.type()) != nullptr) {
    v1::GetTogetherRequest request;
    request.set_record_id(record.id().str());
    auto answered = open.office->GetTogether(request);
    // An older server does not know; it may have left since it was read.
    const bool none =
        absl::IsUnimplemented(answered.status()) || absl::IsNotFound(answered.status());
    if (!none) {
      SOTAY_RETURN_IF_ERROR(answered.status());
      response = *std::move(answered);
    }
  }
  for (const v1::FeedRecord& feed : response.records()) {
    SOTAY_ASSIGN_OR_RETURN(auto one, sync::MergedRecord::Parse(*open.schema, feed.record()));
    group.push_back(std::move(one));
  }
  for (const v1::FeedRecord& feed : response.belongings()) {
    SOTAY_ASSIGN_OR_RETURN(auto one, sync::MergedRecord::Parse(*open.schema, feed.record()));
    belongings.push_back(std::move(one));
  }
  return AddTogether(open.reader, group, belongings, response.more(), document, text);
}

}  // namespace sotay::cli
