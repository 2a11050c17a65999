#include "server/keys.h"

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
    case Table::kFiled:
      return TakeNameTo(rest, &parts->name);
    case Table::kDevice:
    case Table::kContact:
    case Table::kRecord:
    case Table::kSigning:
    case Table::kSecret:
    case Table::kSecretKey:
      return TakeBytes(rest, kId, &parts->id);
    case Table::kSecretReport:
      return TakeBytes(rest, kId, &parts->id) && TakeBytes(rest, kId, &parts->device);
    case Table::kTicket:
      return TakeBytes(rest, 32, &parts->id);
    case Table::kLog:
    case Table::kBirths:
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
    case Table::kSecretContent:
    case Table::kDeviceKey:
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
    case Table::kHandover:
    case Table::kAuthority:
      return TakeNumberTo(rest, &parts->number);
  }
  return false;
}

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

std::string BirthsKey(absl::string_view unit, uint64_t position) {
  return WithNameAndNumber(Table::kBirths, unit, position);
}

std::string FiledKey(absl::string_view unit) { return WithName(Table::kFiled, unit); }

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

std::string SecretKey(const sync::RecordId& dossier) {
  return WithId(Table::kSecret, dossier.view());
}
std::string SecretContentKey(const sync::RecordId& dossier, uint64_t number) {
  return WithIdAndNumber(Table::kSecretContent, dossier.view(), number);
}
std::string SecretKeyKey(const sync::RecordId& dossier) {
  return WithId(Table::kSecretKey, dossier.view());
}
std::string SecretReportKey(const sync::RecordId& dossier, const sync::DeviceId& device) {
  std::string key = WithId(Table::kSecretReport, dossier.view());
  key.append(device.view().data(), sync::DeviceId::kSize);
  return key;
}
std::string HandoverKey(uint64_t number) {
  std::string key = TablePrefix(Table::kHandover);
  PutNumber(&key, number);
  return key;
}
std::string AuthorityKey(uint64_t number) {
  std::string key = TablePrefix(Table::kAuthority);
  PutNumber(&key, number);
  return key;
}
std::string DeviceKeyKey(const sync::DeviceId& device, uint64_t number) {
  return WithIdAndNumber(Table::kDeviceKey, device.view(), number);
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

}  // namespace sotay::server
