#include "mobile-sdk/cli/office_json.h"

#include "mobile-sdk/cli/record_json.h"

namespace sotay::cli {

nlohmann::json FeedLineJson(const sdk::RecordLine& line, uint64_t position) {
  nlohmann::json out = LineJson(line);
  out.erase("sync");
  out["position"] = position;
  return out;
}

nlohmann::json QuarantinedJson(const Reader& reader, const v1::QuarantinedChange& set_aside) {
  v1::Change change;
  nlohmann::json content = nullptr;
  if (change.ParseFromString(set_aside.change())) {
    content = ChangeJson(reader, change, set_aside.change_id(), set_aside.user_id(), nullptr);
  }
  return {{"verdict", v1::Verdict_Name(set_aside.verdict())},
          {"reason", v1::Reason_Name(set_aside.reason())},
          {"message", set_aside.message()},
          {"user", set_aside.user_id()},
          {"name", reader.names.Person(set_aside.user_id())},
          {"device", Hex(set_aside.device_id())},
          {"sequence", set_aside.sequence()},
          {"unit", set_aside.unit_id()},
          {"received_ms", set_aside.received_ms()},
          {"change_id", Hex(set_aside.change_id())},
          {"change", content}};
}

}  // namespace sotay::cli
