#include "mobile-sdk/cli/signatures.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/fragment.h"
#include "sync/seal/digest.h"
#include "sync/sign.h"
#include "sync/view.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

// 0: the server has not taken it.
uint64_t RevisionOf(const sync::MergedRecord& signature) {
  const sync::FieldSlot* const slot = signature.Slot(signature.type()->signing->revision);
  return slot == nullptr ? 0 : sync::VarintOf(slot->readings.front().value).value_or(0);
}

// "Ký duyệt", and what stands in the fields of the type's own: "Ký thay", "Ký", the reason.
std::string WordsOf(const Reader& reader, const sync::MergedRecord& signature) {
  const sync::Signing& signing = *signature.type()->signing;
  std::string words;
  for (const auto& [path, slot] : signature.fields()) {
    const sync::FieldType* const field = signature.type()->Field(path.first);
    const bool technical = field == nullptr || field->rule == options::v1::RULE_SERVER ||
                           path.first == signing.object || path.first == signing.version ||
                           path.first == signing.content_hash || path.first == signing.supersedes ||
                           path.first == signing.read_again;
    if (technical || slot.readings.empty()) continue;
    absl::StrAppend(
        &words, words.empty() ? "" : ", ",
        OneLine(ValueInWords(reader, signature.type(), field, slot.readings.front().value)));
  }
  return words;
}

}  // namespace

json SignaturesJson(const Reader& reader, const sync::MergedRecord& object,
                    const std::vector<sync::MergedRecord>& signatures) {
  json list = json::array();
  for (const sync::MergedRecord& record : signatures) {
    const auto signature = sync::SignatureOf(record);
    if (!signature.has_value()) continue;
    const uint64_t revision = RevisionOf(record);
    list.push_back(
        {{"id", record.id().Hex()},
         {"signs", signature->signs},
         {"by", record.birth().user_id},
         {"name", reader.names.Person(record.birth().user_id)},
         {"at_ms", record.birth().claimed_ms},
         {"revision", revision == 0 ? json() : json(revision)},
         {"supersedes",
          signature->supersedes.has_value() ? json(signature->supersedes->Hex()) : json()},
         {"content", RecordJson(reader, record, {})["content"]},
         {"standing", &record == &signatures.back()},
         {"current", sync::IsOfWhatItSays(*signature, object, seal::HashContent)}});
  }
  return list;
}

std::string SignaturesInWords(const Reader& reader, const sync::MergedRecord& object,
                              const std::vector<sync::MergedRecord>& signatures) {
  const Voice& voice = reader.voice;
  std::string text;
  for (const sync::MergedRecord& record : signatures) {
    const auto signature = sync::SignatureOf(record);
    if (!signature.has_value()) continue;
    absl::StrAppend(&text, record.id().Short(), "  ", AuthorInWords(reader, record.birth()), ": ",
                    WordsOf(reader, record), "\n    ");
    if (const uint64_t revision = RevisionOf(record); revision != 0) {
      absl::StrAppend(&text, voice("phiên bản ", "revision "), revision, "; ");
    } else {
      absl::StrAppend(&text, voice("máy chủ chưa nhận; ", "not with the server yet; "));
    }
    const bool current = sync::IsOfWhatItSays(*signature, object, seal::HashContent);
    absl::StrAppend(&text,
                    current ? voice("đúng như bản đang hiển thị", "of what is shown, word by word")
                            : voice("từ đó đã có thay đổi: bản đang hiển thị cần chữ ký mới",
                                    "changed since: what is shown wants a signature of its own"),
                    "\n");
  }
  return text;
}

json SignaturesApartJson(const Reader& reader, const std::vector<sdk::RecordView>& apart) {
  json list = json::array();
  for (const sdk::RecordView& view : apart) {
    const auto signature = sync::SignatureOf(view.record);
    if (!signature.has_value()) continue;
    list.push_back({{"id", view.record.id().Hex()},
                    {"signs", signature->signs},
                    {"by", view.record.birth().user_id},
                    {"name", reader.names.Person(view.record.birth().user_id)},
                    {"at_ms", view.record.birth().claimed_ms},
                    {"set_aside", view.state == sdk::SyncState::kRefused}});
  }
  return list;
}

std::string SignaturesApartInWords(const Reader& reader,
                                   const std::vector<sdk::RecordView>& apart) {
  const Voice& voice = reader.voice;
  std::string text;
  for (const sdk::RecordView& view : apart) {
    const sync::MergedRecord& record = view.record;
    if (!sync::SignatureOf(record).has_value()) continue;
    absl::StrAppend(
        &text, record.id().Short(), "  ", AuthorInWords(reader, record.birth()), ": ",
        WordsOf(reader, record), "\n    ",
        view.state == sdk::SyncState::kRefused
            ? voice("máy chủ đang giữ riêng, không có hiệu lực: sotay refused",
                    "set aside by the server, without effect: sotay refused")
            : voice("có từ trước khi máy chủ được khôi phục; máy chủ không còn, không có hiệu lực",
                    "of before the server was restored; the server does not have it: without "
                    "effect"),
        "\n");
  }
  return text;
}

std::string LateAmendmentWarning(const Reader& reader,
                                 const std::vector<sync::MergedRecord>& signatures) {
  if (signatures.empty()) return "";
  const auto signature = sync::SignatureOf(signatures.back());
  if (!signature.has_value() || !signature->signs) return "";
  return absl::StrCat(
      AuthorInWords(reader, signatures.back().birth()),
      reader.voice(" đã ký bản này: nội dung sửa được giữ là bổ sung sau ký, chờ người có quyền "
                   "quyết định.\n",
                   " signed it: what you write is kept as a late amendment, for somebody who may "
                   "decide about it.\n"));
}

}  // namespace sotay::cli
