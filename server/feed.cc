#include "server/feed.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/following.h"
#include "server/refusal.h"
#include "server/sight.h"
#include "sync/status_macros.h"
#include "sync/validate.h"

namespace sotay::server {
namespace {

constexpr size_t kEpochBytes = 16;
// Each is a row of the access log, which takes 2,000 of one device in a second.
constexpr size_t kShownPartsMax = 500;
// A user has at most 64 memberships; old cursors may be left over from a few more units.
constexpr int kCursorsMax = 256;

absl::Status CheckCursorShape(const v1::Cursor& cursor) {
  if (!sync::IsSlug(cursor.unit_id(), /*dots=*/false)) {
    return Malformed("cursor: unit id is not of a-z, 0-9 and '-'");
  }
  if (!cursor.access_record().empty() && cursor.access_record().size() != sync::RecordId::kSize) {
    return Malformed(absl::StrCat("cursor of unit ", cursor.unit_id(), ": access_record of ",
                                  cursor.access_record().size(), " bytes, expected 16"));
  }
  if (!cursor.epoch().empty() && cursor.epoch().size() != kEpochBytes) {
    return Malformed(absl::StrCat("cursor of unit ", cursor.unit_id(), ": epoch of ",
                                  cursor.epoch().size(), " bytes, expected 16"));
  }
  return absl::OkStatus();
}

// One unit's records going into a page.
class UnitReader {
 public:
  UnitReader(const Directory& directory, Store* store, Sight* sight, size_t bytes_max,
             FeedPage* page)
      : directory_(directory),
        store_(*store),
        sight_(*sight),
        bytes_max_(bytes_max),
        page_(*page) {}

  // Reads from the cursor to `head` and moves the cursor to how far it came.  False when the
  // page is full.
  absl::StatusOr<bool> Read(uint64_t head, v1::Cursor* cursor);

 private:
  absl::Status Add(const std::string& unit, const FeedPlace& place, const stored::v1::FeedRow& row);
  void AddRecord(StoredRecord stored);
  // Takes the position being gathered into the page, if it fits.
  bool Close(const std::string& unit);

  // Whether it proved to be secret while this page is read.
  bool HasLeft(const std::string& dossier) const;

  const Directory& directory_;
  Store& store_;
  Sight& sight_;
  const size_t bytes_max_;
  FeedPage& page_;
  v1::RecordBatch open_;  // the records of one position
  uint64_t open_position_ = 0;
};

bool UnitReader::HasLeft(const std::string& dossier) const {
  const auto sealed = directory_.Sealed();
  const auto id = sync::RecordId::From(dossier);
  return sealed != nullptr && id.has_value() && sealed->count(*id) != 0;
}

absl::Status UnitReader::Add(const std::string& unit, const FeedPlace& place,
                             const stored::v1::FeedRow& row) {
  if (sight_.acts() != nullptr) {
    SOTAY_ASSIGN_OR_RETURN(const bool may, sight_.Carries(row.dossier_id()));
    if (!may) {
      CloseShown(&page_.shown, unit);
      return absl::OkStatus();
    }
  }
  if (row.newborn()) {
    // Should it have changed since the scan began, it comes again, at its new place.
    auto born = store_.LoadNewborn(unit, place.position, place.record);
    if (!born.ok()) return HasLeft(row.dossier_id()) ? absl::OkStatus() : born.status();
    AddRecord(*std::move(born));
    return absl::OkStatus();
  }
  SOTAY_ASSIGN_OR_RETURN(auto stored, store_.LoadRecord(place.record));
  if (!stored.has_value()) {
    if (HasLeft(row.dossier_id())) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat(DescribeKey(RecordKey(place.record)), " is missing, the feed names it"));
  }
  // Changed again since the scan began: it comes at its new place, past this page's cursor.
  if (stored->position != place.position) return absl::OkStatus();
  AddRecord(*std::move(stored));
  return absl::OkStatus();
}

void UnitReader::AddRecord(StoredRecord stored) {
  v1::FeedRecord* record = open_.add_records();
  record->set_position(stored.position);
  *record->mutable_record() = std::move(stored.bytes);
}

bool UnitReader::Close(const std::string& unit) {
  if (!AddToPage(open_, unit, bytes_max_, &page_)) return false;
  open_.Clear();
  return true;
}

absl::StatusOr<bool> UnitReader::Read(uint64_t head, v1::Cursor* cursor) {
  absl::Status status;
  bool full = false;
  SOTAY_RETURN_IF_ERROR(
      store_.VisitFeed(cursor->unit_id(), cursor->position(), head,
                       [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
                         if (place.position != open_position_ && open_position_ != 0) {
                           full = !Close(cursor->unit_id());
                           if (full) return false;
                           cursor->set_position(open_position_);
                         }
                         open_position_ = place.position;
                         status = Add(cursor->unit_id(), place, row);
                         return status.ok();
                       }));
  SOTAY_RETURN_IF_ERROR(status);
  if (!full && open_position_ != 0) full = !Close(cursor->unit_id());
  if (!full) cursor->set_position(head);
  return !full;
}

}  // namespace

absl::Status CheckCursor(const Directory& directory, const v1::Cursor& cursor) {
  SOTAY_RETURN_IF_ERROR(CheckCursorShape(cursor));
  const std::string epoch = directory.meta().epoch();
  const auto head = directory.Head(cursor.unit_id());
  const bool beginning = cursor.epoch().empty() && cursor.position() == 0;
  if (beginning ||
      (cursor.epoch() == epoch && head.has_value() && cursor.position() <= head->position())) {
    return absl::OkStatus();
  }
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_CURSOR_INVALID);
  detail.set_epoch(epoch);
  detail.set_unit_id(cursor.unit_id());
  return Refuse(absl::StatusCode::kFailedPrecondition, detail,
                absl::StrCat("the cursor of unit ", cursor.unit_id(),
                             " is of another epoch or past its log; start the unit again from "
                             "position 0 of the offered epoch"));
}

absl::StatusOr<FeedPlan> PlanFeed(const Directory& directory, const Person& person,
                                  const google::protobuf::RepeatedPtrField<v1::Cursor>& cursors) {
  if (cursors.size() > kCursorsMax) {
    return TooLarge("cursors", static_cast<uint64_t>(cursors.size()), kCursorsMax,
                    "forget units that were removed");
  }
  FeedPlan plan;
  std::map<std::string, const v1::Cursor*> known;
  for (const v1::Cursor& cursor : cursors) {
    SOTAY_RETURN_IF_ERROR(CheckCursorShape(cursor));
    if (!known.emplace(cursor.unit_id(), &cursor).second) {
      return Malformed(absl::StrCat("unit ", cursor.unit_id(), " has two cursors"));
    }
    if (person.MaySync(cursor.unit_id())) {
      SOTAY_RETURN_IF_ERROR(CheckCursor(directory, cursor));
    } else {
      plan.removed_units.push_back(cursor.unit_id());
    }
  }
  const std::string epoch = directory.meta().epoch();
  for (const std::string& unit : directory.Synced(person)) {
    v1::Cursor& cursor = plan.cursors.emplace_back();
    cursor.set_unit_id(unit);
    cursor.set_epoch(epoch);
    const auto at = known.find(unit);
    if (at == known.end()) {
      plan.fresh.insert(unit);
      continue;
    }
    cursor.set_position(at->second->position());
    // Of another life of the store, or of none, it says nothing.
    if (at->second->epoch() != epoch) continue;
    cursor.set_access(at->second->access());
    cursor.set_access_record(at->second->access_record());
  }
  return plan;
}

bool AddToPage(const v1::RecordBatch& records, const std::string& unit, size_t bytes_max,
               FeedPage* page, absl::string_view dossier) {
  const size_t bytes = records.ByteSizeLong();
  if (!page->batch.empty() &&
      (page->batch.size() + bytes > bytes_max || page->shown.size() >= kShownPartsMax)) {
    return false;
  }
  records.AppendToString(&page->batch);
  page->records += static_cast<size_t>(records.records_size());
  for (const v1::FeedRecord& record : records.records()) {
    AddShown(&page->shown, unit, record.position(), /*line=*/{}, dossier);
  }
  return true;
}

absl::StatusOr<FeedPage> ReadFeed(const FeedSources& from, const Person& person,
                                  const FeedPlan& plan, size_t bytes_max) {
  FeedPage page;
  page.cursors = plan.cursors;
  for (v1::Cursor& cursor : page.cursors) {
    // Taken before the scan: what comes later is past the cursor this page hands out.  And before
    // what was said of dossiers: up to there, nothing is shown to anybody it was already kept from.
    const auto head = from.directory->Head(cursor.unit_id());
    if (!head.has_value()) continue;
    Sight sight(*from.directory, from.store, person, cursor.unit_id());
    const bool fresh = plan.fresh.count(cursor.unit_id()) != 0;
    // Its turn is yet to come; what was said until now is no news to a device that begins.
    if (fresh) TellSealed(sight, &page);
    if (page.more && fresh) cursor.set_access(sight.place().Packed());
    if (page.more) continue;
    SOTAY_ASSIGN_OR_RETURN(bool whole, Follow(from, &sight, {fresh, plan.enrolled_ms},
                                              head->position(), bytes_max, &cursor, &page));
    if (whole && head->position() > cursor.position()) {
      SOTAY_ASSIGN_OR_RETURN(whole,
                             UnitReader(*from.directory, from.store, &sight, bytes_max, &page)
                                 .Read(head->position(), &cursor));
    }
    // It is all there.
    if (whole) cursor.set_access(sight.place().Packed());
    page.more = !whole;
  }
  return page;
}

}  // namespace sotay::server
