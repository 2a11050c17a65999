#include "mobile-sdk/core/record_history.h"

#include "absl/strings/str_cat.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr int kHistoryPage = 500;

}  // namespace

absl::Status CheckEntry(const v1::LogEntry& entry) {
  v1::Change change;
  if (seal::HashChange(entry.change()).view() == entry.change_id() &&
      change.ParseFromString(entry.change())) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("the server's history of position ",
                                          entry.admission().position(),
                                          " is not what its id says"));
}

absl::StatusOr<std::vector<v1::LogEntry>> FetchHistory(Link& link, const sync::RecordId& id) {
  std::vector<v1::LogEntry> entries;
  v1::ListRecordHistoryRequest request;
  request.set_record_id(id.str());
  request.set_page_size(kHistoryPage);
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListRecordHistoryResponse page,
                           link.ListRecordHistory(request));
    entries.insert(entries.end(), page.entries().begin(), page.entries().end());
    if (!page.next_page_token().empty() && page.entries().empty()) {
      return absl::InternalError("the server's history does not end");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  for (const v1::LogEntry& entry : entries) SOTAY_RETURN_IF_ERROR(CheckEntry(entry));
  return entries;
}

absl::Status PutHistory(const Store& store, const sync::RecordId& id,
                        const std::vector<v1::LogEntry>& entries, StoreBatch* batch) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<v1::LogEntry> before, store.Fetched(id));
  for (const v1::LogEntry& entry : before) batch->DropFetched(id, entry.admission().position());
  for (const v1::LogEntry& entry : entries) batch->PutFetched(id, entry);
  return absl::OkStatus();
}

}  // namespace sotay::sdk
