#include "mobile-sdk/cli/handovers.h"

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {

nlohmann::json HandoversJson(const std::vector<v1::LogKeyHandover>& handovers) {
  nlohmann::json list = nlohmann::json::array();
  for (const v1::LogKeyHandover& handover : handovers) {
    list.push_back({{"number", handover.number()},
                    {"previous_key", Hex(handover.previous_key())},
                    {"key", Hex(handover.key())},
                    {"handed_ms", handover.handed_ms()},
                    {"reason", handover.reason()}});
  }
  return list;
}

std::string HandoverInWords(const Voice& voice, const v1::LogKeyHandover& handover) {
  return absl::StrCat(voice("thay lần ", "replaced, no. "), handover.number(),
                      voice(", lúc ", ", on "), InstantInWords(handover.handed_ms()),
                      voice(", hai khóa cùng ký, vì: ", ", signed by both keys, because: "),
                      OneLine(handover.reason()));
}

}  // namespace sotay::cli
