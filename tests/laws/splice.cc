#include "tests/laws/splice.h"

namespace sotay::laws {
namespace {

std::string Varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<char>(0x80 | (number & 0x7F)));
  bytes.push_back(static_cast<char>(number));
  return bytes;
}

}  // namespace

std::u32string Scalars(const std::string& utf8) {
  std::u32string scalars;
  for (char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      scalars.push_back(byte);
    } else if (byte >= 0xF0) {
      scalars.push_back(byte & 0x07u);
    } else if (byte >= 0xE0) {
      scalars.push_back(byte & 0x0Fu);
    } else if (byte >= 0xC0) {
      scalars.push_back(byte & 0x1Fu);
    } else if (!scalars.empty()) {
      scalars.back() = scalars.back() << 6 | (byte & 0x3Fu);
    }
  }
  return scalars;
}

std::string Utf8(const std::u32string& scalars) {
  std::string utf8;
  for (char32_t scalar : scalars) {
    const int tails = scalar < 0x80 ? 0 : scalar < 0x800 ? 1 : scalar < 0x10000 ? 2 : 3;
    const unsigned lead[] = {0x00, 0xC0, 0xE0, 0xF0};
    utf8.push_back(static_cast<char>(lead[tails] | (scalar >> (6 * tails))));
    for (int i = tails - 1; i >= 0; --i) {
      utf8.push_back(static_cast<char>(0x80 | ((scalar >> (6 * i)) & 0x3F)));
    }
  }
  return utf8;
}

absl::optional<std::string> Splice(const std::string& before, const v1::TextEdit& edit) {
  std::u32string text = Scalars(before);
  if (text.size() != edit.length_before()) return absl::nullopt;
  for (const v1::TextSplice& splice : edit.splices()) {
    if (splice.position() > text.size()) return absl::nullopt;
    if (splice.deleted() > text.size() - splice.position()) return absl::nullopt;
    text = text.substr(0, splice.position()) + Scalars(splice.inserted()) +
           text.substr(splice.position() + splice.deleted());
  }
  return Utf8(text);
}

std::string TextFragment(uint32_t field, const std::string& text) {
  if (text.empty()) return "";
  return Varint(field << 3 | 2u) + Varint(text.size()) + text;
}

std::string NumberFragment(uint32_t field, uint64_t number) {
  return Varint(field << 3) + Varint(number);
}

std::string EntryFragment(uint32_t field, const std::string& key, const std::string& value) {
  const std::string entry =
      TextFragment(1, key) + Varint(2u << 3 | 2u) + Varint(value.size()) + value;
  return Varint(field << 3 | 2u) + Varint(entry.size()) + entry;
}

uint64_t VarintIn(const std::string& fragment) {
  if (fragment.empty()) return 0;
  uint64_t number = 0;
  int shift = 0;
  size_t at = 0;
  while (at < fragment.size() && (fragment[at] & 0x80) != 0) ++at;  // past the tag
  for (++at; at < fragment.size(); ++at, shift += 7) {
    number |= (static_cast<uint64_t>(fragment[at]) & 0x7F) << shift;
  }
  return number;
}

}  // namespace sotay::laws
