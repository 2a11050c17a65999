// The notebook's hand for files: attach, save, send, and how they stand.
#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/edits.h"
#include "mobile-sdk/core/lease.h"
#include "mobile-sdk/core/notebook_impl.h"
#include "mobile-sdk/core/sealing.h"
#include "sync/attaching.h"
#include "sync/seal/digest.h"
#include "sync/seal/hasher.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;

// What a server takes that has not said; as sotayd has it where nothing is configured.
constexpr uint64_t kFileBytesMax = uint64_t{64} << 20;

absl::StatusOr<Files::Found> CopyIn(Files::Writer* writer, const FileSource& source,
                                    uint64_t bytes_max) {
  uint64_t size = 0;
  for (;;) {
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, source(kPieceBytes));
    if (bytes.empty()) break;
    size += bytes.size();
    if (size > bytes_max) {
      v1::ErrorDetail detail;
      detail.set_reason(v1::REASON_TOO_LARGE);
      return WithDetail(absl::InvalidArgumentError(absl::StrCat(
                            "a file of more than ", bytes_max,
                            " bytes is not attached, as the server takes none; attach it in "
                            "parts, or smaller, and keep the original")),
                        detail);
    }
    SOTAY_RETURN_IF_ERROR(writer->Append(bytes));
  }
  if (size == 0) return absl::InvalidArgumentError("an empty file is not attached");
  return writer->Keep();
}

void FillLine(const stored::v1::PhoneFile& row, FileLine* line) {
  line->here = true;
  line->waiting = row.to_send();
  line->sent = row.sent();
  line->not_taken = row.not_taken();
  line->fetched = row.fetched();
  line->damaged = row.damaged();
}

}  // namespace

absl::StatusOr<RecordId> Notebook::Attach(const RecordId& parent, const FileSource& source,
                                          const std::string& type_name,
                                          const std::vector<Edit>& edits) {
  const sync::RecordType* const type = schema().Find(type_name);
  if (type == nullptr || type->attaching == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("records of type ", type_name, " stand for no file"));
  }
  // Before anything is copied; nobody is shown it.
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord in, impl_->RecordShown(parent));
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::FileLimits limits, impl_->desk.store->FileLimits());
  const uint64_t bytes_max = limits.file_bytes_max() == 0 ? kFileBytesMax : limits.file_bytes_max();
  std::array<char, RecordId::kSize> chance = {};
  impl_->desk.random_bytes(chance.data(), chance.size());
  const RecordId id(chance);
  SOTAY_ASSIGN_OR_RETURN(const auto writer, impl_->desk.files->Write(id));
  SOTAY_ASSIGN_OR_RETURN(const Files::Found found, CopyIn(writer.get(), source, bytes_max));
  stored::v1::PhoneFile file;
  file.set_dossier_id(in.dossier().str());
  file.set_unit_id(in.unit_id());
  file.set_sha256(found.sha256);
  file.set_size(found.size);
  file.set_key(found.key);
  file.set_to_send(true);
  std::vector<Edit> all = edits;
  const auto set = [&](uint32_t field, std::string value) {
    all.push_back({Edit::Kind::kSet, type->Field(field)->name, "", std::move(value)});
  };
  set(type->attaching->hash, absl::BytesToHexString(found.sha256));
  set(type->attaching->size, absl::StrCat(found.size));
  const absl::Status made = impl_->Create({id, type, "", parent, &file}, all, "");
  if (made.ok()) return id;
  // What stays all the same is removed when the notebook is opened.
  impl_->desk.files->Drop(id).IgnoreError();
  return made;
}

absl::StatusOr<sync::MergedRecord> Notebook::Impl::RecordShown(const RecordId& id) {
  absl::ReaderMutexLock lock(&desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(Shown shown, ReadShown(id));
  return std::move(shown.record);
}

absl::StatusOr<stored::v1::PhoneFile> Notebook::Impl::FileFor(const RecordId& id, bool* here) {
  absl::ReaderMutexLock lock(&desk.mutex);
  SOTAY_RETURN_IF_ERROR(CheckReadable(desk, id));
  // One whose attachment was refused is its author's still; one that is leaving is nobody's here;
  // one that is damaged is fetched anew where the server has it.
  SOTAY_ASSIGN_OR_RETURN(const auto row, desk.store->File(id));
  *here = row.has_value() && !row->leaving() && (row->to_send() || !row->damaged());
  if (*here) return *row;
  SOTAY_ASSIGN_OR_RETURN(const Shown shown, ReadShown(id));
  const auto named = sync::FileOf(shown.record);
  if (!named.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("record ", id.Short(), " stands for no file"));
  }
  stored::v1::PhoneFile wanted;
  wanted.set_dossier_id(shown.record.dossier().str());
  wanted.set_unit_id(shown.record.unit_id());
  wanted.set_sha256(named->sha256);
  wanted.set_size(named->size);
  return wanted;
}

absl::Status Notebook::Impl::NoteDamage(const RecordId& id, const absl::Status& why) {
  if (!absl::IsDataLoss(why)) return why;
  absl::MutexLock lock(&desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(auto row, desk.store->File(id));
  if (!row.has_value()) return why;
  row->set_damaged(true);
  StoreBatch batch;
  batch.PutFile(id, *row);
  SOTAY_RETURN_IF_ERROR(desk.store->Commit(batch));
  if (row->to_send()) return why;
  return absl::DataLossError(absl::StrCat(
      why.message(), "; the server has it: save it again, and it is fetched from there"));
}

absl::Status Notebook::SaveFile(const RecordId& id, const FileSink& sink,
                                const std::function<void(const FileProgress&)>& progress) {
  bool here = false;
  SOTAY_ASSIGN_OR_RETURN(stored::v1::PhoneFile row, impl_->FileFor(id, &here));
  if (!here) {
    const uint64_t size = row.size();
    const absl::Status fetched = impl_->file_exchange->Fetch(id, row, [&](uint64_t received) {
      if (progress) progress({id, received, size, false, 0});
    });
    SOTAY_RETURN_IF_ERROR(Heard(&impl_->desk, fetched));
    SOTAY_ASSIGN_OR_RETURN(row, impl_->FileFor(id, &here));
  }
  seal::Hasher hasher;
  for (uint64_t offset = 0; offset < row.size(); offset += kPieceBytes) {
    const absl::StatusOr<std::string> piece = impl_->desk.files->Read(id, row, offset);
    if (!piece.ok()) return impl_->NoteDamage(id, piece.status());
    hasher.Add(*piece);
    SOTAY_RETURN_IF_ERROR(sink(*piece));
  }
  const auto hash = hasher.Finish();
  if (std::string(hash.begin(), hash.end()) == row.sha256()) return absl::OkStatus();
  return impl_->NoteDamage(id,
                           absl::DataLossError(absl::StrCat("the file of attachment ", id.Short(),
                                                            " is not the one it names any more")));
}

absl::Status Notebook::SendFiles(const std::function<void(const FileProgress&)>& progress) {
  impl_->file_exchange->TryAgain();
  for (;;) {
    const absl::StatusOr<FileStep> stepped = impl_->file_exchange->Once();
    if (!stepped.ok()) return Heard(&impl_->desk, stepped.status());
    const FileStep& step = *stepped;
    if (step.idle) return absl::OkStatus();
    if (progress) progress({step.file, step.sent, step.size, step.whole, step.moved});
  }
}

absl::StatusOr<std::vector<FileLine>> Notebook::ListFiles(bool here_alone) const {
  std::vector<FileLine> lines;
  std::map<RecordId, stored::v1::PhoneFile> rows;
  {
    absl::ReaderMutexLock lock(&impl_->desk.mutex);
    SOTAY_ASSIGN_OR_RETURN(rows, impl_->desk.store->Files());
  }
  for (const auto& [name, type] : schema().types()) {
    if (type.attaching == nullptr) continue;
    ListFilter filter;
    filter.type = name;
    filter.here_alone = here_alone;
    SOTAY_ASSIGN_OR_RETURN(const std::vector<RecordLine> listed, List(filter));
    for (const RecordLine& one : listed) {
      const absl::StatusOr<RecordView> view = Read(one.id);
      if (absl::IsNotFound(view.status())) continue;  // it left meanwhile
      SOTAY_RETURN_IF_ERROR(view.status());
      const auto file = sync::FileOf(view->record);
      if (!file.has_value()) continue;
      FileLine& line = lines.emplace_back();
      line.record = one;
      line.sha256 = absl::BytesToHexString(file->sha256);
      line.size = file->size;
      const std::vector<RecordId> parents = sync::ParentsOf(view->record);
      if (!parents.empty()) line.parent = parents.front();
      const auto row = rows.find(one.id);
      if (row == rows.end()) continue;
      FillLine(row->second, &line);
      rows.erase(row);
    }
  }
  if (here_alone) return lines;
  // Nothing that is here is kept silent.
  for (const auto& [id, row] : rows) {
    FileLine& line = lines.emplace_back();
    line.shown = false;
    line.record.id = id;
    line.record.unit_id = row.unit_id();
    line.record.dossier = RecordId::From(row.dossier_id()).value_or(RecordId());
    line.sha256 = absl::BytesToHexString(row.sha256());
    line.size = row.size();
    FillLine(row, &line);
  }
  return lines;
}

absl::Status Notebook::Impl::CheckFilesSent(const sync::MergedRecord& object) {
  absl::ReaderMutexLock lock(&desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(const auto files, desk.store->Files());
  std::map<RecordId, sync::MergedRecord> read;
  const auto find = [&](const RecordId& id)
                        ABSL_SHARED_LOCKS_REQUIRED(desk.mutex) -> const sync::MergedRecord* {
    const auto known = read.find(id);
    if (known != read.end()) return &known->second;
    auto shown = ReadShown(id);
    if (!shown.ok()) return nullptr;
    return &read.emplace(id, std::move(shown->record)).first->second;
  };
  for (const auto& [id, file] : files) {
    if (!file.to_send() || file.dossier_id() != object.dossier().view()) continue;
    const sync::MergedRecord* const record = find(id);
    const auto named = record == nullptr ? absl::nullopt : sync::FileOf(*record);
    if (!named.has_value() || named->withdrawn) continue;
    if (!sync::HangsUnder(*desk.schema, *record, object.id(), find)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("attachment ", id.Short(), " is not on the server yet (", file.sent(), " of ",
                     file.size(), " bytes): a signature would be refused; synchronise first"));
  }
  return absl::OkStatus();
}

}  // namespace sotay::sdk
