#include "mobile-sdk/cli/lease_words.h"

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/instant.h"

namespace sotay::cli {
namespace {

constexpr int64_t kWarningMs = int64_t{24} * 60 * 60 * 1000;

std::string GoesOn(const Voice& voice) {
  return voice(
      "Vẫn ghi bản ghi mới và gửi được như thường; điều ghi ở máy này mà máy chủ chưa trả lại: "
      "sotay list --here",
      "New records are written and sent as ever; what was written here and has not come back: "
      "sotay list --here");
}

std::string RevokedInWords(const Voice& voice, int64_t revoked_ms) {
  return absl::StrCat(voice("máy này đã bị thu hồi, máy chủ báo lúc ",
                            "this device was revoked, as the server said on "),
                      InstantInWords(revoked_ms),
                      voice("; bản ghi không đọc được ở đây nữa. Chạy sotay sync để nộp phần chưa "
                            "gửi, rồi gặp người quản trị. ",
                            "; records are not read here any more. Run sotay sync to hand in what "
                            "is unsent, and see the administrator. "),
                      GoesOn(voice));
}

std::string EndedInWords(const Voice& voice, int64_t contact_ms, uint32_t days, int64_t until_ms) {
  return absl::StrCat(
      voice("liên lạc cuối với máy chủ lúc ", "the last contact with the server was on "),
      InstantInWords(contact_ms),
      voice("; không liên lạc thì chỉ đọc được ", "; without one records are read for "), days,
      voice(" ngày, đến ", " days, until "), InstantInWords(until_ms),
      voice(". Chạy sotay sync, đọc lại được hết. ",
            ". Run sotay sync, and all of it is open again. "),
      GoesOn(voice));
}

}  // namespace

std::string ClosedInWords(const Voice& voice, const sdk::LeaseClosed& closed) {
  return closed.revoked_ms != 0
             ? RevokedInWords(voice, closed.revoked_ms)
             : EndedInWords(voice, closed.contact_ms, closed.days, closed.until_ms);
}

std::string ReadableInWords(const Voice& voice, const sdk::Status& status) {
  if (status.reading.revoked_ms != 0) {
    return absl::StrCat(voice("KHÔNG: ", "NO: "), RevokedInWords(voice, status.reading.revoked_ms));
  }
  if (status.reading.days == 0) return "";
  if (!status.reading.open) {
    return absl::StrCat(
        voice("KHÔNG: ", "NO: "),
        EndedInWords(voice, status.last_contact_ms, status.reading.days, status.reading.until_ms));
  }
  const std::string until =
      absl::StrCat(voice("đến ", "until "), InstantInWords(status.reading.until_ms),
                   voice(" nếu không liên lạc máy chủ (", " without a contact ("),
                   status.reading.days, voice(" ngày)", " days)"));
  if (status.reading.left_ms >= kWarningMs) return until;
  return absl::StrCat(
      voice("SẮP HẾT, còn ", "ENDS SOON, in "), SpanInWords(voice, status.reading.left_ms), ": ",
      until, voice("; đồng bộ trước lúc đó: sotay sync", "; synchronise before: sotay sync"));
}

nlohmann::json ReadableJson(const sdk::Status& status) {
  const bool ends = status.reading.days != 0;
  return {{"now", status.reading.open},
          {"offline_days", status.reading.days},
          {"until_ms", ends ? nlohmann::json(status.reading.until_ms) : nlohmann::json(nullptr)},
          {"left_ms", ends ? nlohmann::json(status.reading.left_ms) : nlohmann::json(nullptr)},
          {"ends_soon", ends && status.reading.open && status.reading.left_ms < kWarningMs},
          {"revoked_ms", status.reading.revoked_ms}};
}

}  // namespace sotay::cli
