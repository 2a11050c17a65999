#include "server/blobs_check.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/attaching.h"
#include "sync/merged_record.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr int kDepthMax = 8;

// Whether a signature stands over the record, or over one that covers it, and was given when it was
// there: what is put under a signed record later, by a decision, was signed by nobody.
absl::StatusOr<bool> IsSignedOver(Store* store, const sync::Schema& schema,
                                  const sync::MergedRecord& record) {
  uint64_t born = 0;
  SOTAY_RETURN_IF_ERROR(store->VisitHistory(record.id(), 0, [&born](uint64_t position) {
    born = position;
    return false;
  }));
  std::vector<sync::RecordId> above = sync::ParentsOf(record);
  for (int depth = 0; depth < kDepthMax && !above.empty(); ++depth) {
    std::vector<sync::RecordId> next;
    for (const sync::RecordId& id : above) {
      SOTAY_ASSIGN_OR_RETURN(const auto signature, store->LoadSignature(id));
      if (signature.has_value() && signature->freezes && born < signature->position) return true;
      SOTAY_ASSIGN_OR_RETURN(const auto stored, store->LoadRecord(id));
      if (!stored.has_value()) continue;
      SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord parent,
                             sync::MergedRecord::Parse(schema, stored->bytes));
      if (!schema.IsCovered(parent.type_name())) continue;
      for (const sync::RecordId& one : sync::ParentsOf(parent)) next.push_back(one);
    }
    above = std::move(next);
  }
  return false;
}

}  // namespace

absl::StatusOr<BlobsReport> CheckBlobs(Store* store, const sync::Schema& schema, Blobs* blobs) {
  BlobsReport report;
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  for (const stored::v1::SecretRow& row : tables.secrets) {
    const auto dossier = sync::RecordId::From(row.dossier_id());
    if (!dossier.has_value() || !blobs->LiesOpen(*dossier)) continue;
    report.faults.push_back(absl::StrCat("files of dossier ", dossier->Hex(),
                                         " lie open, and it is sealed; start sotayd, which goes on "
                                         "with it"));
  }
  std::vector<sync::RecordId> attachments;
  for (const auto& [unit, head] : tables.heads) {
    SOTAY_RETURN_IF_ERROR(
        store->VisitFeed(unit, 0, std::numeric_limits<uint64_t>::max() - 1,
                         [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
                           const sync::RecordType* const type = schema.Find(row.type());
                           if (type != nullptr && type->attaching != nullptr)
                             attachments.push_back(place.record);
                           return true;
                         }));
  }
  for (const sync::RecordId& id : attachments) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store->LoadRecord(id));
    if (!stored.has_value()) continue;
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                           sync::MergedRecord::Parse(schema, stored->bytes));
    const auto file = sync::FileOf(record);
    if (!file.has_value()) continue;
    const sync::FilePlace place = {record.dossier(), file->sha256};
    const std::string named = absl::StrCat("attachment ", id.Hex(), " of dossier ",
                                           record.dossier().Hex(), " (", file->size, " bytes)");
    if (const auto size = blobs->SizeOf(place)) {
      ++report.files;
      report.bytes += *size;
      const absl::Status verified = blobs->Verify(place);
      if (!verified.ok()) {
        report.faults.push_back(absl::StrCat(named, ": ", verified.message()));
        blobs->Recheck(place).IgnoreError();  // what is wrong with it is said already
      } else if (*size != file->size) {
        report.faults.push_back(absl::StrCat(named, ": the file of its hash has ", *size,
                                             " bytes; it can never be signed over, withdraw it"));
      }
      continue;
    }
    if (file->withdrawn) continue;
    SOTAY_ASSIGN_OR_RETURN(const bool is_signed, IsSignedOver(store, schema, record));
    if (is_signed) {
      report.faults.push_back(
          absl::StrCat(named, ": it was signed over, and its file is not here"));
    } else {
      report.waiting.push_back(absl::StrCat(named, ": its file has not come yet"));
    }
  }
  return report;
}

}  // namespace sotay::server
