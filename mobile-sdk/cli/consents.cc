#include "mobile-sdk/cli/consents.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/ids.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

// Enough of a device's id to name it in a command.
constexpr size_t kDeviceDigits = 8;

std::string ShortOf(absl::string_view record) {
  const auto id = sync::RecordId::From(record);
  return id.has_value() ? id->Short() : "?";
}

}  // namespace

std::string AwaitsConsentInWords(const Reader& reader, const v1::AwaitsConsent& change) {
  const Voice& voice = reader.voice;
  std::vector<std::string> records;
  for (const v1::AwaitingRecord& record : change.records()) {
    records.push_back(
        absl::StrCat(TypeLabel(reader, record.type()), " ", ShortOf(record.record_id())));
  }
  const auto command = [&](absl::string_view verb) {
    return absl::StrCat("sotayctl quarantine ", verb, " ",
                        Hex(change.device_id()).substr(0, kDeviceDigits), " ", change.sequence(),
                        " --reason …");
  };
  return absl::StrCat(OneLine(reader.names.Person(change.user_id())),
                      voice(" trình ", " submitted "), OneLine(absl::StrJoin(records, ", ")),
                      voice(", hồ sơ ", ", dossier "), ShortOf(change.dossier_id()), ", ",
                      InstantInWords(change.received_ms()),
                      voice("; bạn có quyền trình nên chỉ cần bạn đồng ý. Đọc: ",
                            "; as you may submit it you have only to agree. To read it: "),
                      "sotayctl quarantine", voice(". Đồng ý: ", ". Agreed: "), command("take"),
                      voice("; không đồng ý: ", "; not agreed: "), command("dismiss"));
}

std::string OwnConsentInWords(const Voice& voice) {
  return voice(
      "một kiểm sát viên của đơn vị chỉ cần đồng ý; họ thấy ở “sotay status” và quyết định bằng "
      "“sotayctl quarantine”",
      "a prosecutor of the unit has only to agree; they see it in “sotay status” and decide with "
      "“sotayctl quarantine”");
}

bool WaitsForConsent(const v1::Consents& consents, uint64_t sequence) {
  return std::find(consents.own().begin(), consents.own().end(), sequence) != consents.own().end();
}

json ConsentsJson(const Reader& reader, const v1::Consents& consents) {
  json for_user = json::array();
  for (const v1::AwaitsConsent& change : consents.for_user()) {
    json records = json::array();
    for (const v1::AwaitingRecord& record : change.records()) {
      records.push_back({{"record", Hex(record.record_id())}, {"type", record.type()}});
    }
    for_user.push_back({{"device", Hex(change.device_id())},
                        {"sequence", change.sequence()},
                        {"change_id", Hex(change.change_id())},
                        {"user", change.user_id()},
                        {"name", reader.names.Person(change.user_id())},
                        {"unit", change.unit_id()},
                        {"dossier", Hex(change.dossier_id())},
                        {"received_ms", change.received_ms()},
                        {"records", records}});
  }
  return {{"for_user", for_user},
          {"more", consents.more()},
          {"own", std::vector<uint64_t>(consents.own().begin(), consents.own().end())}};
}

}  // namespace sotay::cli
