#include "sync/history_columns.h"

#include <bit>

#include "sync/column.h"
#include "sync/limits.h"
#include "sync/stamp.h"

namespace sotay::sync {
namespace {

// What a number takes at most, many together, in bits: the unary ones and the leading ones each a
// bit and a half, even if every time the less likely one comes; the rest one each.
constexpr size_t Bits(uint64_t number) {
  const auto length = static_cast<size_t>(std::bit_width(number));
  return (length + 4) * 3 / 2 + length;
}
constexpr size_t BitsFrom(uint64_t foretold, uint64_t number) {
  return Bits(Folded(number - foretold));
}

constexpr size_t kWide = Bits(UINT64_MAX);
constexpr size_t kPlaceBits = Bits(1 << 16);  // a turn, a place, a name, a text
constexpr size_t kEndBits = Bits(uint64_t{1} << 35);
constexpr size_t kSizeBits = Bits(kHistoryPartBytesMax);

// Numbers of a change as if its device were new: author, typed, sequence, user, type.
constexpr size_t kPerChange = 3 * kPlaceBits + kSizeBits + kWide;
constexpr size_t kPerParent = 2 * kPlaceBits;
// Kind, key of its text, the length of that.
constexpr size_t kPerOp = 2 * kPlaceBits + kWide;
// A head and what a rare number takes the first time.
constexpr size_t kPerPart = 4'096;

size_t UnknownBytes(const v1::RecordEdit& edit) {
  const auto& unknown = edit.GetReflection()->GetUnknownFields(edit);
  return unknown.empty() ? 0 : unknown.SpaceUsedLong();
}

size_t OpBits(const v1::FieldOp& op) {
  size_t bits = kPerOp + Bits(op.field()) + Bits(op.key().size()) + Bits(op.ByteSizeLong()) +
                Bits(static_cast<uint64_t>(op.text().splices_size()));
  for (const v1::TextSplice& splice : op.text().splices()) {
    bits += kEndBits + Bits(splice.deleted()) + Bits(splice.inserted().size());
  }
  return bits;
}

// All but positions and stamps.
size_t NumberBits(const AdmittedEdit& edit) {
  const auto ms = static_cast<uint64_t>(StampMs(edit.admission.stamp()));
  size_t bits = kPerChange + BitsFrom(ms, static_cast<uint64_t>(edit.claimed_ms)) +
                BitsFrom(ms, static_cast<uint64_t>(edit.admission.received_ms())) +
                Bits(edit.admission.ByteSizeLong()) + Bits(edit.admission.user_id().size()) +
                Bits(edit.edit.type().size()) + Bits(UnknownBytes(edit.edit)) +
                Bits(2 * uint64_t{UINT32_MAX}) + Bits(edit.reason.size()) +
                Bits(static_cast<uint64_t>(edit.edit.ops_size())) +
                Bits(static_cast<uint64_t>(edit.edit.parents_size()) * 2 + 1) +
                static_cast<size_t>(edit.edit.parents_size()) * kPerParent +
                Bits(edit.told.entries().size());
  for (const auto& [id, sequence] : edit.told.entries()) bits += Bits(sequence);
  for (const v1::FieldOp& op : edit.edit.ops()) bits += OpBits(op);
  return bits;
}

// Of the columns.
size_t ByteCount(const AdmittedEdit& edit) {
  size_t bytes = ChangeId::kSize + DeviceId::kSize + edit.edit.type().size() +
                 UnknownBytes(edit.edit) + edit.reason.size() + edit.admission.ByteSizeLong() +
                 edit.told.entries().size() * DeviceId::kSize;
  for (const v1::FieldOp& op : edit.edit.ops()) bytes += op.ByteSizeLong();
  return bytes;
}

}  // namespace

bool HistoryPart::Take(const AdmittedEdit& edit) {
  const size_t bits = NumberBits(edit) + BitsFrom(position_ + 1, edit.admission.position()) +
                      BitsFrom(stamp_, edit.admission.stamp());
  size_t bytes = ByteCount(edit) + bits / 8 + 1;
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
  position_ = edit.admission.position();
  stamp_ = edit.admission.stamp();
  return true;
}

}  // namespace sotay::sync
