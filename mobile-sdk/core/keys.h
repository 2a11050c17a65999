// Every key of the phone's store, described here and nowhere else (docs/storage.md tells the
// tale).  The first byte is the kind; numbers are 8 bytes, big-endian, so that keys stand in
// order of sequence; ids are their raw bytes, of fixed length, so that nothing in them can pass
// for a separator.
//
//   m                      stored.v1.NotebookMeta    written once, at enrolment
//   p                      stored.v1.Progress        with everything that moves it
//   d                      v1.Directory              as last heard
//   C                      v1.Consents               what waits for a colleague's consent
//   s                      32 bytes                  the schema the rows were made with
//   c ‖ unit               v1.Cursor                 how far we have seen the unit's feed
//   o ‖ sequence           stored.v1.OwnChange       kept after it was accepted
//   i ‖ sequence           stored.v1.WrittenAt       by which clock that change was written
//   j                      stored.v1.ClockContact    the clocks when we last met the server
//   x ‖ sequence           empty                     that change is quarantined or held
//   t ‖ record ‖ sequence  one byte, Touch           that change edits the record
//   b ‖ record             v1.Record                 the server's bytes, untouched
//   r ‖ record             stored.v1.ListRow         what a list shows of it
//   a ‖ record             empty                     a signature of an ended life of the server
//   h ‖ record ‖ position  v1.Packed                 a part of its history, as fetched
//   g ‖ dossier            8 bytes                   since when it is no longer the user's
//   k ‖ dossier            stored.v1.SealedDossier   that it proved to be secret
//   f ‖ record             stored.v1.PhoneFile       its file is here, and how it stands
//   w                      stored.v1.FileLimits      what the server takes of files
//   u                      empty                     what left may be in the files still
//   R                      8 bytes                   since when the server says we are revoked
//   l ‖ unit               v1.LogHead                the newest head of its log, checked
//   q ‖ unit               stored.v1.LogDispute      the first that did not go on from it
//   n ‖ record ‖ field (4 bytes, big-endian) ‖ kind (1 byte) ‖ own change ‖ other change
//                          stored.v1.StepNotice      how a step of the user's met another's
//   e ‖ ended epoch ‖ unit stored.v1.Restoration     how its log went on from that life
//   y ‖ number             v1.LogKeyHandover         how the key of the logs was replaced
//   v                      2 × 8 bytes, big-endian   since when, how often, it was not shown
//   z                      stored.v1.StoreSeal       how all other values are sealed; itself is not
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/ids.h"

namespace sotay::sdk::keys {

std::string Meta();
std::string Progress();
std::string Directory();
std::string Consents();
std::string RowsSchema();
std::string PurgeDue();
std::string Revoked();
std::string Unshown();
std::string FileLimits();
std::string ClockContact();
std::string Seal();
std::string Cursor(absl::string_view unit_id);
std::string OwnChange(uint64_t sequence);
std::string WrittenAt(uint64_t sequence);
std::string Refused(uint64_t sequence);
std::string Touch(const sync::RecordId& record, uint64_t sequence);
std::string Base(const sync::RecordId& record);
std::string Row(const sync::RecordId& record);
std::string Ended(const sync::RecordId& record);
std::string Fetched(const sync::RecordId& record, uint64_t position);
std::string Gone(const sync::RecordId& dossier);
std::string Sealed(const sync::RecordId& dossier);
std::string File(const sync::RecordId& record);
// `kind`: of StepNotice; ids of 32 bytes, of which the other may be empty.
std::string Notice(absl::string_view record, uint32_t field, char kind, absl::string_view own,
                   absl::string_view other);
std::string Head(absl::string_view unit_id);
std::string Dispute(absl::string_view unit_id);
// `epoch`: 16 bytes, the life that ended.
std::string Restoration(absl::string_view epoch, absl::string_view unit_id);
std::string Handover(uint64_t number);

// What all keys of a kind begin with.
std::string Cursors();
std::string OwnChanges();
std::string AllRefused();
std::string Touches(const sync::RecordId& record);
std::string Rows();
std::string AllFetched(const sync::RecordId& record);
std::string AllGone();
std::string AllSealed();
std::string AllFiles();
std::string AllNotices();
std::string Heads();
std::string Disputes();
std::string Restorations();
std::string Handovers();

// The number a key of kind o, i, x, y, t or h ends with; nothing when it has no place for one.
absl::optional<uint64_t> NumberOf(absl::string_view key);
// The record a key of kind t, b, r, a, h, g, k or f names; nothing when it has no place for one.
absl::optional<sync::RecordId> RecordOf(absl::string_view key);

// A key in words, for whoever has a store before them and a question: "own change 214".
std::string DescribeKey(absl::string_view key);

}  // namespace sotay::sdk::keys
