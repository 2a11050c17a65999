#include "mobile-sdk/cli/clock_words.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/instant.h"
#include "sync/unknown_time.h"

namespace sotay::cli {

std::string ClockInWords(const Voice& voice, const v1::Admission& admission) {
  if (sync::IsTimeUnknown(admission.stamp())) {
    return voice("  (không rõ ghi lúc nào: giờ máy đã bị chỉnh)",
                 "  (when is unknown: its clock was moved)");
  }
  const bool corrected = std::any_of(
      admission.marks().begin(), admission.marks().end(),
      [](int mark) { return mark == v1::MARK_CLOCK_CORRECTED || mark == v1::MARK_CLOCK_BOUNDED; });
  if (!corrected) return "";
  return absl::StrCat(voice("  (giờ máy đã được hiệu chỉnh: ", "  (clock corrected: "),
                      InstantInWords(sync::StampMs(admission.stamp())), ")");
}

std::string DoubtInWords(const Voice& voice, const sdk::DoubtfulTime& time) {
  const std::string off = SpanInWords(voice, std::llabs(time.ahead_ms));
  const std::string wrong =
      time.unknown        ? voice("máy đã bị chỉnh giờ", "the clock was moved")
      : time.ahead_ms > 0 ? absl::StrCat(voice("đồng hồ máy nhanh ", "the clock was fast by "), off)
                          : absl::StrCat(voice("đồng hồ máy chậm ", "the clock was slow by "), off);
  const std::string id = time.record.Short();
  return absl::StrCat(
      id, ": ", InstantInWords(time.at_ms), voice(", ghi khi ", ", written while "), wrong,
      voice("; sửa: sotay edit ", "; mend it: sotay edit "), id, " ", time.field,
      voice("=..., hoặc nếu đúng: sotay confirm ", "=..., or if it is right: sotay confirm "), id);
}

}  // namespace sotay::cli
