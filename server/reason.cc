#include "server/reason.h"

#include "server/refusal.h"
#include "sync/limits.h"
#include "sync/text.h"

namespace sotay::server {

absl::Status CheckReason(const std::string& reason) {
  if (reason.empty()) return Malformed("reason is empty; name the decision, for the record");
  if (reason.size() > sync::kReasonBytesMax) {
    return TooLarge("reason: bytes", reason.size(), sync::kReasonBytesMax, "shorten it");
  }
  if (sync::Utf8Prefix(reason) != reason.size()) return Malformed("reason is not text in UTF-8");
  return absl::OkStatus();
}

}  // namespace sotay::server
