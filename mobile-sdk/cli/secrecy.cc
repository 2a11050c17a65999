#include "mobile-sdk/cli/secrecy.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "mobile-sdk/core/edits.h"
#include "sync/fragment.h"
#include "sync/secrecy.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kPrefixDigitsMin = 4;

}  // namespace

absl::Status AnswerSecrecy(const Reader& reader, const sync::RecordType& type, bool not_secret,
                           std::vector<sdk::Edit>* edits) {
  if (type.secrecy == nullptr) return absl::OkStatus();
  std::vector<sdk::Edit> answers;
  std::vector<std::string> open;
  for (const auto& [number, answer] : type.secrecy->questions) {
    const sync::FieldType& field = *type.Field(number);
    const auto said = std::find_if(edits->begin(), edits->end(),
                                   [&](const sdk::Edit& edit) { return edit.field == field.name; });
    if (said != edits->end()) {
      SOTAY_ASSIGN_OR_RETURN(const sync::FieldEdit read,
                             sdk::ReadEdit(*reader.schema, type, *said));
      // Of a stub nothing more is asked.
      if (sync::VarintOf(read.op.set()).value_or(0) == static_cast<uint64_t>(answer.yes)) {
        return absl::OkStatus();
      }
      continue;
    }
    open.push_back(absl::StrCat(field.name, " (", FieldLabel(reader.voice, &field, number), ")"));
    sdk::Edit no;
    no.field = field.name;
    no.value = field.descriptor->enum_type()->FindValueByNumber(answer.no)->name();
    answers.push_back(std::move(no));
  }
  if (!open.empty() && !not_secret) {
    return absl::InvalidArgumentError(absl::StrCat(
        "before a ", type.short_name,
        " is opened, say whether it is secret, by FIELD=yes or =no: ", absl::StrJoin(open, ", "),
        "; or --not-secret: no to all of these. A yes makes it a stub, of "
        "which there is nothing here but its alias and where the paper file is"));
  }
  std::move(answers.begin(), answers.end(), std::back_inserter(*edits));
  return absl::OkStatus();
}

nlohmann::json SealedJson(const Reader& reader, const sync::RecordId& dossier,
                          const stored::v1::SealedDossier& sealed) {
  const v1::SecretDossier& told = sealed.told();
  return {{"id", dossier.Hex()},
          {"type", ""},
          {"unit", told.unit_id()},
          {"dossier", dossier.Hex()},
          {"title", told.alias()},
          {"state", ""},
          {"conflicts", 0},
          {"changed_ms", told.set_ms()},
          {"sync", "sealed"},
          {"sealed",
           {{"alias", told.alias()},
            {"holder", told.holder()},
            {"by", told.set_by()},
            {"name", reader.names.Person(told.set_by())},
            {"at_ms", told.set_ms()},
            {"withheld", sealed.withheld()},
            {"unsent", sealed.unsent()},
            {"purged", sealed.purged()},
            {"reported", sealed.reported()}}}};
}

std::string SealedInWords(const Reader& reader, const sync::RecordId& dossier,
                          const stored::v1::SealedDossier& sealed) {
  const Voice& voice = reader.voice;
  const v1::SecretDossier& told = sealed.told();
  std::string words = absl::StrCat(
      dossier.Short(), "  ",
      told.alias().empty() ? voice("(không có bí danh)", "(no alias)") : OneLine(told.alias()),
      "  ", voice("TÀI LIỆU MẬT", "SECRET"));
  if (!told.holder().empty()) {
    absl::StrAppend(&words, voice("; hồ sơ giấy: ", "; paper file: "), OneLine(told.holder()));
  }
  if (told.set_ms() != 0) {
    absl::StrAppend(&words, voice("; niêm phong lúc ", "; sealed "), InstantInWords(told.set_ms()));
  }
  if (!told.set_by().empty()) {
    absl::StrAppend(&words, voice(" bởi ", " by "), OneLine(reader.names.Person(told.set_by())));
  }
  absl::StrAppend(
      &words, sealed.purged()
                  ? voice("; nội dung đã rời khỏi máy này", "; its content has left this device")
                  : voice("; nội dung không còn xem được, nhưng chưa xóa hết khỏi tệp của máy này",
                          "; its content is shown no more, but not yet out of this device's "
                          "files"));
  if (sealed.withheld() != 0) {
    absl::StrAppend(
        &words, voice("; thay đổi của máy này bị giữ: ", "; changes of this device withheld: "),
        sealed.withheld(),
        voice(", máy chủ chưa xác nhận đã nhận: ", ", of them not confirmed as received: "),
        sealed.unsent());
  }
  if (!sealed.reported()) {
    absl::StrAppend(&words, voice("; chưa báo máy chủ", "; not yet reported"));
  }
  return words;
}

absl::optional<sync::RecordId> FindSealed(const SealedDossiers& sealed, const std::string& prefix) {
  if (prefix.size() < kPrefixDigitsMin) return absl::nullopt;
  absl::optional<sync::RecordId> found;
  for (const auto& [dossier, row] : sealed) {
    if (!absl::StartsWith(dossier.Hex(), absl::AsciiStrToLower(prefix))) continue;
    if (found.has_value()) return absl::nullopt;
    found = dossier;
  }
  return found;
}

}  // namespace sotay::cli
