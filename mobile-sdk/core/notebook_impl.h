// What a Notebook is made of.  notebook.cc opens, listens and exchanges; notebook_writing.cc and
// notebook_reading.cc are its two hands.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/core/courier.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/exchange.h"
#include "mobile-sdk/core/file_exchange.h"
#include "mobile-sdk/core/link.h"
#include "mobile-sdk/core/shown.h"
#include "mobile-sdk/core/trust.h"
#include "sotay/notebook.h"
#include "sync/compose.h"

namespace sotay::sdk {

class Notebook::Impl {
 public:
  ~Impl();

  // Checks what is on disk and makes list rows anew when they were made with another schema.
  absl::Status Settle();

  // How it learns of another authority.
  Trust::Ways WaysOfTrust();

  // The record as shown; kNotFound when it is not here.
  absl::StatusOr<Shown> ReadShown(const sync::RecordId& id) const
      ABSL_SHARED_LOCKS_REQUIRED(desk.mutex);

  // The same for somebody who is to see it: kFailedPrecondition when its lease has ended (lease.h).
  absl::StatusOr<Shown> ReadForPerson(const sync::RecordId& id) const
      ABSL_SHARED_LOCKS_REQUIRED(desk.mutex);

  // What a change is made on.
  struct Ground {
    const sync::MergedRecord* record = nullptr;  // none: it creates the record
    std::string unit_id;
    sync::RecordId dossier;
    bool moved = false;  // the record is shown otherwise by now
  };
  // One change of one record, composed and committed; the events of it.
  // `file`: of the attachment it makes, kept in the same batch; null: it makes none.
  absl::StatusOr<std::vector<Event>> Write(sync::RecordWish wish, const Ground& ground,
                                           const std::string& reason,
                                           const stored::v1::PhoneFile* file = nullptr)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(desk.mutex);

  // A record to be made: as Notebook::Create says.
  struct Birth {
    sync::RecordId id;
    const sync::RecordType* type = nullptr;
    std::string unit_id;
    absl::optional<sync::RecordId> dossier;
    const stored::v1::PhoneFile* file = nullptr;
  };
  absl::Status Create(const Birth& birth, const std::vector<Edit>& edits, const std::string& reason)
      ABSL_LOCKS_EXCLUDED(desk.mutex);

  absl::StatusOr<sync::MergedRecord> RecordShown(const sync::RecordId& id)
      ABSL_LOCKS_EXCLUDED(desk.mutex);
  // The row of an attachment's file; where it is not `here`, as it would be without a key.
  // kFailedPrecondition as ReadForPerson.
  absl::StatusOr<stored::v1::PhoneFile> FileFor(const sync::RecordId& id, bool* here)
      ABSL_LOCKS_EXCLUDED(desk.mutex);
  // Why the file of an attachment could not be read here; takes down that it is damaged.
  absl::Status NoteDamage(const sync::RecordId& id, const absl::Status& why)
      ABSL_LOCKS_EXCLUDED(desk.mutex);
  // kFailedPrecondition when a file that hangs under the record still waits here.
  absl::Status CheckFilesSent(const sync::MergedRecord& object) ABSL_LOCKS_EXCLUDED(desk.mutex);

  // Whether a signature may be followed, and stand (Notebook::Signatures).
  absl::StatusOr<bool> Counts(const RecordView& signature) ABSL_LOCKS_EXCLUDED(desk.mutex);

  // Notebook::Change on `seen`; without it, on what is shown.
  absl::Status Change(const sync::RecordId& id, const RecordView* seen,
                      const std::vector<Edit>& edits, const std::string& reason)
      ABSL_LOCKS_EXCLUDED(desk.mutex);

  // After the lock is free: tells the app, and the courier.
  void Told(std::vector<Event> events);

  // The directory; kFailedPrecondition before the first exchange.
  absl::StatusOr<v1::Directory> Directory() const;

  Desk desk;
  std::unique_ptr<Link> link;
  std::unique_ptr<Exchange> exchange;
  std::unique_ptr<FileExchange> file_exchange;
  std::unique_ptr<Courier> courier;
};

// How a record stands with the server.
SyncState StateOf(const stored::v1::ListRow& row, uint64_t accepted_through);

}  // namespace sotay::sdk
