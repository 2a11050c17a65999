#include "mobile-sdk/core/keys.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sotay::sdk::keys {
namespace {

constexpr size_t kNumberBytes = 8;
constexpr size_t kEpochBytes = 16;
constexpr size_t kRecordBytes = sync::RecordId::kSize;

std::string Numbered(std::string key, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>((number >> shift) & 0xff));
  }
  return key;
}

std::string OfRecord(char kind, const sync::RecordId& record) {
  std::string key(1, kind);
  key.append(record.view().data(), record.view().size());
  return key;
}

}  // namespace

std::string Meta() { return "m"; }
std::string Progress() { return "p"; }
std::string Directory() { return "d"; }
std::string Consents() { return "C"; }
std::string RowsSchema() { return "s"; }
std::string PurgeDue() { return "u"; }
std::string Revoked() { return "R"; }
std::string Unshown() { return "v"; }
std::string FileLimits() { return "w"; }
std::string ClockContact() { return "j"; }
std::string Seal() { return "z"; }
std::string Cursor(absl::string_view unit_id) { return absl::StrCat("c", unit_id); }
std::string OwnChange(uint64_t sequence) { return Numbered("o", sequence); }
std::string WrittenAt(uint64_t sequence) { return Numbered("i", sequence); }
std::string Refused(uint64_t sequence) { return Numbered("x", sequence); }
std::string Touch(const sync::RecordId& record, uint64_t sequence) {
  return Numbered(Touches(record), sequence);
}
std::string Base(const sync::RecordId& record) { return OfRecord('b', record); }
std::string Row(const sync::RecordId& record) { return OfRecord('r', record); }
std::string Ended(const sync::RecordId& record) { return OfRecord('a', record); }
std::string Fetched(const sync::RecordId& record, uint64_t position) {
  return Numbered(AllFetched(record), position);
}

std::string Gone(const sync::RecordId& dossier) { return OfRecord('g', dossier); }
std::string Sealed(const sync::RecordId& dossier) { return OfRecord('k', dossier); }
std::string File(const sync::RecordId& record) { return OfRecord('f', record); }
std::string Notice(absl::string_view record, uint32_t field, char kind, absl::string_view own,
                   absl::string_view other) {
  std::string key = absl::StrCat("n", record);
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(field >> shift));
  return absl::StrCat(key, absl::string_view(&kind, 1), own, other);
}
std::string Head(absl::string_view unit_id) { return absl::StrCat("l", unit_id); }
std::string Dispute(absl::string_view unit_id) { return absl::StrCat("q", unit_id); }

std::string Restoration(absl::string_view epoch, absl::string_view unit_id) {
  return absl::StrCat("e", epoch, unit_id);
}

std::string Handover(uint64_t number) { return Numbered("y", number); }

std::string Cursors() { return "c"; }
std::string OwnChanges() { return "o"; }
std::string AllRefused() { return "x"; }
std::string Touches(const sync::RecordId& record) { return OfRecord('t', record); }
std::string Rows() { return "r"; }
std::string AllFetched(const sync::RecordId& record) { return OfRecord('h', record); }
std::string AllGone() { return "g"; }
std::string AllSealed() { return "k"; }
std::string AllFiles() { return "f"; }
std::string AllNotices() { return "n"; }
std::string Heads() { return "l"; }
std::string Disputes() { return "q"; }
std::string Restorations() { return "e"; }
std::string Handovers() { return "y"; }

absl::optional<uint64_t> NumberOf(absl::string_view key) {
  const bool plain = key.size() == 1 + kNumberBytes && absl::StrContains("oixy", key[0]);
  const bool of_record =
      key.size() == 1 + kRecordBytes + kNumberBytes && (key[0] == 't' || key[0] == 'h');
  if (!plain && !of_record) return absl::nullopt;
  uint64_t number = 0;
  for (const char byte : key.substr(key.size() - kNumberBytes)) {
    number = (number << 8) | static_cast<unsigned char>(byte);
  }
  return number;
}

absl::optional<sync::RecordId> RecordOf(absl::string_view key) {
  if (key.empty()) return absl::nullopt;
  const bool alone = absl::StrContains("abrgkf", key[0]);
  const bool numbered = key[0] == 't' || key[0] == 'h';
  if (!alone && !numbered) return absl::nullopt;
  if (key.size() != 1 + kRecordBytes + (numbered ? kNumberBytes : 0)) return absl::nullopt;
  return sync::RecordId::From(key.substr(1, kRecordBytes));
}

std::string DescribeKey(absl::string_view key) {
  if (key == Meta()) return "who this notebook is";
  if (key == Progress()) return "how far it has come";
  if (key == Directory()) return "units and people";
  if (key == Consents()) return "what waits for a colleague's consent";
  if (key == RowsSchema()) return "schema of the list rows";
  if (key == PurgeDue()) return "that a purge is due";
  if (key == Revoked()) return "that the device is revoked";
  if (key == Unshown()) return "that the server does not show how its log key was replaced";
  if (key == ClockContact()) return "the clocks at the last contact";
  if (key == FileLimits()) return "what the server takes of files";
  if (key == Seal()) return "seal of all its values";
  const std::string unit = key.empty() ? "" : absl::CHexEscape(key.substr(1));
  if (!key.empty() && key[0] == 'c') return absl::StrCat("cursor of unit ", unit);
  if (!key.empty() && key[0] == 'l') return absl::StrCat("head of the log of unit ", unit);
  if (!key.empty() && key[0] == 'q') return absl::StrCat("dispute over the log of unit ", unit);
  if (!key.empty() && key[0] == 'e' && key.size() > 1 + kEpochBytes) {
    return absl::StrCat("restoration of unit ", absl::CHexEscape(key.substr(1 + kEpochBytes)));
  }
  if (!key.empty() && key[0] == 'n' && key.size() > 1 + kRecordBytes) {
    return absl::StrCat("notice about record ",
                        absl::BytesToHexString(key.substr(1, kRecordBytes)));
  }
  const auto number = NumberOf(key);
  const auto record = RecordOf(key);
  if (number.has_value() && !record.has_value()) {
    if (key[0] == 'y') return absl::StrCat("handover of the log key ", *number);
    if (key[0] == 'i') return absl::StrCat("clock of own change ", *number);
    return absl::StrCat(key[0] == 'o' ? "own change " : "set aside: own change ", *number);
  }
  if (record.has_value()) {
    switch (key[0]) {
      case 'b':
        return absl::StrCat("record ", record->Hex(), " as the server has it");
      case 'r':
        return absl::StrCat("list row of record ", record->Hex());
      case 'a':
        return absl::StrCat("record ", record->Hex(), " signed before the server was restored");
      case 'g':
        return absl::StrCat("dossier ", record->Hex(), " is gone");
      case 'f':
        return absl::StrCat("file of record ", record->Hex());
      case 'k':
        return absl::StrCat("dossier ", record->Hex(), " proved to be secret");
      case 't':
        return absl::StrCat("own change ", *number, " edits record ", record->Hex());
      default:
        return absl::StrCat("history of record ", record->Hex(), " at position ", *number);
    }
  }
  return absl::StrCat("no key of this build: ", absl::BytesToHexString(key));
}

}  // namespace sotay::sdk::keys
