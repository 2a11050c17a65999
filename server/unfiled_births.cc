#include "server/unfiled_births.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "absl/strings/match.h"

namespace sotay::server {

uint32_t UnfiledBirths::NumberOf(const std::string& unit) {
  const auto known = numbers_.find(unit);
  if (known != numbers_.end()) return known->second;
  const auto number = static_cast<uint32_t>(units_.size());
  units_.push_back(unit);
  numbers_[unit] = number;
  return number;
}

void UnfiledBirths::Announce(const std::vector<BirthPlace>& births) {
  if (births.empty()) return;
  absl::MutexLock lock(&mutex_);
  const std::string* unit = nullptr;  // of the last
  uint32_t number = 0;
  for (const BirthPlace& birth : births) {
    if (unit == nullptr || *unit != birth.unit) {
      unit = &birth.unit;
      number = NumberOf(birth.unit);
    }
    announced_[birth.record] = Place{birth.position, number};
  }
}

void UnfiledBirths::Gather() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [record, place] : announced_) {
    uint64_t& newest = gathered_to_[place.unit];
    newest = std::max(newest, place.position);
    gathered_[record] = place;
  }
  announced_.clear();
}

void UnfiledBirths::Forget() {
  absl::MutexLock lock(&mutex_);
  announced_.clear();
}

bool UnfiledBirths::IsAnnounced(const sync::RecordId& record) const {
  absl::ReaderMutexLock lock(&mutex_);
  return announced_.contains(record);
}

uint64_t UnfiledBirths::filings() const {
  absl::ReaderMutexLock lock(&mutex_);
  return filings_;
}

void UnfiledBirths::Drop(const std::vector<sync::RecordId>& records) {
  if (records.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const sync::RecordId& record : records) {
    gathered_.erase(record);
    filing_.erase(record);
  }
}

absl::optional<BirthPlace> UnfiledBirths::Find(const sync::RecordId& record) const {
  absl::ReaderMutexLock lock(&mutex_);
  for (const Places* places : {&announced_, &gathered_, &filing_}) {
    const auto at = places->find(record);
    if (at != places->end()) return At(at);
  }
  return absl::nullopt;
}

absl::optional<BirthPlace> UnfiledBirths::From(const sync::RecordId& record) const {
  absl::optional<BirthPlace> first;
  absl::ReaderMutexLock lock(&mutex_);
  for (const Places* places : {&gathered_, &filing_}) {
    const auto at = places->lower_bound(record);
    if (at == places->end() || (first.has_value() && first->record < at->first)) continue;
    first = At(at);
  }
  return first;
}

std::vector<BirthPlace> UnfiledBirths::Under(absl::string_view prefix) const {
  std::array<char, sync::RecordId::kSize> least{};
  std::copy_n(prefix.begin(), std::min(prefix.size(), least.size()), least.begin());
  std::vector<BirthPlace> under;
  absl::ReaderMutexLock lock(&mutex_);
  for (const Places* places : {&gathered_, &filing_}) {
    for (auto at = places->lower_bound(sync::RecordId(least));
         at != places->end() && absl::StartsWith(at->first.view(), prefix); ++at) {
      under.push_back(At(at));
    }
  }
  std::sort(under.begin(), under.end(),
            [](const BirthPlace& a, const BirthPlace& b) { return a.record < b.record; });
  return under;
}

bool UnfiledBirths::empty() const {
  absl::ReaderMutexLock lock(&mutex_);
  return gathered_.empty() && filing_.empty() && gathered_to_.empty() && filing_to_.empty();
}

Filing UnfiledBirths::Next(size_t most, bool all) {
  Filing filing;
  absl::MutexLock lock(&mutex_);
  if (filing_.empty() && filing_to_.empty() && (all || gathered_.size() >= gathered_max_)) {
    filing_.swap(gathered_);
    filing_to_.swap(gathered_to_);
  }
  auto at = filing_.cbegin();
  for (; at != filing_.cend() && filing.births.size() < most; ++at) {
    filing.births.push_back(At(at));
  }
  if (at != filing_.cend()) return filing;
  for (const auto& [unit, position] : filing_to_) filing.filed.emplace_back(units_[unit], position);
  return filing;
}

void UnfiledBirths::Done(const Filing& filing) {
  if (filing.empty()) return;
  absl::MutexLock lock(&mutex_);
  ++filings_;
  if (!filing.filed.empty()) {
    filing_.clear();
    filing_to_.clear();
    return;
  }
  filing_.erase(filing_.begin(), filing_.upper_bound(filing.births.back().record));
}

}  // namespace sotay::server
