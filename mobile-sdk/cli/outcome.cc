#include "mobile-sdk/cli/outcome.h"

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/lease_words.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/link.h"

namespace sotay::cli {

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitDone;
    case absl::StatusCode::kInvalidArgument:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return kExitRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitNoNetwork;
    case absl::StatusCode::kOutOfRange:
      return kExitIncomplete;
    default:
      return kExitFailed;
  }
}

std::string ForkedInWords(const Voice& voice) {
  return voice(
      "sổ này bị sao chép hoặc bị lùi về trước: máy chủ giữ bản đến trước và không nhận thêm vào "
      "hồ sơ. Mọi điều đã ghi còn nguyên trong sổ này, phần chưa gửi được nộp riêng cho lãnh đạo "
      "xem. Xin mã mời mới và ghi danh lại ở thư mục khác: sotay --dir MỚI enroll MÃ_MỜI",
      "this notebook was copied or set back: what came first stays, and the server takes nothing "
      "more of it into records. Everything is kept here, and what was not sent is handed in for a "
      "leader to read. Ask for an invitation and enrol anew, in another directory: sotay --dir NEW "
      "enroll INVITATION");
}

std::string Sentence(const Voice& voice, const absl::Status& status) {
  if (const auto whose = status.GetPayload(sdk::kStrangerUrl)) {
    const std::string english = absl::StrCat("not trusted: ", std::string(status.message()));
    if (*whose == sdk::kDevices) {
      return voice(
          "máy chủ ngắt kết nối; chứng thư của máy này đã hết hạn theo đồng hồ của máy, hoặc do cơ "
          "quan chứng thực đã bị thay cấp: có thể vì thế. Chưa gửi gì, không mất gì. Nếu đồng hồ "
          "đúng và mạng nào cũng vậy: xin lời mời mới và chạy enroll LỜI-MỜI --again",
          english);
    }
    return voice(
        "không tin được máy chủ: chứng thư của máy chủ không do cơ quan chứng thực mà máy này tin "
        "cấp, hoặc đồng hồ của máy sai; hoặc có kẻ khác trả lời thay, hoặc đơn vị đã thay cơ quan "
        "chứng thực khi máy vắng mặt. Chưa gửi gì, không mất gì. Nếu đồng hồ đúng và mạng nào cũng "
        "vậy: xin lời mời mới và chạy enroll LỜI-MỜI --again",
        english);
  }
  std::string kind;
  switch (ExitCodeOf(status)) {
    case kExitDone:
      return voice("xong", "done");
    case kExitUsage:
      kind = voice("không đọc được", "cannot be read");
      break;
    case kExitNotFound:
      kind = voice("không tìm thấy", "not found");
      break;
    case kExitRefused:
      kind = voice("không được phép", "refused");
      break;
    case kExitNoNetwork:
      kind = voice("không có mạng", "no network");
      break;
    case kExitIncomplete:
      kind = voice("không đầy đủ", "incomplete");
      break;
    case kExitFailed:
      kind = voice("không thành công", "failed");
      break;
  }
  if (sdk::DetailOf(status).reason() == v1::REASON_DEVICE_FORKED) {
    return absl::StrCat(kind, ": ", ForkedInWords(voice));
  }
  if (const auto closed = sdk::LeaseClosedOf(status)) {
    return absl::StrCat(kind, ": ", ClosedInWords(voice, *closed));
  }
  return absl::StrCat(kind, ": ", OneLine(absl::string_view(status.message())));
}

}  // namespace sotay::cli
