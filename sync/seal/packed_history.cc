#include "sync/seal/packed_history.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sync/column.h"
#include "sync/limits.h"
#include "sync/seal/brotli.h"
#include "sync/seal/packed.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

using sync::HistoryColumns;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("history: ", what));
}

struct Head {
  uint64_t changes = 0;
  uint64_t number_count = 0;
  uint64_t number_bytes = 0;
  uint64_t devices = 0;
  uint64_t outside = 0;
  uint64_t name_bytes = 0;
  uint64_t bytes = 0;
  uint64_t typed_bytes = 0;
  HistoryText text = HistoryText::kPlain;

  uint64_t text_bytes() const { return name_bytes + bytes + typed_bytes; }
};

absl::StatusOr<Head> ReadHead(sync::ColumnReader* form, const bool* failed) {
  const uint64_t version = form->Number();
  if (!*failed && version != sync::kHistoryVersion) {
    return Malformed(absl::StrCat("version ", version, ", known is ", sync::kHistoryVersion));
  }
  Head head;
  head.changes = form->Number(sync::kHistoryPartChangesMax);
  head.number_count = form->Number(sync::kHistoryPartBytesMax);
  head.number_bytes = form->Number(sync::kHistoryPartBytesMax);
  head.devices = form->Number(sync::kHistoryPartChangesMax);
  head.outside = form->Number(sync::kHistoryPartBytesMax / sync::ChangeId::kSize);
  head.name_bytes = form->Number(sync::kHistoryPartBytesMax);
  head.bytes = form->Number(sync::kHistoryPartBytesMax);
  head.typed_bytes = form->Number(sync::kHistoryPartBytesMax);
  head.text = static_cast<HistoryText>(form->Number(static_cast<uint32_t>(HistoryText::kBrotli)));
  if (*failed) return Malformed("its head is cut short or over a limit");
  if (head.text_bytes() > sync::kHistoryPartBytesMax) {
    return Malformed(
        absl::StrCat(head.text_bytes(), " bytes of text, limit ", sync::kHistoryPartBytesMax));
  }
  return head;
}

absl::StatusOr<HistoryColumns> ReadForm(absl::string_view bytes) {
  bool failed = false;
  sync::ColumnReader form(bytes, &failed);
  SOTAY_ASSIGN_OR_RETURN(const Head head, ReadHead(&form, &failed));
  const auto take = [&](uint64_t size) { return std::string(form.Bytes(size)); };
  HistoryColumns columns;
  columns.changes = head.changes;
  columns.number_count = head.number_count;
  columns.numbers = take(head.number_bytes);
  columns.devices = take(head.devices * sync::DeviceId::kSize);
  columns.outside = take(head.outside * sync::ChangeId::kSize);
  columns.ids = take(head.changes * sync::ChangeId::kSize);
  if (failed) return Malformed("its numbers and ids are cut short");
  const absl::string_view rest = form.Bytes(form.size());
  std::string unpacked;
  absl::string_view text = rest;
  if (head.text == HistoryText::kBrotli) {
    SOTAY_ASSIGN_OR_RETURN(unpacked, UnpackBrotli(rest, head.text_bytes()));
    text = unpacked;
  }
  if (text.size() != head.text_bytes()) {
    return Malformed(absl::StrCat(text.size(), " bytes of text, declared ", head.text_bytes()));
  }
  columns.names = std::string(text.substr(0, head.name_bytes));
  columns.bytes = std::string(text.substr(head.name_bytes, head.bytes));
  columns.typed = std::string(text.substr(head.name_bytes + head.bytes));
  return columns;
}

}  // namespace

v1::Packed PackColumns(const HistoryColumns& columns, HistoryText text) {
  const std::string plain = columns.names + columns.bytes + columns.typed;
  std::string brotli;
  if (text == HistoryText::kBrotli) {
    brotli = PackBrotli(plain);
    if (brotli.size() >= plain.size() || plain.size() > kPackedRatioMax * brotli.size()) {
      text = HistoryText::kPlain;
    }
  }
  v1::Packed packed;
  std::string* const form = packed.mutable_data();
  for (const uint64_t number :
       {uint64_t{sync::kHistoryVersion}, columns.changes, columns.number_count,
        uint64_t{columns.numbers.size()}, uint64_t{columns.devices.size() / sync::DeviceId::kSize},
        uint64_t{columns.outside.size() / sync::ChangeId::kSize}, uint64_t{columns.names.size()},
        uint64_t{columns.bytes.size()}, uint64_t{columns.typed.size()},
        uint64_t{static_cast<uint32_t>(text)}}) {
    sync::PutNumber(number, form);
  }
  *form += columns.numbers + columns.devices + columns.outside + columns.ids;
  *form += text == HistoryText::kBrotli ? brotli : plain;
  packed.set_codec(v1::CODEC_PLAIN);
  packed.set_size(static_cast<uint32_t>(form->size()));
  return packed;
}

v1::Packed PackHistory(const std::vector<sync::AdmittedEdit>& edits) {
  return PackColumns(sync::WriteHistory(edits));
}

absl::StatusOr<std::vector<sync::AdmittedEdit>> UnpackHistory(const v1::Packed& packed,
                                                              const sync::RecordId& record) {
  if (packed.codec() != v1::CODEC_PLAIN) {
    return Malformed(absl::StrCat("codec ", static_cast<int>(packed.codec()), ", known is ",
                                  static_cast<int>(v1::CODEC_PLAIN), " (plain)"));
  }
  SOTAY_ASSIGN_OR_RETURN(const std::string form, Unpack(packed, sync::kHistoryPartBytesMax));
  SOTAY_ASSIGN_OR_RETURN(const HistoryColumns columns, ReadForm(form));
  return sync::ReadHistory(columns, record);
}

}  // namespace sotay::seal
