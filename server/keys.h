// Every LevelDB key of the server, described once.  docs/storage.md says who writes what under
// them, and when.  Numbers are big-endian and ids of fixed width, so the order of bytes is the
// order of meaning; a unit or user id stands behind one byte with its length, so no id is ever
// a prefix of another.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/ids.h"

namespace sotay::server {

// The first byte of a key.  On disk: never changed.
enum class Table : char {
  kMeta = 'm',        //                                         → StoreMeta
  kArrivals = 'n',    //                                         → last arrival number (8 bytes)
  kUnit = 'u',        // unit                                    → v1.Unit
  kUser = 'p',        // user                                    → v1.User
  kDevice = 'd',      // device                                  → DeviceRow
  kContact = 'c',     // device                                  → Contact
  kTicket = 't',      // SPKI hash                               → Ticket
  kHead = 'h',        // unit                                    → UnitHead
  kLog = 'l',         // unit, position of the last              → LogRunRow
  kNode = 'k',        // unit, position, level                   → hash (32)
  kSequence = 's',    // device, sequence                        → SequenceRow
  kRecord = 'r',      // record                                  → position (8), unit, v1.Record
  kHistory = 'y',     // record, position, kind [, arrival]      → unit if set aside, or nothing
  kFeed = 'f',        // unit, position, record                  → FeedRow, or nothing: gone
  kBirths = 'B',      // unit, position                          → BirthRunRow
  kFiled = 'F',       // unit                                    → position (8)
  kSeal = 'e',        // device, last sequence                   → SealRow
  kQuarantine = 'q',  // unit or "", arrival                     → v1.QuarantinedChange
  kSetAside = 'a',    // device, sequence, arrival               → after position (8), unit
  kRevised = 'v',     // device, revision                        → v1.ChangeOutcome
  kRead = 'w',        // unit or "", number                      → v1.AccessEntry
  kReads = 'x',  // unit or ""                              → last number of its reads (8 bytes)
  kEnded = 'b',  // number of the life that ended, from 1   → EndedEpoch
  kPost = 'o',   // user, number                            → v1.Post
  kTerm = 'z',   // unit, number                            → v1.UnitTerm
  kDossierAct = 'g',     // unit, number                       → v1.DossierAct
  kSigning = 'i',        // record                             → SigningRow
  kSecret = 'j',         // dossier                            → SecretRow
  kSecretContent = 'J',  // dossier, number                 → SecretContent
  kSecretKey = 'K',      // dossier                         → key (32)
  kSecretReport = 'R',   // dossier, device                 → when it said so (8 bytes)
  kHandover = 'H',       // number                          → v1.LogKeyHandover
  kDeviceKey = 'D',      // device, number                  → DeviceKeyRow
  kAuthority = 'A',      // number                          → v1.AuthorityHandover
};

// Which edit of a record a history key stands for.  The admitted change at a position comes
// first, then what was set aside while that was the unit's newest; so in key order every edit
// stands after all it can have been made on.
enum class HistoryKind : char {
  kAdmitted = 0,
  kRefused = 1,  // has a place in the graph and no effect
  kOutside = 2,  // held, classified, of a forked branch or a revoked device: not in the graph
};

std::string MetaKey();
std::string ArrivalsKey();
std::string UnitKey(absl::string_view unit);
std::string UserKey(absl::string_view user);
std::string DeviceKey(const sync::DeviceId& device);
std::string ContactKey(const sync::DeviceId& device);
std::string TicketKey(absl::string_view spki_hash);
std::string HeadKey(absl::string_view unit);
// The run that ends there.
std::string LogKey(absl::string_view unit, uint64_t position);
// The node over the 2^level entries up to that position.
std::string NodeKey(absl::string_view unit, uint64_t position, int level);
std::string SequenceKey(const sync::DeviceId& device, uint64_t sequence);
std::string RecordKey(const sync::RecordId& record);
std::string AdmittedKey(const sync::RecordId& record, uint64_t position);
std::string AsideHistoryKey(const sync::RecordId& record, uint64_t after_position, HistoryKind kind,
                            uint64_t arrival);
std::string FeedKey(absl::string_view unit, uint64_t position, const sync::RecordId& record);
// The run whose births stand at that position or before it.
std::string BirthsKey(absl::string_view unit, uint64_t position);
// Up to which position every birth of the unit has its record's row.
std::string FiledKey(absl::string_view unit);
std::string SealKey(const sync::DeviceId& device, uint64_t last_sequence);
std::string QuarantineKey(absl::string_view unit, uint64_t arrival);
std::string SetAsideKey(const sync::DeviceId& device, uint64_t sequence, uint64_t arrival);
std::string RevisedKey(const sync::DeviceId& device, uint64_t revision);
std::string ReadKey(absl::string_view unit, uint64_t number);
std::string ReadsKey(absl::string_view unit);
std::string EndedKey(uint64_t life);
std::string PostKey(absl::string_view user, uint64_t number);
std::string TermKey(absl::string_view unit, uint64_t number);
std::string DossierActKey(absl::string_view unit, uint64_t number);
std::string SigningKey(const sync::RecordId& record);
std::string SecretKey(const sync::RecordId& dossier);
std::string SecretContentKey(const sync::RecordId& dossier, uint64_t number);
std::string SecretKeyKey(const sync::RecordId& dossier);
std::string SecretReportKey(const sync::RecordId& dossier, const sync::DeviceId& device);
std::string HandoverKey(uint64_t number);
std::string AuthorityKey(uint64_t number);
std::string DeviceKeyKey(const sync::DeviceId& device, uint64_t number);

// What all keys of a table, of a unit, a device, a record (or the ones that begin with some
// bytes of its id) begin with.
std::string TablePrefix(Table table);
std::string UnitPrefix(Table table, absl::string_view unit);
std::string IdPrefix(Table table, absl::string_view id_bytes);
// The least key greater than every key that begins with `prefix`.
std::string After(std::string prefix);

// A key taken apart; what its table does not have is empty or zero.
struct KeyParts {
  Table table = Table::kMeta;
  std::string name;  // unit, user
  std::string id;    // device, record, dossier, SPKI hash
  // Position, sequence, revision, of a read, a life, a post, a term, an act, a handover, a roll.
  uint64_t number = 0;
  std::string record;  // of a feed key
  std::string device;  // of a report
  int level = 0;       // of a node
  HistoryKind kind = HistoryKind::kAdmitted;
  uint64_t arrival = 0;
};

// Nothing when `key` is none of the above.
absl::optional<KeyParts> ParseKey(absl::string_view key);

// What a table holds: "runs of the log".
const char* RowsIn(Table table);

// "feed khu-vuc-1 position 12 record 3fa9…", for people who look into a store; "unknown key"
// with its bytes in hexadecimal when it is none of the above.
std::string DescribeKey(absl::string_view key);

// Eight bytes, big-endian.
void PutNumber(std::string* out, uint64_t number);
// The number at the front of `bytes`; nothing when they are fewer than eight.
absl::optional<uint64_t> TakeNumber(absl::string_view* bytes);
// One byte with the length, and a unit or user id of at most 255 bytes.
void PutName(std::string* out, absl::string_view name);
// The name at the front of `bytes`; nothing when they end before it does.
absl::optional<absl::string_view> TakeName(absl::string_view* bytes);

}  // namespace sotay::server
