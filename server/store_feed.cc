// The feed of a unit out of its two tables: runs of births, and a row for each record that was
// changed since, which stands at a later place.  A birth whose record has gone on stays in its run;
// an empty row at its place says that it is gone from there.
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "leveldb/db.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

enum class Way { kForwards, kBackwards };

absl::string_view ToView(const leveldb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

absl::Status Damaged(absl::string_view key) {
  return absl::DataLossError(absl::StrCat("the value of ", DescribeKey(key), " cannot be read"));
}

// Rows of a unit in one table, one way.
class RowWalk {
 public:
  RowWalk(const Moment& moment, Table table, absl::string_view unit, Way way)
      : prefix_(UnitPrefix(table, unit)), way_(way), at_(moment.Rows()) {}

  // To the first row that is not before `key`; when there is none and it goes backwards, to the
  // last row.
  void Seek(const std::string& key) {
    at_->Seek(key);
    if (way_ == Way::kForwards || there()) return;
    if (at_->Valid()) {
      at_->Prev();
    } else {
      at_->SeekToLast();
    }
  }
  void Step() {
    if (way_ == Way::kForwards) {
      at_->Next();
    } else {
      at_->Prev();
    }
  }
  bool there() const { return at_->Valid() && absl::StartsWith(key(), prefix_); }
  absl::string_view key() const { return ToView(at_->key()); }
  absl::string_view value() const { return ToView(at_->value()); }
  absl::Status status() const { return durable::FromLevelDb(at_->status()); }

 private:
  const std::string prefix_;
  const Way way_;
  const std::unique_ptr<leveldb::Iterator> at_;
};

// Births, gone or not.
class BirthWalk {
 public:
  BirthWalk(const Moment& moment, absl::string_view unit, Way way)
      : way_(way), rows_(moment, Table::kBirths, unit, way) {}

  // To the first place that is not before `place`; backwards, to the last that is before it.
  void Begin(const std::string& unit, const FeedPlace& place) {
    rows_.Seek(BirthsKey(unit, place.position));
    Read();
    while (there() && (this->place() < place) == (way_ == Way::kForwards)) Step();
  }
  void Step() {
    if (way_ == Way::kForwards ? ++index_ < run_->places().size() : index_-- > 0) return;
    rows_.Step();
    Read();
  }
  bool there() const { return run_.has_value(); }
  bool damaged() const { return !status_.ok(); }
  const FeedPlace& place() const { return run_->places()[index_]; }
  void FillRow(stored::v1::FeedRow* row) const { run_->FillRow(index_, row); }
  absl::Status status() const { return status_.ok() ? rows_.status() : status_; }

 private:
  void Read() {
    run_.reset();
    if (!rows_.there()) return;
    const absl::optional<KeyParts> parts = ParseKey(rows_.key());
    if (parts.has_value()) run_ = BirthRun::Read(parts->number, rows_.value());
    if (!run_.has_value()) {
      status_ = Damaged(rows_.key());
    } else {
      index_ = way_ == Way::kForwards ? 0 : run_->places().size() - 1;
    }
  }

  const Way way_;
  RowWalk rows_;
  absl::optional<BirthRun> run_;  // none: at the end, or it cannot be read
  size_t index_ = 0;
  absl::Status status_;
};

// Rows of records that are no newborn, and those that say that one is gone.
class ChangedWalk {
 public:
  ChangedWalk(const Moment& moment, absl::string_view unit, Way way)
      : way_(way), rows_(moment, Table::kFeed, unit, way) {}

  // As BirthWalk.
  void Begin(const std::string& unit, const FeedPlace& place) {
    rows_.Seek(FeedKey(unit, place.position, place.record));
    Read();
    if (way_ == Way::kBackwards && there() && !(this->place() < place)) Step();
  }
  void Step() {
    rows_.Step();
    Read();
  }
  bool there() const { return there_; }
  bool damaged() const { return !status_.ok(); }
  const FeedPlace& place() const { return place_; }
  bool gone() const { return rows_.value().empty(); }
  bool FillRow(stored::v1::FeedRow* row) const {
    const absl::string_view value = rows_.value();
    return row->ParseFromArray(value.data(), static_cast<int>(value.size()));
  }
  absl::string_view key() const { return rows_.key(); }
  absl::Status status() const { return status_.ok() ? rows_.status() : status_; }

 private:
  void Read() {
    there_ = false;
    if (!rows_.there()) return;
    const absl::optional<KeyParts> parts = ParseKey(rows_.key());
    if (!parts.has_value()) {
      status_ = absl::DataLossError(DescribeKey(rows_.key()));
      return;
    }
    place_ = {parts->number, *sync::RecordId::From(parts->record)};
    there_ = true;
  }

  const Way way_;
  RowWalk rows_;
  bool there_ = false;
  FeedPlace place_;
  absl::Status status_;
};

// Both, in the order of the feed or against it.  `visit` is told where, and what is said there.
absl::Status Walk(const Moment& moment, const std::string& unit, Way way, const FeedPlace& begin,
                  const std::function<bool(const FeedPlace&, const stored::v1::FeedRow&)>& visit) {
  BirthWalk births(moment, unit, way);
  ChangedWalk changed(moment, unit, way);
  births.Begin(unit, begin);
  changed.Begin(unit, begin);
  stored::v1::FeedRow row;
  while (births.there() || changed.there()) {
    // A row that cannot be read ends both.
    if (births.damaged() || changed.damaged()) break;
    const bool both = births.there() && changed.there();
    const bool same = both && births.place() == changed.place();
    const bool birth_next =
        both ? !same && (births.place() < changed.place()) == (way == Way::kForwards)
             : births.there();
    if (birth_next) {
      births.FillRow(&row);
      if (!visit(births.place(), row)) break;
      births.Step();
      continue;
    }
    if (!changed.gone()) {
      if (!changed.FillRow(&row)) return Damaged(changed.key());
      if (!visit(changed.place(), row)) break;
    }
    if (same) births.Step();
    changed.Step();
  }
  SOTAY_RETURN_IF_ERROR(births.status());
  return changed.status();
}

}  // namespace

absl::Status Store::VisitFeed(
    absl::string_view unit, uint64_t after, uint64_t up_to,
    const std::function<bool(const FeedPlace&, const stored::v1::FeedRow&)>& visit) {
  if (after >= up_to) return absl::OkStatus();
  return Walk(Moment(durable_.get()), std::string(unit), Way::kForwards,
              {after + 1, sync::RecordId()},
              [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
                return place.position <= up_to && visit(place, row);
              });
}

absl::Status Store::VisitFeedBackwards(
    absl::string_view unit, const FeedPlace& before,
    const std::function<bool(const FeedPlace&, const stored::v1::FeedRow&)>& visit) {
  return Walk(Moment(durable_.get()), std::string(unit), Way::kBackwards, before, visit);
}

absl::StatusOr<absl::optional<stored::v1::FeedRow>> Store::LoadBirth(absl::string_view unit,
                                                                     const FeedPlace& place) {
  const Moment moment(durable_.get());
  BirthWalk births(moment, unit, Way::kForwards);
  births.Begin(std::string(unit), place);
  SOTAY_RETURN_IF_ERROR(births.status());
  if (!births.there() || !(births.place() == place)) return absl::optional<stored::v1::FeedRow>();
  stored::v1::FeedRow row;
  births.FillRow(&row);
  return absl::make_optional(std::move(row));
}

absl::StatusOr<absl::optional<stored::v1::FeedRow>> Store::LoadFeedRow(absl::string_view unit,
                                                                       const FeedPlace& place) {
  // The run first: should the record go on meanwhile, its row says so.
  SOTAY_ASSIGN_OR_RETURN(auto birth, LoadBirth(unit, place));
  const std::string key = FeedKey(unit, place.position, place.record);
  SOTAY_ASSIGN_OR_RETURN(const auto bytes, Get(key));
  if (!bytes.has_value()) return birth;
  stored::v1::FeedRow row;
  if (!row.ParseFromString(*bytes)) return Damaged(key);
  return bytes->empty() ? absl::nullopt : absl::make_optional(std::move(row));
}

}  // namespace sotay::server
