#include "mobile-sdk/core/store.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "leveldb/env.h"
#include "leveldb/iterator.h"
#include "leveldb/write_batch.h"
#include "mobile-sdk/core/keys.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

leveldb::Slice ToSlice(absl::string_view bytes) { return {bytes.data(), bytes.size()}; }
absl::string_view ToView(const leveldb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

template <typename Message>
absl::StatusOr<Message> Parsed(absl::string_view key, absl::string_view value) {
  Message message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return absl::DataLossError(
        absl::StrCat("the notebook's ", keys::DescribeKey(key), " cannot be read"));
  }
  return message;
}

template <typename Message>
absl::StatusOr<absl::optional<Message>> ParsedIfAny(
    absl::string_view key, const absl::StatusOr<absl::optional<std::string>>& value) {
  if (!value.ok()) return value.status();
  if (!value->has_value()) return absl::optional<Message>();
  SOTAY_ASSIGN_OR_RETURN(Message message, Parsed<Message>(key, **value));
  return absl::optional<Message>(std::move(message));
}

absl::StatusOr<Touch> TouchAt(absl::string_view key, absl::string_view value) {
  const auto record = keys::RecordOf(key);
  const auto sequence = keys::NumberOf(key);
  if (!record.has_value() || !sequence.has_value() || value.size() != 1) {
    return absl::DataLossError(
        absl::StrCat("record ", record.has_value() ? record->Short() : "?", ": index is damaged"));
  }
  return Touch{*sequence, static_cast<Fate>(value[0])};
}

// An instant of 8 bytes, milliseconds since 1970.
absl::StatusOr<int64_t> Since(absl::string_view key, absl::string_view value) {
  if (value.size() != sizeof(uint64_t)) return absl::DataLossError(keys::DescribeKey(key));
  uint64_t since = 0;
  for (const char byte : value) since = since << 8 | static_cast<unsigned char>(byte);
  return static_cast<int64_t>(since);
}

}  // namespace

Store::Store(std::unique_ptr<durable::Store> disk, Sealing sealing)
    : disk_(std::move(disk)), sealing_(std::move(sealing)) {}
Store::~Store() = default;

absl::Status Store::Commit(const StoreBatch& batch) {
  leveldb::WriteBatch writes;
  // Of chance, all at once: to ask for each takes as long as sealing it.
  const std::string nonces = seal::NewNonces(batch.writes_.size());
  size_t at = 0;
  for (const StoreBatch::Write& write : batch.writes_) {
    if (!write.value.has_value()) {
      writes.Delete(write.key);
    } else if (!sealing_.IsSealed(write.key)) {
      writes.Put(write.key, *write.value);
    } else {
      const absl::string_view nonce(&nonces[at], seal::kValueNonceBytes);
      at += seal::kValueNonceBytes;
      SOTAY_ASSIGN_OR_RETURN(const std::string sealed,
                             sealing_.seal->SealWith(nonce, write.key, *write.value));
      writes.Put(write.key, sealed);
    }
  }
  return disk_->Write(&writes);
}

absl::Status Store::Purge() { return disk_->Purge(); }

absl::StatusOr<absl::optional<std::string>> Store::Get(absl::string_view key) const {
  const absl::StatusOr<std::string> value = disk_->Get(key);
  if (absl::IsNotFound(value.status())) return absl::optional<std::string>();
  if (!value.ok()) return value.status();
  SOTAY_ASSIGN_OR_RETURN(std::string opened, Opened(key, *value));
  return absl::optional<std::string>(std::move(opened));
}

absl::StatusOr<std::string> Store::Opened(absl::string_view key, absl::string_view value) const {
  if (!sealing_.IsSealed(key)) return std::string(value);
  absl::StatusOr<std::string> opened = sealing_.seal->Open(key, value);
  if (opened.ok()) return opened;
  return absl::DataLossError(absl::StrCat("the notebook's ", keys::DescribeKey(key),
                                          " cannot be read: ", opened.status().message()));
}

absl::Status Store::EachOf(const std::vector<std::string>& prefixes, const Take& take) const {
  const std::unique_ptr<leveldb::Iterator> at = disk_->NewIterator();
  bool sought = false;
  for (const std::string& prefix : prefixes) {
    if (!sought || (at->Valid() && ToView(at->key()) < prefix)) at->Seek(prefix);
    sought = true;
    for (; at->Valid() && absl::StartsWith(ToView(at->key()), prefix); at->Next()) {
      SOTAY_ASSIGN_OR_RETURN(const std::string value,
                             Opened(ToView(at->key()), ToView(at->value())));
      SOTAY_ASSIGN_OR_RETURN(const bool go_on, take(ToView(at->key()), value));
      if (!go_on) return absl::OkStatus();
    }
  }
  return durable::FromLevelDb(at->status());
}

absl::Status Store::Each(absl::string_view prefix, absl::string_view from, const Take& take) const {
  const std::unique_ptr<leveldb::Iterator> at = disk_->NewIterator();
  for (at->Seek(ToSlice(from)); at->Valid(); at->Next()) {
    if (!absl::StartsWith(ToView(at->key()), prefix)) break;
    SOTAY_ASSIGN_OR_RETURN(const std::string value, Opened(ToView(at->key()), ToView(at->value())));
    SOTAY_ASSIGN_OR_RETURN(const bool go_on, take(ToView(at->key()), value));
    if (!go_on) break;
  }
  return durable::FromLevelDb(at->status());
}

absl::StatusOr<absl::optional<stored::v1::NotebookMeta>> Store::Meta() const {
  return ParsedIfAny<stored::v1::NotebookMeta>(keys::Meta(), Get(keys::Meta()));
}

absl::StatusOr<stored::v1::Progress> Store::Progress() const {
  SOTAY_ASSIGN_OR_RETURN(
      auto progress, ParsedIfAny<stored::v1::Progress>(keys::Progress(), Get(keys::Progress())));
  return progress.value_or(stored::v1::Progress());
}

absl::StatusOr<absl::optional<v1::Directory>> Store::Directory() const {
  return ParsedIfAny<v1::Directory>(keys::Directory(), Get(keys::Directory()));
}

absl::StatusOr<v1::Consents> Store::Consents() const {
  auto consents = ParsedIfAny<v1::Consents>(keys::Consents(), Get(keys::Consents()));
  if (absl::IsDataLoss(consents.status())) return v1::Consents();
  SOTAY_RETURN_IF_ERROR(consents.status());
  return std::move(*consents).value_or(v1::Consents());
}

absl::StatusOr<std::string> Store::RowsSchema() const {
  SOTAY_ASSIGN_OR_RETURN(const auto fingerprint, Get(keys::RowsSchema()));
  return fingerprint.value_or("");
}

template <typename Message>
absl::StatusOr<std::map<std::string, Message>> Store::ByUnit(const std::string& kind) const {
  std::map<std::string, Message> found;
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    SOTAY_ASSIGN_OR_RETURN(found[std::string(key.substr(1))], Parsed<Message>(key, value));
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(kind, kind, take));
  return found;
}

absl::StatusOr<std::vector<v1::Cursor>> Store::Cursors() const {
  SOTAY_ASSIGN_OR_RETURN(auto by_unit, ByUnit<v1::Cursor>(keys::Cursors()));
  std::vector<v1::Cursor> cursors;
  for (auto& [unit, cursor] : by_unit) cursors.push_back(std::move(cursor));
  return cursors;
}

absl::StatusOr<std::map<std::string, v1::LogHead>> Store::Heads() const {
  return ByUnit<v1::LogHead>(keys::Heads());
}

absl::StatusOr<std::map<std::string, stored::v1::LogDispute>> Store::Disputes() const {
  return ByUnit<stored::v1::LogDispute>(keys::Disputes());
}

absl::StatusOr<std::vector<stored::v1::Restoration>> Store::Restorations() const {
  SOTAY_ASSIGN_OR_RETURN(auto by_key, ByUnit<stored::v1::Restoration>(keys::Restorations()));
  std::vector<stored::v1::Restoration> restorations;
  for (auto& [key, restoration] : by_key) restorations.push_back(std::move(restoration));
  return restorations;
}

absl::StatusOr<std::vector<v1::LogKeyHandover>> Store::Handovers() const {
  SOTAY_ASSIGN_OR_RETURN(auto by_key, ByUnit<v1::LogKeyHandover>(keys::Handovers()));
  std::vector<v1::LogKeyHandover> handovers;
  for (auto& [key, handover] : by_key) handovers.push_back(std::move(handover));
  return handovers;
}

absl::StatusOr<absl::optional<std::string>> Store::Unshown() const { return Get(keys::Unshown()); }

absl::StatusOr<std::vector<stored::v1::StepNotice>> Store::Notices() const {
  SOTAY_ASSIGN_OR_RETURN(auto by_key, ByUnit<stored::v1::StepNotice>(keys::AllNotices()));
  std::vector<stored::v1::StepNotice> notices;
  for (auto& [key, notice] : by_key) notices.push_back(std::move(notice));
  return notices;
}

absl::StatusOr<stored::v1::OwnChange> Store::OwnChange(uint64_t sequence) const {
  const std::string key = keys::OwnChange(sequence);
  SOTAY_ASSIGN_OR_RETURN(const auto value, Get(key));
  if (!value.has_value()) {
    return absl::DataLossError(absl::StrCat("own change ", sequence, " has gone from the store"));
  }
  return Parsed<stored::v1::OwnChange>(key, *value);
}

absl::Status Store::EachOwnChange(
    uint64_t first, const std::function<bool(uint64_t, const stored::v1::OwnChange&)>& take) const {
  const auto parse = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    const auto sequence = keys::NumberOf(key);
    if (!sequence.has_value()) return absl::DataLossError("the notebook's outbox is damaged");
    SOTAY_ASSIGN_OR_RETURN(const auto own, Parsed<stored::v1::OwnChange>(key, value));
    return take(*sequence, own);
  };
  return Each(keys::OwnChanges(), keys::OwnChange(first), parse);
}

absl::StatusOr<std::vector<uint64_t>> Store::Refused() const {
  std::vector<uint64_t> sequences;
  const auto take = [&](absl::string_view key, absl::string_view) -> absl::StatusOr<bool> {
    if (const auto sequence = keys::NumberOf(key)) sequences.push_back(*sequence);
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(keys::AllRefused(), keys::AllRefused(), take));
  return sequences;
}

absl::StatusOr<std::vector<Touch>> Store::Touches(const sync::RecordId& record,
                                                  uint64_t first) const {
  std::vector<Touch> touches;
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    SOTAY_ASSIGN_OR_RETURN(touches.emplace_back(), TouchAt(key, value));
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(keys::Touches(record), keys::Touch(record, first), take));
  return touches;
}

absl::StatusOr<std::map<sync::RecordId, std::vector<Touch>>> Store::Touches(
    const std::set<sync::RecordId>& records) const {
  std::map<sync::RecordId, std::vector<Touch>> touches;
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    SOTAY_ASSIGN_OR_RETURN(const Touch touch, TouchAt(key, value));
    touches[*keys::RecordOf(key)].push_back(touch);
    return true;
  };
  std::vector<std::string> prefixes;
  prefixes.reserve(records.size());
  for (const sync::RecordId& record : records) prefixes.push_back(keys::Touches(record));
  SOTAY_RETURN_IF_ERROR(EachOf(prefixes, take));
  return touches;
}

absl::StatusOr<absl::optional<std::string>> Store::Base(const sync::RecordId& record) const {
  return Get(keys::Base(record));
}

absl::StatusOr<absl::optional<stored::v1::ListRow>> Store::Row(const sync::RecordId& record) const {
  const std::string key = keys::Row(record);
  return ParsedIfAny<stored::v1::ListRow>(key, Get(key));
}

absl::Status Store::EachRow(
    absl::string_view id_prefix,
    const std::function<bool(const sync::RecordId&, const stored::v1::ListRow&)>& take) const {
  const auto parse = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    const auto record = keys::RecordOf(key);
    if (!record.has_value()) return absl::DataLossError("the notebook's list is damaged");
    SOTAY_ASSIGN_OR_RETURN(const auto row, Parsed<stored::v1::ListRow>(key, value));
    return take(*record, row);
  };
  const std::string prefix = absl::StrCat(keys::Rows(), id_prefix);
  return Each(prefix, prefix, parse);
}

absl::StatusOr<bool> Store::IsEnded(const sync::RecordId& record) const {
  SOTAY_ASSIGN_OR_RETURN(const auto ended, Get(keys::Ended(record)));
  return ended.has_value();
}

absl::StatusOr<std::set<sync::RecordId>> Store::Ended(
    const std::set<sync::RecordId>& records) const {
  std::set<sync::RecordId> ended;
  const auto take = [&](absl::string_view key, absl::string_view) -> absl::StatusOr<bool> {
    if (const auto record = keys::RecordOf(key)) ended.insert(*record);
    return true;
  };
  std::vector<std::string> wanted;
  wanted.reserve(records.size());
  for (const sync::RecordId& record : records) wanted.push_back(keys::Ended(record));
  SOTAY_RETURN_IF_ERROR(EachOf(wanted, take));
  return ended;
}

absl::StatusOr<std::map<sync::RecordId, int64_t>> Store::Gone() const {
  std::map<sync::RecordId, int64_t> gone;
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    const auto dossier = keys::RecordOf(key);
    if (!dossier.has_value()) return absl::DataLossError(keys::DescribeKey(key));
    SOTAY_ASSIGN_OR_RETURN(gone[*dossier], Since(key, value));
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(keys::AllGone(), keys::AllGone(), take));
  return gone;
}

absl::StatusOr<bool> Store::IsGone(const sync::RecordId& dossier) const {
  SOTAY_ASSIGN_OR_RETURN(const auto since, Get(keys::Gone(dossier)));
  return since.has_value();
}

absl::StatusOr<int64_t> Store::RevokedMs() const {
  const auto value = Get(keys::Revoked());
  if (absl::IsDataLoss(value.status())) return kRevokedNobodyKnowsWhen;
  if (!value.ok()) return value.status();
  if (!value->has_value()) return 0;
  return Since(keys::Revoked(), **value).value_or(kRevokedNobodyKnowsWhen);
}

absl::StatusOr<bool> Store::PurgeDue() const {
  SOTAY_ASSIGN_OR_RETURN(const auto due, Get(keys::PurgeDue()));
  return due.has_value();
}

absl::StatusOr<std::map<sync::RecordId, stored::v1::SealedDossier>> Store::Sealed() const {
  std::map<sync::RecordId, stored::v1::SealedDossier> sealed;
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    const auto dossier = keys::RecordOf(key);
    if (!dossier.has_value()) return absl::DataLossError(keys::DescribeKey(key));
    SOTAY_ASSIGN_OR_RETURN(sealed[*dossier], Parsed<stored::v1::SealedDossier>(key, value));
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(keys::AllSealed(), keys::AllSealed(), take));
  return sealed;
}

absl::StatusOr<std::map<sync::RecordId, stored::v1::PhoneFile>> Store::Files() const {
  std::map<sync::RecordId, stored::v1::PhoneFile> files;
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    const auto record = keys::RecordOf(key);
    if (!record.has_value()) return absl::DataLossError(keys::DescribeKey(key));
    SOTAY_ASSIGN_OR_RETURN(files[*record], Parsed<stored::v1::PhoneFile>(key, value));
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(keys::AllFiles(), keys::AllFiles(), take));
  return files;
}

absl::StatusOr<absl::optional<stored::v1::PhoneFile>> Store::File(
    const sync::RecordId& record) const {
  const std::string key = keys::File(record);
  return ParsedIfAny<stored::v1::PhoneFile>(key, Get(key));
}

absl::StatusOr<stored::v1::FileLimits> Store::FileLimits() const {
  const std::string key = keys::FileLimits();
  SOTAY_ASSIGN_OR_RETURN(auto limits, ParsedIfAny<stored::v1::FileLimits>(key, Get(key)));
  return std::move(limits).value_or(stored::v1::FileLimits());
}

absl::StatusOr<absl::optional<stored::v1::SealedDossier>> Store::Sealed(
    const sync::RecordId& dossier) const {
  const std::string key = keys::Sealed(dossier);
  return ParsedIfAny<stored::v1::SealedDossier>(key, Get(key));
}

absl::StatusOr<std::map<uint64_t, v1::Packed>> Store::Fetched(const sync::RecordId& record) const {
  std::map<uint64_t, v1::Packed> parts;
  const std::string prefix = keys::AllFetched(record);
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    const auto position = keys::NumberOf(key);
    if (!position.has_value()) return absl::DataLossError(keys::DescribeKey(key));
    v1::Packed part;
    if (!part.ParseFromArray(value.data(), static_cast<int>(value.size()))) part.Clear();
    parts[*position] = std::move(part);
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(prefix, prefix, take));
  return parts;
}

}  // namespace sotay::sdk
