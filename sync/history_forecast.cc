#include "sync/history_forecast.h"

#include <algorithm>
#include <utility>

namespace sotay::sync {

void HistoryForecast::Begin(uint32_t device) {
  device_ = device;
  if (device >= of_device_.size()) of_device_.resize(device + 1);
  const std::vector<uint32_t>& own = of_device_[device];
  seen_ = own.empty() ? Seen() : changes_[own.back()].seen;
  own_is_seen_ = false;
}

uint64_t HistoryForecast::Known(uint32_t device) const {
  return device < seen_.size() ? seen_[device] : 0;
}

uint32_t HistoryForecast::Changes(uint32_t device) const {
  return device < of_device_.size() ? static_cast<uint32_t>(of_device_[device].size()) : 0;
}

void HistoryForecast::See(uint32_t place) {
  const Seen& other = changes_[place].seen;
  if (seen_.size() < other.size()) seen_.resize(other.size(), 0);
  for (size_t i = 0; i < other.size(); ++i) seen_[i] = std::max(seen_[i], other[i]);
  if (device_ < other.size() && other[device_] == Changes(device_)) own_is_seen_ = true;
}

const HistoryForecast::TextEdit* HistoryForecast::LastSeen(const std::vector<TextEdit>& edits,
                                                           uint32_t device) const {
  const uint64_t count = device == device_ ? UINT64_MAX : Known(device);
  const auto end = std::partition_point(edits.begin(), edits.end(),
                                        [&](const TextEdit& e) { return e.ordinal < count; });
  return end == edits.begin() ? nullptr : &*(end - 1);
}

int64_t HistoryForecast::Length(uint32_t text) {
  text_ = text;
  length_ = 0;
  cursor_ = 0;
  edit_ = {static_cast<uint32_t>(changes_.size()), Changes(device_), 0, {}};
  if (!Followed()) return length_;
  if (text >= texts_.size()) texts_.resize(text + 1);
  Text& known = texts_[text];
  const size_t devices = std::max<size_t>(device_ + 1, known.edits.size());
  known.edits.resize(devices);
  known.writers.resize(devices);
  MoveCursor(&known, &known.writers[device_]);
  length_ = known.length;
  for (uint32_t device = 0; device < devices; ++device) {
    if (const TextEdit* last = LastSeen(known.edits[device], device)) length_ += last->grown;
  }
  return length_;
}

// Moves it by what others typed and deleted before it, as far as the author has seen that since
// its last edit.  Roughly: an order of arrival is taken for the order of the text.
void HistoryForecast::MoveCursor(Text* text, Writer* writer) {
  std::vector<const TextEdit*> fresh;
  writer->seen.resize(seen_.size(), 0);
  for (uint32_t device = 0; device < text->edits.size() && device < seen_.size(); ++device) {
    if (device == device_) continue;
    const std::vector<TextEdit>& edits = text->edits[device];
    auto at = std::partition_point(edits.begin(), edits.end(), [&](const TextEdit& edit) {
      return edit.ordinal < writer->seen[device];
    });
    for (; at != edits.end() && at->ordinal < seen_[device]; ++at) fresh.push_back(&*at);
  }
  std::stable_sort(fresh.begin(), fresh.end(),
                   [](const TextEdit* a, const TextEdit* b) { return a->place < b->place; });
  int64_t& cursor = writer->cursor;
  for (const TextEdit* edit : fresh) {
    for (const Splice& splice : edit->splices) {
      const int64_t begin = splice.position;
      if (begin >= cursor) continue;
      cursor = begin + splice.deleted <= cursor ? cursor - splice.deleted + splice.inserted
                                                : begin + splice.inserted;
    }
  }
  cursor_ = cursor;
  writer->seen = seen_;
}

void HistoryForecast::LengthIs(int64_t length) {
  if (Followed()) texts_[text_].length += length - length_;
}

void HistoryForecast::Spliced(uint32_t position, uint32_t deleted, uint32_t inserted) {
  cursor_ = int64_t{position} + inserted;
  if (!Followed()) return;
  edit_.splices.push_back({position, deleted, inserted});
  edit_.grown += int64_t{inserted} - deleted;
}

void HistoryForecast::EndEdit() {
  if (!Followed()) return;
  Text& text = texts_[text_];
  text.writers[device_].cursor = cursor_;
  std::vector<TextEdit>& edits = text.edits[device_];
  if (!edits.empty()) edit_.grown += edits.back().grown;
  edits.push_back(std::move(edit_));
}

void HistoryForecast::End() {
  const auto place = static_cast<uint32_t>(changes_.size());
  std::vector<uint32_t>& own = of_device_[device_];
  const auto ordinal = static_cast<uint32_t>(own.size());
  own.push_back(place);
  if (device_ < kDevices) {
    if (seen_.size() <= device_) seen_.resize(device_ + 1, 0);
    seen_[device_] = ordinal + 1;
  }
  changes_.push_back({device_, ordinal, std::move(seen_)});
  seen_.clear();
}

}  // namespace sotay::sync
