#include "server/birth_run.h"

#include <algorithm>

namespace sotay::server {
namespace {

// Where `value` is among `values`, which are few; behind them when it was not, and then it is.
template <typename Values>
uint32_t IndexIn(absl::string_view value, Values* values) {
  const auto at = std::find(values->rbegin(), values->rend(), value);  // most are as the one before
  if (at != values->rend()) return static_cast<uint32_t>(values->rend() - at - 1);
  values->Add()->assign(value.data(), value.size());
  return static_cast<uint32_t>(values->size() - 1);
}

// Whether each index is of one of `kinds`, and each kind has its first use in order.
template <typename Indexes>
bool Name(const Indexes& indexes, int kinds) {
  int used = 0;
  for (const uint32_t index : indexes) {
    if (index > static_cast<uint32_t>(used)) return false;
    if (index == static_cast<uint32_t>(used)) ++used;
  }
  return used == kinds;
}

}  // namespace

void BirthRun::Add(const FeedPlace& place, const stored::v1::FeedRow& row) {
  places_.push_back(place);
  row_.mutable_record_ids()->append(place.record.view().data(), sync::RecordId::kSize);
  row_.add_type(IndexIn(row.type(), row_.mutable_types()));
  row_.add_dossier(IndexIn(row.dossier_id(), row_.mutable_dossier_ids()));
  row_.add_state(row.state());
}

void BirthRun::Clear() {
  row_.Clear();
  places_.clear();
}

void BirthRun::AppendTo(uint64_t position, std::string* out) {
  for (const FeedPlace& place : places_) {
    row_.add_back(static_cast<uint32_t>(position - place.position));
  }
  const bool one_type = row_.types_size() == 1;
  const bool one_dossier = row_.dossier_ids_size() == 1;
  const int count = row_.type_size();
  if (one_type) row_.clear_type();
  if (one_dossier) row_.clear_dossier();
  row_.AppendToString(out);
  if (one_type) row_.mutable_type()->Resize(count, 0);
  if (one_dossier) row_.mutable_dossier()->Resize(count, 0);
  row_.clear_back();
}

bool BirthRun::Fits() const {
  const int count = row_.back_size();
  return count > 0 && row_.type_size() == count && row_.dossier_size() == count &&
         row_.state_size() == count &&
         row_.record_ids().size() == static_cast<size_t>(count) * sync::RecordId::kSize &&
         Name(row_.type(), row_.types_size()) && Name(row_.dossier(), row_.dossier_ids_size());
}

absl::optional<BirthRun> BirthRun::Read(uint64_t position, absl::string_view value) {
  BirthRun run;
  stored::v1::BirthRunRow& row = run.row_;
  if (!row.ParseFromArray(value.data(), static_cast<int>(value.size()))) return absl::nullopt;
  const int count = row.back_size();
  if (row.types_size() == 1 && row.type().empty()) row.mutable_type()->Resize(count, 0);
  if (row.dossier_ids_size() == 1 && row.dossier().empty()) {
    row.mutable_dossier()->Resize(count, 0);
  }
  if (!run.Fits()) return absl::nullopt;
  run.places_.reserve(static_cast<size_t>(count));
  absl::string_view ids = row.record_ids();
  for (const uint32_t back : row.back()) {
    if (back >= position) return absl::nullopt;
    const FeedPlace place{position - back,
                          *sync::RecordId::From(ids.substr(0, sync::RecordId::kSize))};
    if (!run.places_.empty() && !(run.places_.back() < place)) return absl::nullopt;
    run.places_.push_back(place);
    ids.remove_prefix(sync::RecordId::kSize);
  }
  row.clear_back();
  return run;
}

void BirthRun::FillRow(size_t index, stored::v1::FeedRow* row) const {
  const int at = static_cast<int>(index);
  row->Clear();
  row->set_type(row_.types(static_cast<int>(row_.type(at))));
  row->set_state(row_.state(at));
  row->set_dossier_id(row_.dossier_ids(static_cast<int>(row_.dossier(at))));
  row->set_newborn(true);
}

}  // namespace sotay::server
