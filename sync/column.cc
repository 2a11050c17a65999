#include "sync/column.h"

namespace sotay::sync {

void PutNumber(uint64_t number, std::string* column) {
  for (; number >= 0x80; number >>= 7) column->push_back(static_cast<char>(number | 0x80));
  column->push_back(static_cast<char>(number));
}

uint64_t ColumnReader::Number() {
  uint64_t number = 0;
  for (size_t i = 0; i < 10 && i < left_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(left_[i]);
    number |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte >= 0x80) continue;
    if ((byte == 0 && i > 0) || (i == 9 && byte > 1)) break;
    left_.remove_prefix(i + 1);
    return number;
  }
  *failed_ = true;
  left_ = {};
  return 0;
}

uint64_t ColumnReader::Number(uint64_t max) {
  const uint64_t number = Number();
  if (number <= max) return number;
  *failed_ = true;
  return 0;
}

absl::string_view ColumnReader::Bytes(uint64_t count) {
  if (count > left_.size()) {
    *failed_ = true;
    return {};
  }
  const absl::string_view bytes = left_.substr(0, count);
  left_.remove_prefix(count);
  return bytes;
}

absl::string_view ColumnReader::Scalars(uint64_t count) {
  size_t end = 0;
  for (; count > 0 && end < left_.size(); --count) {
    do {
      ++end;
    } while (end < left_.size() && (static_cast<unsigned char>(left_[end]) & 0xC0) == 0x80);
  }
  if (count == 0) return Bytes(end);
  *failed_ = true;
  return {};
}

}  // namespace sotay::sync
