#include "sync/text_units.h"

#include "sync/text_prose.h"

namespace sotay::sync {

TextUnits::TextUnits(absl::string_view text, const std::u32string& scalars) : text_(text) {
  const TextSheet sheet(scalars);
  TextProse prose(sheet);
  units_.reserve(scalars.size() + 1);
  uint32_t byte = 0;
  for (uint32_t i = 0; i < scalars.size(); ++i) {
    const char32_t c = scalars[i];
    if (!prose.Joins(i)) units_.push_back({byte, i, c, prose.Break(i)});
    byte += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  }
  units_.push_back({byte, static_cast<uint32_t>(scalars.size()), 0, true});
}

std::vector<uint32_t> TextUnits::Those(uint32_t i, uint32_t end,
                                       bool (TextUnits::*is)(uint32_t) const) const {
  std::vector<uint32_t> those;
  for (; i < end; ++i) {
    if ((this->*is)(i)) those.push_back(i);
  }
  return those;
}

}  // namespace sotay::sync
