#include "mobile-sdk/cli/office_losses.h"

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/device_end.h"

namespace sotay::cli {
namespace {

// From one monthly briefing to the next.
constexpr int64_t kBriefingMs = int64_t{31} * 24 * 60 * 60 * 1000;

std::string DeviceInWords(const v1::DeviceView& device) {
  return absl::StrCat(Hex(device.device_id()).substr(0, 8), "  ", OneLine(device.full_name()), "  ",
                      OneLine(device.device_name()));
}

}  // namespace

uint64_t UnsentOf(const v1::DeviceView& device) {
  return device.last_sequence() > device.accepted_through()
             ? device.last_sequence() - device.accepted_through()
             : 0;
}

bool MayHaveUnsent(const v1::DeviceView& device) {
  return device.state() == v1::DEVICE_STATE_REVOKED || UnsentOf(device) > 0;
}

nlohmann::json EndJson(const Reader& reader, const v1::DeviceView& device) {
  const v1::DeviceEnd end = sync::EndOf(device);
  if (end.revoked_ms() == 0) return nullptr;
  nlohmann::json settled = nullptr;
  if (end.settled_ms() != 0) {
    settled = {{"by", end.settled_by()},
               {"by_name", reader.names.Person(end.settled_by())},
               {"at_ms", end.settled_ms()},
               {"reason", end.settled_reason()}};
  }
  return {{"by", end.revoked_by()},
          {"by_name", reader.names.Person(end.revoked_by())},
          {"at_ms", end.revoked_ms()},
          {"reason", end.revoked_reason()},
          {"settled", settled}};
}

std::string EndInWords(const Reader& reader, const v1::DeviceView& device) {
  const v1::DeviceEnd end = sync::EndOf(device);
  if (end.revoked_ms() == 0) return "";
  return absl::StrCat(
      reader.voice("thu hồi lúc ", "revoked on "), InstantInWords(end.revoked_ms()),
      reader.voice(", bởi ", " by "), OneLine(reader.names.Person(end.revoked_by())),
      // Why, and what came of it, is told to those who lead.
      end.revoked_reason().empty() ? "" : absl::StrCat(": ", OneLine(end.revoked_reason())),
      end.revoked_reason().empty() ? ""
      : end.settled_ms() == 0
          ? reader.voice("; chưa ai kết luận", "; nobody said what came of it")
          : absl::StrCat(reader.voice("; kết luận lúc ", "; settled on "),
                         InstantInWords(end.settled_ms()), reader.voice(", bởi ", " by "),
                         OneLine(reader.names.Person(end.settled_by())), ": ",
                         OneLine(end.settled_reason())));
}

Loss LossOf(const v1::DeviceView& device, size_t undecided, int64_t now_ms) {
  if (device.state() != v1::DEVICE_STATE_REVOKED) return Loss::kNone;
  if (undecided > 0) return Loss::kOfNow;
  const v1::DeviceEnd end = sync::EndOf(device);
  if (end.settled_ms() != 0) return Loss::kNone;
  // Whoever is not told why is not told either what came of it: their own, or not theirs to settle.
  if (end.revoked_ms() != 0 && end.revoked_reason().empty()) return Loss::kNone;
  // A server of before does not tell when.
  const bool of_now =
      UnsentOf(device) > 0 || end.revoked_ms() == 0 || now_ms - end.revoked_ms() < kBriefingMs;
  return of_now ? Loss::kOfNow : Loss::kEarlier;
}

std::string LossInWords(const Reader& reader, const v1::DeviceView& device, size_t undecided,
                        int64_t now_ms) {
  const Voice& voice = reader.voice;
  const uint64_t unsent = UnsentOf(device);
  return absl::StrCat(
      voice("MẤT MÁY  ", "LOST DEVICE  "), DeviceInWords(device), "\n  ",
      EndInWords(reader, device), "\n  ", voice("liên lạc cuối ", "last contact "),
      AgoInWords(voice, device.last_contact_ms(), now_ms),
      voice("; đã nhận đến số ", "; received up to change "), device.accepted_through(), "; ",
      unsent > 0 ? absl::StrCat(voice("ít nhất ", "at least "), unsent,
                                voice(" mục chưa gửi", " more were never sent"))
                 : voice("có thể còn mục chưa gửi", "it may hold others that were never sent"),
      undecided == 0 ? ""
                     : absl::StrCat("; ", undecided,
                                    voice(" mục đến sau chờ quyết định, ở dưới",
                                          " came afterwards and wait for a decision, below")),
      "\n",
      sync::EndOf(device).settled_ms() != 0
          ? ""
          : absl::StrCat(voice("  xong thì: ", "  when that is dealt with: "),
                         "sotayctl quarantine settle ", Hex(device.device_id()).substr(0, 8),
                         " --reason …\n"));
}

}  // namespace sotay::cli
