#include "mobile-sdk/cli/office_json.h"

#include "mobile-sdk/cli/record_json.h"

namespace sotay::cli {

nlohmann::json FeedLineJson(const sdk::RecordLine& line, uint64_t position) {
  nlohmann::json out = LineJson(line);
  out.erase("sync");
  out["position"] = position;
  return out;
}

}  // namespace sotay::cli
