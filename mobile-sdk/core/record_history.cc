#include "mobile-sdk/core/record_history.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/history_columns.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed_history.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// Whether the entry is what its id says.
absl::StatusOr<sync::AdmittedEdit> Checked(const v1::LogEntry& entry, const sync::RecordId& id) {
  auto edit = sync::AdmittedEditOf(entry, id);
  if (edit.has_value() && seal::HashChange(entry.change()) == edit->change) {
    return *std::move(edit);
  }
  return absl::DataLossError(absl::StrCat("the server's history of position ",
                                          entry.admission().position(),
                                          " is not what its id says"));
}

void AddPart(std::vector<sync::AdmittedEdit> edits, v1::Packed packed, FetchedHistory* history) {
  if (edits.empty()) return;
  history->parts[edits.front().admission.position()] = std::move(packed);
  for (sync::AdmittedEdit& edit : edits) history->edits.push_back(std::move(edit));
}

absl::Status AddEntries(const v1::ListRecordHistoryResponse& page, const sync::RecordId& id,
                        FetchedHistory* history) {
  std::vector<sync::AdmittedEdit> edits;
  sync::HistoryPart part;
  const auto pack = [&] {
    v1::Packed packed = seal::PackHistory(edits);
    AddPart(std::exchange(edits, {}), std::move(packed), history);
    part = sync::HistoryPart();
  };
  for (const v1::LogEntry& entry : page.entries()) {
    SOTAY_ASSIGN_OR_RETURN(sync::AdmittedEdit edit, Checked(entry, id));
    if (!part.Take(edit)) {
      pack();
      part.Take(edit);
    }
    edits.push_back(std::move(edit));
  }
  pack();
  return absl::OkStatus();
}

absl::Status AddPage(v1::ListRecordHistoryResponse page, const sync::RecordId& id,
                     FetchedHistory* history) {
  if (!page.has_packed()) return AddEntries(page, id, history);
  auto edits = seal::UnpackHistory(page.packed(), id);
  if (!edits.ok()) return absl::DataLossError(edits.status().message());
  AddPart(*std::move(edits), std::move(*page.mutable_packed()), history);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FetchedHistory> FetchHistory(Link& link, const sync::RecordId& id) {
  FetchedHistory history;
  v1::ListRecordHistoryRequest request;
  request.set_record_id(id.str());
  request.set_packed(sync::kHistoryVersion);
  do {
    SOTAY_ASSIGN_OR_RETURN(v1::ListRecordHistoryResponse page, link.ListRecordHistory(request));
    const size_t before = history.edits.size();
    request.set_page_token(page.next_page_token());
    SOTAY_RETURN_IF_ERROR(AddPage(std::move(page), id, &history));
    if (!request.page_token().empty() && history.edits.size() == before) {
      return absl::InternalError("the server's history does not end");
    }
  } while (!request.page_token().empty());
  return history;
}

absl::StatusOr<std::vector<sync::AdmittedEdit>> KeptHistory(const Store& store,
                                                            const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const auto parts, store.Fetched(id));
  std::vector<sync::AdmittedEdit> history;
  for (const auto& [position, part] : parts) {
    auto edits = seal::UnpackHistory(part, id);
    if (!edits.ok()) return std::vector<sync::AdmittedEdit>();
    for (sync::AdmittedEdit& edit : *edits) history.push_back(std::move(edit));
  }
  return history;
}

absl::Status PutHistory(const Store& store, const sync::RecordId& id, const FetchedHistory& history,
                        StoreBatch* batch) {
  SOTAY_ASSIGN_OR_RETURN(const auto before, store.Fetched(id));
  for (const auto& [position, part] : before) batch->DropFetched(id, position);
  for (const auto& [position, part] : history.parts) batch->PutFetched(id, position, part);
  return absl::OkStatus();
}

}  // namespace sotay::sdk
