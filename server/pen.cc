#include "server/pen.h"

#include <utility>

namespace sotay::server {
namespace {

// Whether two lists in order have anything in common.
template <typename Id>
bool Meet(const std::vector<Id>& a, const std::vector<Id>& b) {
  auto in_a = a.begin();
  auto in_b = b.begin();
  while (in_a != a.end() && in_b != b.end()) {
    if (*in_a < *in_b) {
      ++in_a;
    } else if (*in_b < *in_a) {
      ++in_b;
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::Status Pen::LearnRecords() {
  absl::StatusOr<KnownRecords> known = KnownRecords::Of(&store_, directory_);
  if (known.ok()) known_ = *std::move(known);
  return known.status();
}

void Pen::NoteBirths(const Round& round) {
  if (!known_.has_value()) return;
  for (const auto& [id, written] : round.outcome->records) {
    if (written.previous_position() == 0) known_->Add(id);
  }
}

absl::Status Pen::Commit(const Round& round) {
  Settle();
  NoteBirths(round);
  store_.Fill(&sheet_, round);
  return scribe_.WriteNow(&sheet_, round.tables);
}

absl::Status Pen::Commit(const Tables& tables) {
  Settle();
  store_.Fill(&sheet_, tables);
  return scribe_.WriteNow(&sheet_, tables);
}

absl::Status Pen::Commit(std::vector<v1::AccessEntry> reads) {
  Settle();
  store_.Fill(&sheet_, std::move(reads));
  return scribe_.WriteNow(&sheet_, Tables());
}

absl::Status Pen::Commit(Sheet* sheet, const Tables& tables) {
  Settle();
  return scribe_.WriteNow(sheet, tables);
}

void Pen::Hand(Round round, Footprint footprint, Scribe::Written written) {
  NoteBirths(round);
  store_.Fill(&sheet_, round);
  std::map<std::string, stored::v1::UnitHead, std::less<>> heads(round.tables.heads.begin(),
                                                                 round.tables.heads.end());
  const bool acts = !round.tables.dossier_acts.empty();
  scribe_.Write(&sheet_, std::move(round.tables), std::move(written));
  // What was handed before is written now.
  handed_ = std::move(footprint);
  handed_acts_ = acts;
  heads_ = std::move(heads);
}

void Pen::WaitFor(const Footprint& footprint) {
  if (handed_acts_ || Meet(handed_.devices, footprint.devices) ||
      Meet(handed_.edited, footprint.named))
    Settle();
}

void Pen::Settle() {
  scribe_.Settle();
  handed_ = Footprint();
  handed_acts_ = false;
  heads_.clear();
}

// Neither asks about what is being written: it would be passed over, and never looked at again.
absl::StatusOr<std::set<sync::RecordId>> Pen::HangingUnder(
    const std::string& unit, const sync::RecordId& dossier,
    const std::set<sync::RecordId>& objects) {
  const auto head = directory_.Head(unit);
  if (!head.has_value()) return std::set<sync::RecordId>();
  return hanging_.Under(unit, head->position(), dossier, objects);
}

absl::StatusOr<size_t> Pen::Attached(const std::string& unit, const sync::RecordId& dossier,
                                     const sync::RecordId& record) {
  const auto head = directory_.Head(unit);
  if (!head.has_value()) return size_t{0};
  return hanging_.Attached(unit, head->position(), dossier, record);
}

absl::optional<stored::v1::UnitHead> Pen::Head(absl::string_view unit) const {
  const auto handed = heads_.find(unit);
  return handed != heads_.end() ? handed->second : directory_.Head(unit);
}

}  // namespace sotay::server
