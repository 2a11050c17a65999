// What an action changes, as rows.
#include <utility>

#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/store.h"
#include "sync/seal/big_endian.h"

namespace sotay::sdk {
namespace {

std::string KeyOf(const stored::v1::StepNotice& notice) {
  return keys::Notice(notice.record_id(), notice.field(), static_cast<char>(notice.kind()),
                      notice.own().change_id(), notice.other().change_id());
}

}  // namespace

void StoreBatch::Put(std::string key, std::string value) {
  writes_.push_back({std::move(key), std::move(value)});
}
void StoreBatch::Drop(std::string key) { writes_.push_back({std::move(key), absl::nullopt}); }

void StoreBatch::PutMeta(const stored::v1::NotebookMeta& meta) {
  Put(keys::Meta(), meta.SerializeAsString());
}
void StoreBatch::PutProgress(const stored::v1::Progress& progress) {
  Put(keys::Progress(), progress.SerializeAsString());
}
void StoreBatch::PutDirectory(const v1::Directory& directory) {
  Put(keys::Directory(), directory.SerializeAsString());
}
void StoreBatch::PutConsents(const v1::Consents& consents) {
  Put(keys::Consents(), consents.SerializeAsString());
}
void StoreBatch::PutRowsSchema(absl::string_view fingerprint) {
  Put(keys::RowsSchema(), std::string(fingerprint));
}
void StoreBatch::PutCursor(const v1::Cursor& cursor) {
  Put(keys::Cursor(cursor.unit_id()), cursor.SerializeAsString());
}
void StoreBatch::DropCursor(absl::string_view unit_id) { Drop(keys::Cursor(unit_id)); }
void StoreBatch::PutHead(const v1::LogHead& head) {
  Put(keys::Head(head.unit_id()), head.SerializeAsString());
}
void StoreBatch::PutDispute(const stored::v1::LogDispute& dispute) {
  Put(keys::Dispute(dispute.held().unit_id()), dispute.SerializeAsString());
}
void StoreBatch::PutRestoration(const stored::v1::Restoration& restoration) {
  // Of a life that ended there is one: from then on a head of another is held.
  Put(keys::Restoration(restoration.held().epoch(), restoration.held().unit_id()),
      restoration.SerializeAsString());
}
void StoreBatch::PutHandover(const v1::LogKeyHandover& handover) {
  Put(keys::Handover(handover.number()), handover.SerializeAsString());
}
void StoreBatch::PutUnshown(std::string value) { Put(keys::Unshown(), std::move(value)); }
void StoreBatch::DropUnshown() { Drop(keys::Unshown()); }
void StoreBatch::PutOwnChange(uint64_t sequence, const stored::v1::OwnChange& own) {
  Put(keys::OwnChange(sequence), own.SerializeAsString());
}
void StoreBatch::PutRefused(uint64_t sequence) { Put(keys::Refused(sequence), ""); }
void StoreBatch::DropRefused(uint64_t sequence) { Drop(keys::Refused(sequence)); }
void StoreBatch::PutTouch(const sync::RecordId& record, const Touch& touch) {
  Put(keys::Touch(record, touch.sequence), std::string(1, static_cast<char>(touch.fate)));
}
void StoreBatch::DropTouch(const sync::RecordId& record, uint64_t sequence) {
  Drop(keys::Touch(record, sequence));
}
void StoreBatch::PutBase(const sync::RecordId& record, absl::string_view bytes) {
  Put(keys::Base(record), std::string(bytes));
}
void StoreBatch::DropBase(const sync::RecordId& record) { Drop(keys::Base(record)); }
void StoreBatch::PutRow(const sync::RecordId& record, const stored::v1::ListRow& row) {
  Put(keys::Row(record), row.SerializeAsString());
}
void StoreBatch::DropRow(const sync::RecordId& record) { Drop(keys::Row(record)); }
void StoreBatch::PutEnded(const sync::RecordId& signature) { Put(keys::Ended(signature), ""); }
void StoreBatch::DropEnded(const sync::RecordId& record) { Drop(keys::Ended(record)); }
void StoreBatch::PutFetched(const sync::RecordId& record, uint64_t position,
                            const v1::Packed& part) {
  Put(keys::Fetched(record, position), part.SerializeAsString());
}
void StoreBatch::DropFetched(const sync::RecordId& record, uint64_t position) {
  Drop(keys::Fetched(record, position));
}

void StoreBatch::PutRevoked(int64_t since_ms) {
  std::string since;
  seal::AppendBigEndian(static_cast<uint64_t>(since_ms), &since);
  Put(keys::Revoked(), std::move(since));
}

void StoreBatch::DropRevoked() { Drop(keys::Revoked()); }

void StoreBatch::PutGone(const sync::RecordId& dossier, int64_t since_ms) {
  std::string since;
  seal::AppendBigEndian(static_cast<uint64_t>(since_ms), &since);
  Put(keys::Gone(dossier), std::move(since));
}
void StoreBatch::DropGone(const sync::RecordId& dossier) { Drop(keys::Gone(dossier)); }
void StoreBatch::PutPurgeDue() { Put(keys::PurgeDue(), ""); }
void StoreBatch::DropPurgeDue() { Drop(keys::PurgeDue()); }
void StoreBatch::PutSealed(const sync::RecordId& dossier, const stored::v1::SealedDossier& sealed) {
  Put(keys::Sealed(dossier), sealed.SerializeAsString());
}

void StoreBatch::PutFile(const sync::RecordId& record, const stored::v1::PhoneFile& file) {
  Put(keys::File(record), file.SerializeAsString());
}
void StoreBatch::DropFile(const sync::RecordId& record) { Drop(keys::File(record)); }
void StoreBatch::PutFileLimits(const stored::v1::FileLimits& limits) {
  Put(keys::FileLimits(), limits.SerializeAsString());
}
void StoreBatch::PutNotice(const stored::v1::StepNotice& notice) {
  Put(KeyOf(notice), notice.SerializeAsString());
}
void StoreBatch::DropNotice(const stored::v1::StepNotice& notice) { Drop(KeyOf(notice)); }

}  // namespace sotay::sdk
