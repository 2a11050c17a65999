#include "mobile-sdk/cli/outcome.h"

#include "absl/strings/str_cat.h"
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
    default:
      return kExitFailed;
  }
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
    case kExitFailed:
      kind = voice("không thành công", "failed");
      break;
  }
  return absl::StrCat(kind, ": ", OneLine(absl::string_view(status.message())));
}

}  // namespace sotay::cli
