// Keys in words, for people who look into a store.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/keys.h"

namespace sotay::server {
namespace {

std::string Short(absl::string_view id) { return absl::BytesToHexString(id.substr(0, 4)); }

}  // namespace

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
      return "runs of the log";
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
    case Table::kBirths:
      return "runs of births";
    case Table::kFiled:
      return "births filed";
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
    case Table::kSecret:
      return "sealed dossiers";
    case Table::kSecretContent:
      return "sealed content";
    case Table::kSecretKey:
      return "keys of sealed content";
    case Table::kSecretReport:
      return "reports of sealed dossiers";
    case Table::kHandover:
      return "handovers of the log key";
    case Table::kDeviceKey:
      return "earlier keys of devices";
    case Table::kAuthority:
      return "handovers of the authority";
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
    case Table::kBirths:
      return absl::StrCat("births ", p.name, " up to position ", p.number);
    case Table::kFiled:
      return absl::StrCat("births filed of ", p.name);
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
    case Table::kSecret:
      return absl::StrCat("sealed dossier ", Short(p.id));
    case Table::kSecretContent:
      return absl::StrCat("sealed content of dossier ", Short(p.id), " number ", p.number);
    case Table::kSecretKey:
      return absl::StrCat("key of sealed dossier ", Short(p.id));
    case Table::kSecretReport:
      return absl::StrCat("report of sealed dossier ", Short(p.id), " by device ", Short(p.device));
    case Table::kHandover:
      return absl::StrCat("handover of the log key ", p.number);
    case Table::kDeviceKey:
      return absl::StrCat("earlier key ", p.number, " of device ", Short(p.id));
    case Table::kAuthority:
      return absl::StrCat("handover of the authority ", p.number);
  }
  return "unknown key";
}

}  // namespace sotay::server
