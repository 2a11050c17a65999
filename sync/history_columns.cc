#include "sync/history_columns.h"

#include "absl/strings/str_cat.h"
#include "sync/limits.h"

namespace sotay::sync {
namespace {

// What each takes besides its bytes, numbers at their longest.
constexpr size_t kPerChange = ChangeId::kSize + DeviceId::kSize + 80;
constexpr size_t kPerParent = 8;
constexpr size_t kPerTold = DeviceId::kSize + 10;
constexpr size_t kPerOp = 24;
constexpr size_t kPerSplice = 15;
constexpr size_t kPerPart = 1'024;

size_t UnknownBytes(const v1::RecordEdit& edit) {
  const auto& unknown = edit.GetReflection()->GetUnknownFields(edit);
  return unknown.empty() ? 0 : unknown.SpaceUsedLong();
}

size_t BytesAtMost(const AdmittedEdit& edit) {
  size_t bytes = kPerChange + edit.edit.type().size() + UnknownBytes(edit.edit) +
                 edit.reason.size() + edit.admission.ByteSizeLong() +
                 static_cast<size_t>(edit.edit.parents_size()) * kPerParent +
                 edit.told.entries().size() * kPerTold;
  for (const v1::FieldOp& op : edit.edit.ops()) {
    bytes +=
        kPerOp + op.ByteSizeLong() + static_cast<size_t>(op.text().splices_size()) * kPerSplice;
  }
  return bytes;
}

}  // namespace

std::string HistoryColumns::Joined() const {
  std::string joined = head;
  for (const std::string& column : columns) joined += column;
  return joined;
}

bool HistoryPart::Take(const AdmittedEdit& edit) {
  size_t bytes = BytesAtMost(edit);
  for (const std::string& parent : edit.edit.parents()) {
    if (!ids_.contains(parent)) bytes += ChangeId::kSize;
  }
  if (changes_ > 0 &&
      (changes_ == kHistoryPartChangesMax || bytes_ + bytes > kHistoryPartBytesMax - kPerPart)) {
    return false;
  }
  ids_.insert(edit.change.str());
  ++changes_;
  bytes_ += bytes;
  return true;
}

}  // namespace sotay::sync
