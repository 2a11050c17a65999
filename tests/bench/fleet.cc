#include "tests/bench/fleet.h"

#include <functional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "casework/v1/note.pb.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "sync/merged_record.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"
#include "sync/view.h"

namespace sotay::bench {
namespace {

size_t HashOf(absl::string_view text) {
  return std::hash<std::string_view>()(std::string_view(text.data(), text.size()));
}

// So that runs against one server do not meet.
std::string NewUnitId() {
  char chance[4];
  seal::RandomBytes(chance, sizeof chance);
  return absl::StrCat("do-tai-", absl::BytesToHexString(absl::string_view(chance, sizeof chance)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Enrol(Office* office, Prose* prose, size_t phones,
                                                    const std::string& parent) {
  std::unique_ptr<Fleet> fleet(new Fleet(prose, sdk::BuiltinSchema(), NewUnitId()));
  const std::string& unit = fleet->unit_id_;
  SOTAY_RETURN_IF_ERROR(office->PutUnit(unit, absl::StrCat("Đo tải ", unit), parent));
  for (size_t i = 1; i <= phones; ++i) {
    const std::string user = absl::StrCat(unit, ".", i);
    SOTAY_RETURN_IF_ERROR(
        office->PutUser(user, absl::StrCat("Người thử ", i), unit, options::v1::ROLE_PROSECUTOR));
    SOTAY_ASSIGN_OR_RETURN(const std::string invitation, office->Invite(user));
    SOTAY_ASSIGN_OR_RETURN(Identity identity,
                           bench::Enrol(invitation, absl::StrCat("Máy thử ", i)));
    fleet->phones_.push_back(
        std::make_unique<Phone>(std::move(identity), fleet->schema_.get(), unit));
    SOTAY_RETURN_IF_ERROR(fleet->phones_.back()->Begin());
  }
  for (const std::unique_ptr<Phone>& phone : fleet->phones_) {
    SOTAY_RETURN_IF_ERROR(phone->Refresh());
  }
  return fleet;
}

absl::StatusOr<std::vector<Delivery>> Fleet::Write(const Round& round) {
  std::vector<Delivery> deliveries;
  for (const std::unique_ptr<Phone>& phone : phones_) {
    for (size_t i = 0; i < round.notes; ++i) {
      const std::string body = prose_.Note(round.note_bytes);
      SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, phone->Write(body));
      written_[id] = HashOf(body);
    }
    Delivery delivery;
    delivery.phone = phone.get();
    SOTAY_ASSIGN_OR_RETURN(delivery.parcels, phone->Pack(round.push_notes));
    deliveries.push_back(std::move(delivery));
  }
  return deliveries;
}

absl::StatusOr<ReadBack> Fleet::Check() {
  ReadBack read;
  read.expected = written_.size();
  absl::Status damage;
  SOTAY_RETURN_IF_ERROR(phones_.front()->Reconnect());
  SOTAY_RETURN_IF_ERROR(phones_.front()->ReadFeed([&](const v1::FeedRecord& fed) {
    const auto record = sync::MergedRecord::Parse(*schema_, fed.record());
    if (!record.ok()) {
      damage = record.status();
      return;
    }
    const auto written = written_.find(record->id());
    if (written == written_.end()) return;  // a dossier's root
    const auto body = record->ShownText(casework::v1::Note::kBodyFieldNumber);
    if (HashOf(body) != written->second) return;
    const size_t ids = 2 * sync::RecordId::kSize;
    if (read.content_bytes.emplace(record->id(), ContentBytes(*record).size() + ids).second) {
      ++read.found;
    }
  }));
  SOTAY_RETURN_IF_ERROR(damage);
  return read;
}

}  // namespace sotay::bench
