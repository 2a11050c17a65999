#include "server/keys.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sotay::server {
namespace {

std::string Start(Table table, size_t bytes) {
  std::string key;
  key.reserve(bytes);
  key.push_back(static_cast<char>(table));
  return key;
}

std::string WithName(Table table, absl::string_view name, size_t more = 0) {
  std::string key = Start(table, 2 + name.size() + more);
  PutName(&key, name);
  return key;
}

std::string WithId(Table table, absl::string_view id, size_t more = 0) {
  std::string key = Start(table, 1 + id.size() + more);
  key.append(id.data(), id.size());
  return key;
}

std::string WithIdAndNumber(Table table, absl::string_view id, uint64_t number, size_t more = 0) {
  std::string key = WithId(table, id, 8 + more);
  PutNumber(&key, number);
  return key;
}

std::string WithNameAndNumber(Table table, absl::string_view name, uint64_t number,
                              size_t more = 0) {
  std::string key = WithName(table, name, 8 + more);
  PutNumber(&key, number);
  return key;
}

bool TakeNameTo(absl::string_view* bytes, std::string* name) {
  const absl::optional<absl::string_view> taken = TakeName(bytes);
  if (taken.has_value()) name->assign(taken->data(), taken->size());
  return taken.has_value();
}

bool TakeBytes(absl::string_view* bytes, size_t size, std::string* out) {
  if (bytes->size() < size) return false;
  *out = std::string(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

bool TakeNumberTo(absl::string_view* bytes, uint64_t* number) {
  const absl::optional<uint64_t> taken = TakeNumber(bytes);
  if (taken.has_value()) *number = *taken;
  return taken.has_value();
}

bool TakeHistory(absl::string_view* rest, KeyParts* parts) {
  if (!TakeBytes(rest, sync::RecordId::kSize, &parts->id) || !TakeNumberTo(rest, &parts->number) ||
      rest->empty()) {
    return false;
  }
  const char kind = rest->front();
  rest->remove_prefix(1);
  parts->kind = static_cast<HistoryKind>(kind);
  if (parts->kind == HistoryKind::kAdmitted) return true;
  return kind <= static_cast<char>(HistoryKind::kOutside) && kind > 0 &&
         TakeNumberTo(rest, &parts->arrival);
}

bool TakeLevel(absl::string_view* rest, int* level) {
  if (rest->empty()) return false;
  *level = static_cast<unsigned char>(rest->front());
  rest->remove_prefix(1);
  return true;
}

bool TakeParts(absl::string_view* rest, KeyParts* parts) {
  constexpr size_t kId = sync::DeviceId::kSize;
  switch (parts->table) {
    case Table::kMeta:
    case Table::kArrivals:
      return true;
    case Table::kUnit:
    case Table::kUser:
    case Table::kHead:
    case Table::kReads:
      return TakeNameTo(rest, &parts->name);
    case Table::kDevice:
    case Table::kContact:
    case Table::kRecord:
    case Table::kSigning:
      return TakeBytes(rest, kId, &parts->id);
    case Table::kTicket:
      return TakeBytes(rest, 32, &parts->id);
    case Table::kLog:
    case Table::kRead:
    case Table::kPost:
    case Table::kTerm:
    case Table::kDossierAct:
      return TakeNameTo(rest, &parts->name) && TakeNumberTo(rest, &parts->number);
    case Table::kNode:
      return TakeNameTo(rest, &parts->name) && TakeNumberTo(rest, &parts->number) &&
             TakeLevel(rest, &parts->level);
    case Table::kSequence:
    case Table::kSeal:
    case Table::kRevised:
      return TakeBytes(rest, kId, &parts->id) && TakeNumberTo(rest, &parts->number);
    case Table::kHistory:
      return TakeHistory(rest, parts);
    case Table::kFeed:
      return TakeNameTo(rest, &parts->name) && TakeNumberTo(rest, &parts->number) &&
             TakeBytes(rest, sync::RecordId::kSize, &parts->record);
    case Table::kQuarantine:
      return TakeNameTo(rest, &parts->name) && TakeNumberTo(rest, &parts->arrival);
    case Table::kSetAside:
      return TakeBytes(rest, kId, &parts->id) && TakeNumberTo(rest, &parts->number) &&
             TakeNumberTo(rest, &parts->arrival);
    case Table::kEnded:
      return TakeNumberTo(rest, &parts->number);
  }
  return false;
}

std::string Short(absl::string_view id) { return absl::BytesToHexString(id.substr(0, 4)); }

}  // namespace

void PutNumber(std::string* out, uint64_t number) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (56 - 8 * i));
  out->append(bytes, sizeof bytes);
}

absl::optional<uint64_t> TakeNumber(absl::string_view* bytes) {
  if (bytes->size() < 8) return absl::nullopt;
  uint64_t number = 0;
  for (char c : bytes->substr(0, 8)) number = number << 8 | static_cast<unsigned char>(c);
  bytes->remove_prefix(8);
  return number;
}

void PutName(std::string* out, absl::string_view name) {
  out->push_back(static_cast<char>(static_cast<unsigned char>(name.size())));
  out->append(name.data(), name.size());
}

absl::optional<absl::string_view> TakeName(absl::string_view* bytes) {
  if (bytes->empty()) return absl::nullopt;
  const auto size = static_cast<size_t>(static_cast<unsigned char>(bytes->front()));
  if (bytes->size() < 1 + size) return absl::nullopt;
  const absl::string_view name = bytes->substr(1, size);
  bytes->remove_prefix(1 + size);
  return name;
}

std::string MetaKey() { return TablePrefix(Table::kMeta); }
std::string ArrivalsKey() { return TablePrefix(Table::kArrivals); }
std::string UnitKey(absl::string_view unit) { return WithName(Table::kUnit, unit); }
std::string UserKey(absl::string_view user) { return WithName(Table::kUser, user); }
std::string DeviceKey(const sync::DeviceId& device) {
  return WithId(Table::kDevice, device.view());
}
std::string ContactKey(const sync::DeviceId& device) {
  return WithId(Table::kContact, device.view());
}
std::string TicketKey(absl::string_view spki_hash) { return WithId(Table::kTicket, spki_hash); }
std::string HeadKey(absl::string_view unit) { return WithName(Table::kHead, unit); }
std::string LogKey(absl::string_view unit, uint64_t position) {
  return WithNameAndNumber(Table::kLog, unit, position);
}
std::string NodeKey(absl::string_view unit, uint64_t position, int level) {
  std::string key = WithNameAndNumber(Table::kNode, unit, position, 1);
  key.push_back(static_cast<char>(level));
  return key;
}
std::string SequenceKey(const sync::DeviceId& device, uint64_t sequence) {
  return WithIdAndNumber(Table::kSequence, device.view(), sequence);
}
std::string RecordKey(const sync::RecordId& record) {
  return WithId(Table::kRecord, record.view());
}

std::string AdmittedKey(const sync::RecordId& record, uint64_t position) {
  std::string key = WithIdAndNumber(Table::kHistory, record.view(), position, 1);
  key.push_back(static_cast<char>(HistoryKind::kAdmitted));
  return key;
}

std::string AsideHistoryKey(const sync::RecordId& record, uint64_t after_position, HistoryKind kind,
                            uint64_t arrival) {
  std::string key = WithIdAndNumber(Table::kHistory, record.view(), after_position, 9);
  key.push_back(static_cast<char>(kind));
  PutNumber(&key, arrival);
  return key;
}

std::string FeedKey(absl::string_view unit, uint64_t position, const sync::RecordId& record) {
  std::string key = WithNameAndNumber(Table::kFeed, unit, position, sync::RecordId::kSize);
  key.append(record.view().data(), sync::RecordId::kSize);
  return key;
}

std::string SealKey(const sync::DeviceId& device, uint64_t last_sequence) {
  return WithIdAndNumber(Table::kSeal, device.view(), last_sequence);
}
std::string QuarantineKey(absl::string_view unit, uint64_t arrival) {
  return WithNameAndNumber(Table::kQuarantine, unit, arrival);
}
std::string SetAsideKey(const sync::DeviceId& device, uint64_t sequence, uint64_t arrival) {
  std::string key = WithIdAndNumber(Table::kSetAside, device.view(), sequence, 8);
  PutNumber(&key, arrival);
  return key;
}
std::string RevisedKey(const sync::DeviceId& device, uint64_t revision) {
  return WithIdAndNumber(Table::kRevised, device.view(), revision);
}
std::string ReadKey(absl::string_view unit, uint64_t number) {
  return WithNameAndNumber(Table::kRead, unit, number);
}
std::string ReadsKey(absl::string_view unit) { return WithName(Table::kReads, unit); }
std::string EndedKey(uint64_t life) {
  std::string key = Start(Table::kEnded, 9);
  PutNumber(&key, life);
  return key;
}

std::string PostKey(absl::string_view user, uint64_t number) {
  return WithNameAndNumber(Table::kPost, user, number);
}
std::string TermKey(absl::string_view unit, uint64_t number) {
  return WithNameAndNumber(Table::kTerm, unit, number);
}
std::string DossierActKey(absl::string_view unit, uint64_t number) {
  return WithNameAndNumber(Table::kDossierAct, unit, number);
}
std::string SigningKey(const sync::RecordId& record) {
  return WithId(Table::kSigning, record.view());
}

std::string TablePrefix(Table table) { return Start(table, 1); }
std::string UnitPrefix(Table table, absl::string_view unit) { return WithName(table, unit); }
std::string IdPrefix(Table table, absl::string_view id_bytes) { return WithId(table, id_bytes); }

std::string After(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<unsigned char>(prefix.back());
    if (last != 0xff) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}

absl::optional<KeyParts> ParseKey(absl::string_view key) {
  if (key.empty()) return absl::nullopt;
  KeyParts parts;
  parts.table = static_cast<Table>(key.front());
  key.remove_prefix(1);
  if (!TakeParts(&key, &parts) || !key.empty()) return absl::nullopt;
  return parts;
}

const char* RowsIn(Table table) {
  switch (table) {
    case Table::kMeta:
      return "meta";
    case Table::kArrivals:
      return "arrivals";
    case Table::kUnit:
      return "units";
    case Table::kUser:
      return "users";
    case Table::kDevice:
      return "devices";
    case Table::kContact:
      return "contacts";
    case Table::kTicket:
      return "tickets";
    case Table::kHead:
      return "heads";
    case Table::kLog:
      return "log entries";
    case Table::kNode:
      return "log tree nodes";
    case Table::kSequence:
      return "sequences";
    case Table::kRecord:
      return "records";
    case Table::kHistory:
      return "history";
    case Table::kFeed:
      return "feed places";
    case Table::kSeal:
      return "seals";
    case Table::kQuarantine:
      return "quarantined";
    case Table::kSetAside:
      return "set aside";
    case Table::kRevised:
      return "revised outcomes";
    case Table::kRead:
      return "reads";
    case Table::kReads:
      return "read counts";
    case Table::kEnded:
      return "ended lives";
    case Table::kPost:
      return "posts";
    case Table::kTerm:
      return "terms of units";
    case Table::kDossierAct:
      return "acts about dossiers";
    case Table::kSigning:
      return "signed records";
  }
  return "?";
}

std::string DescribeKey(absl::string_view key) {
  const absl::optional<KeyParts> parts = ParseKey(key);
  if (!parts.has_value()) return absl::StrCat("unknown key ", absl::BytesToHexString(key));
  const KeyParts& p = *parts;
  switch (p.table) {
    case Table::kMeta:
      return "meta";
    case Table::kArrivals:
      return "arrivals";
    case Table::kUnit:
      return absl::StrCat("unit ", p.name);
    case Table::kUser:
      return absl::StrCat("user ", p.name);
    case Table::kDevice:
      return absl::StrCat("device ", Short(p.id));
    case Table::kContact:
      return absl::StrCat("contact of device ", Short(p.id));
    case Table::kTicket:
      return absl::StrCat("ticket ", Short(p.id));
    case Table::kHead:
      return absl::StrCat("head of unit ", p.name);
    case Table::kLog:
      return absl::StrCat("log ", p.name, " position ", p.number);
    case Table::kNode:
      return absl::StrCat("node ", p.name, " position ", p.number, " level ", p.level);
    case Table::kSequence:
      return absl::StrCat("sequence of device ", Short(p.id), " number ", p.number);
    case Table::kRecord:
      return absl::StrCat("record ", Short(p.id));
    case Table::kHistory:
      if (p.kind == HistoryKind::kAdmitted) {
        return absl::StrCat("history of record ", Short(p.id), " position ", p.number);
      }
      return absl::StrCat("history of record ", Short(p.id), " after position ", p.number,
                          p.kind == HistoryKind::kOutside ? " outside" : " refused", " arrival ",
                          p.arrival);
    case Table::kFeed:
      return absl::StrCat("feed ", p.name, " position ", p.number, " record ", Short(p.record));
    case Table::kSeal:
      return absl::StrCat("seal of device ", Short(p.id), " up to ", p.number);
    case Table::kQuarantine:
      return absl::StrCat("quarantine ", p.name.empty() ? "(no unit)" : p.name, " arrival ",
                          p.arrival);
    case Table::kSetAside:
      return absl::StrCat("set aside of device ", Short(p.id), " number ", p.number, " arrival ",
                          p.arrival);
    case Table::kRevised:
      return absl::StrCat("revised outcome of device ", Short(p.id), " revision ", p.number);
    case Table::kRead:
      return absl::StrCat("read ", p.name.empty() ? "(refused)" : p.name, " number ", p.number);
    case Table::kReads:
      return absl::StrCat("count of reads ", p.name.empty() ? "(refused)" : p.name);
    case Table::kEnded:
      return absl::StrCat("ended life ", p.number);
    case Table::kPost:
      return absl::StrCat("post of ", p.name, " number ", p.number);
    case Table::kTerm:
      return absl::StrCat("term of unit ", p.name, " number ", p.number);
    case Table::kDossierAct:
      return absl::StrCat("act about a dossier of ", p.name, " number ", p.number);
    case Table::kSigning:
      return absl::StrCat("signature of record ", Short(p.id));
  }
  return "unknown key";
}

}  // namespace sotay::server
