// sotay-verify: checks an exported dossier and the files beside it, offline, and prints it to be
// read.
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/bundle.h"
#include "mobile-sdk/cli/bundle_names.h"
#include "mobile-sdk/cli/bundle_words.h"
#include "mobile-sdk/cli/bundle_writer.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/handovers.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/reader.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/signatures.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/seal/dossier_check.h"
#include "sync/sign.h"
#include "sync/signing.h"
#include "sync/status_macros.h"
#include "sync/view.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr size_t kKeyDigits = 182;  // of 91 bytes

struct VerifyWords {
  std::string file;
  std::string log_key;
  std::string later;
  bool quiet = false;
  bool without_files = false;
};

// Each device's keys, with the sequences they sealed.
json DevicesJson(const v1::Dossier& dossier) {
  json devices = json::array();
  for (const v1::ProvenDevice& device : dossier.devices()) {
    json earlier = json::array();
    for (const v1::EarlierKey& key : device.earlier()) {
      earlier.push_back({{"key", Hex(key.roll().old_key())},
                         {"through", key.through()},
                         {"rolled_ms", key.roll().signed_ms()}});
    }
    devices.push_back(
        {{"user", device.user_id()}, {"key", Hex(device.public_key())}, {"earlier_keys", earlier}});
  }
  return devices;
}

// Keys that were replaced, for whoever reads the verdict.
std::string RolledInWords(const Voice& voice, const v1::Dossier& dossier) {
  std::string text;
  for (const v1::LogKeyHandover& handover : dossier.handovers()) {
    absl::StrAppend(&text, voice("Khóa nhật ký: ", "Log key: "), HandoverInWords(voice, handover),
                    "\n");
  }
  for (const v1::ProvenDevice& device : dossier.devices()) {
    for (const v1::EarlierKey& key : device.earlier()) {
      absl::StrAppend(&text, voice("Khóa của máy ", "Key of device "),
                      Hex(key.roll().device_id()).substr(0, 8), " (", OneLine(device.user_id()),
                      voice("): thay lúc ", "): replaced on "),
                      InstantInWords(key.roll().signed_ms()),
                      voice(", khóa cũ niêm phong đến số ", ", the old one sealed up to no. "),
                      key.through(), "\n");
    }
  }
  return text;
}

// What was found of files; nothing where nobody looked at them.
using LookedAt = absl::optional<FilesReport>;

// Files are what changes say, and of these nothing is proven where there are faults.
const char* FilesVerdictName(const seal::DossierReport& report, const LookedAt& files) {
  if (!report.faults.empty()) return "unproven";
  return files.has_value() ? VerdictName(files->verdict()) : "not_looked_at";
}

// Those of each record, as they are told.  Gathered once: a dossier may have ten thousand records.
std::map<sync::RecordId, std::vector<sync::MergedRecord>> SignaturesByObject(
    const std::vector<sync::MergedRecord>& records) {
  std::map<sync::RecordId, std::vector<sync::MergedRecord>> by_object;
  for (const sync::MergedRecord& record : records) {
    if (const auto signature = sync::SignatureOf(record)) {
      by_object[signature->object].push_back(record);
    }
  }
  for (auto& [object, signatures] : by_object) {
    signatures = sync::SignaturesOf(object, std::move(signatures));
  }
  return by_object;
}

json Document(const Reader& reader, const seal::DossierReport& report, const LookedAt& looked_at) {
  const FilesReport files = looked_at.value_or(FilesReport());
  const v1::Dossier& dossier = report.dossier;
  json records = json::array();
  auto signatures = SignaturesByObject(report.records);
  for (const sync::MergedRecord& record : report.records) {
    records.push_back(RecordJson(reader, record, sync::Conflicts(record)));
    records.back()["signatures"] = SignaturesJson(reader, record, signatures[record.id()]);
  }
  json changes = json::array();
  for (const seal::CheckedChange& checked : report.changes) {
    changes.push_back(ChangeJson(reader, checked.change, checked.id.str(),
                                 checked.admission.user_id(), &checked.admission));
  }
  json gone = json::array();
  for (const v1::GoneChange& change : dossier.gone()) {
    gone.push_back({{"change_id", Hex(change.change_id())},
                    {"destroyed", change.destroyed()},
                    {"by", change.by()},
                    {"done_ms", change.done_ms()},
                    {"reason", change.reason()}});
  }
  return {{"holds", report.faults.empty() && files.verdict() != FilesReport::Verdict::kAltered},
          {"types_unknown", UnknownTypesIn(*reader.schema, dossier)},
          {"files", FilesJson(files)},
          {"files_extra", ExtraJson(files)},
          {"files_unread", files.unread},
          {"files_verdict", FilesVerdictName(report, looked_at)},
          {"gone", std::move(gone)},
          {"faults", report.faults},
          {"dossier", Hex(dossier.dossier_id())},
          {"organisation", Hex(dossier.organisation_id())},
          {"log_key", Hex(dossier.log_key())},
          {"handovers", HandoversJson({dossier.handovers().begin(), dossier.handovers().end()})},
          {"devices", DevicesJson(dossier)},
          {"log",
           {{"unit", dossier.head().unit_id()},
            {"epoch", Hex(dossier.head().epoch())},
            {"size", dossier.head().size()},
            {"root", Hex(dossier.head().root())},
            {"signed_ms", dossier.head().signed_ms()}}},
          {"exported_ms", dossier.exported_ms()},
          {"exporter", report.exporter.Hex()},
          {"records", std::move(records)},
          {"changes", std::move(changes)}};
}

// Refused changes of which the content is gone, for whoever reads what is left.
std::string GoneInWords(const Reader& reader, const v1::Dossier& dossier) {
  const Voice& voice = reader.voice;
  std::string text;
  for (const v1::GoneChange& gone : dossier.gone()) {
    v1::Change named;
    named.ParseFromString(gone.named());
    absl::StrAppend(&text, voice("Thay đổi ", "Change "), Hex(gone.change_id()).substr(0, 8),
                    voice(" (số ", " (no. "), named.sequence(), voice(" của máy ", " of device "),
                    Hex(named.device_id()).substr(0, 8), "): ");
    if (gone.destroyed()) {
      absl::StrAppend(&text, voice("đã tiêu hủy lúc ", "destroyed on "),
                      InstantInWords(gone.done_ms()), voice(", do ", ", by "), OneLine(gone.by()),
                      voice(", vì: ", ", because: "), OneLine(gone.reason()));
    } else {
      absl::StrAppend(&text, voice("bí mật, đã niêm phong", "secret, and sealed"));
    }
    absl::StrAppend(&text, voice("; chỗ và tác giả của nó được chứng minh.\n",
                                 "; its place and author are proven.\n"));
  }
  return text;
}

std::string Content(const Reader& reader, const seal::DossierReport& report,
                    const LookedAt& files) {
  std::string text;
  auto signatures = SignaturesByObject(report.records);
  for (const sync::MergedRecord& record : report.records) {
    absl::StrAppend(&text, RecordInWords(reader, record, sync::Conflicts(record), absl::nullopt),
                    files.has_value() ? FileLineInWords(reader.voice, *files, record.id()) : "",
                    SignaturesInWords(reader, record, signatures[record.id()]), "\n");
  }
  absl::StrAppend(&text,
                  reader.voice("Mọi thay đổi, theo thứ tự trong nhật ký:",
                               "Every change, in the order of the log:"),
                  "\n");
  for (const seal::CheckedChange& checked : report.changes) {
    absl::StrAppend(&text, ChangeInWords(reader, checked.change, checked.admission.user_id(),
                                         &checked.admission, absl::nullopt));
  }
  return text + GoneInWords(reader, report.dossier);
}

std::string Verdict(const Voice& voice, const seal::DossierReport& report, bool pinned) {
  std::string text;
  for (const std::string& fault : report.faults) {
    absl::StrAppend(&text, voice("SAI: ", "FAULT: "), OneLine(fault), "\n");
  }
  if (!report.faults.empty()) {
    return absl::StrCat(
        text, voice("Hồ sơ này KHÔNG chứng minh được.\n", "This dossier does NOT hold.\n"));
  }
  const v1::LogHead& head = report.dossier.head();
  const std::string signatures =
      report.signatures.empty()
          ? ""
          : absl::StrCat(voice("Chữ ký: ", "Signatures: "), report.signatures.size(),
                         voice("; mỗi chữ ký đúng với bản ghi ở phiên bản nó nêu.\n",
                               "; each of what its record said in the revision it names.\n"));
  return absl::StrCat(
      voice("Đúng: ", "Holds: "), report.records.size(), voice(" bản ghi, ", " records, "),
      report.changes.size(),
      voice(" thay đổi; mỗi thay đổi do máy của tác giả niêm phong và nằm trong nhật ký của ",
            " changes; each sealed by its author's device and in the log of "),
      OneLine(head.unit_id()), voice(" (", " ("), head.size(),
      voice(" mục, ký lúc ", " entries, signed "), InstantInWords(head.signed_ms()), ").\n",
      signatures, RolledInWords(voice, report.dossier), voice("Gốc nhật ký ", "Log root "),
      Hex(head.root()), "\n",
      pinned ? ""
             : voice("Chưa so khóa nhật ký với khóa của cơ quan (--log-key); tệp này nêu:\n",
                     "The log key was not compared with the organisation's (--log-key); the file "
                     "says:\n") +
                   Hex(report.dossier.log_key()) + "\n");
}

// Of another export; it need not hold otherwise: what is taken of it is signed by keys of the
// chain.
absl::StatusOr<seal::LaterKeys> LaterKeysIn(const std::string& file) {
  seal::LaterKeys later;
  if (file.empty()) return later;
  SOTAY_ASSIGN_OR_RETURN(const std::string bytes, ReadDossierAt(file));
  v1::SealedDossier sealed;
  v1::Dossier dossier;
  if (!sealed.ParseFromString(bytes) || !dossier.ParseFromString(sealed.dossier())) {
    return absl::InvalidArgumentError(absl::StrCat("--later: ", file, " is no exported dossier"));
  }
  later.organisation_id = dossier.organisation_id();
  later.handovers.assign(dossier.handovers().begin(), dossier.handovers().end());
  later.going_on = seal::GoingOnIn(sealed.dossier());
  return later;
}

// The files beside it, as its records name them; nothing when they are not to be looked at.
absl::StatusOr<LookedAt> LookAtFiles(const Invocation& run, const VerifyWords& words,
                                     const sync::Schema& schema, const seal::DossierReport& report,
                                     absl::string_view sealed_bytes) {
  if (words.without_files || !report.faults.empty()) return LookedAt();
  std::vector<BundledFile> named = FilesNamedIn(schema, report.dossier);
  const size_t count = named.size();
  // One from before there were files beside it had none.
  const v1::BundledFiles statement = StatementIn(DossierIn(sealed_bytes)).value_or(LeftOut(named));
  if (statement.naming() != kBundleNaming) {
    return absl::InvalidArgumentError(absl::StrCat(
        "its files are named by rule ", statement.naming(), ", and this build knows rule ",
        kBundleNaming,
        "; take a newer sotay-verify, or look at the dossier alone with --without-files"));
  }
  const std::string folder = FolderOf(words.file, named, statement);
  FilesReport files =
      folder.empty() ? WithoutFolder(std::move(named), statement)
                     : CheckFiles(folder, std::move(named), statement, ShownReading(run, count));
  files.unknown_types = UnknownTypesIn(schema, report.dossier);
  return LookedAt(std::move(files));
}

std::string FilesSaid(const Voice& voice, const seal::DossierReport& report,
                      const VerifyWords& words, const LookedAt& files) {
  if (files.has_value()) return FilesInWords(voice, *files);
  if (words.without_files || report.faults.empty()) {
    return voice("Tệp đính kèm: không được xét.\n", "Files: not looked at.\n");
  }
  return voice("Tệp đính kèm: không được xét, vì hồ sơ không chứng minh được.\n",
               "Files: not looked at: nothing is proven of them, as the dossier does not hold.\n");
}

absl::Status Verify(const Invocation& run, const VerifyWords& words) {
  std::string log_key;
  if (!words.log_key.empty()) {
    log_key = absl::HexStringToBytes(absl::AsciiStrToLower(words.log_key));
    if (words.log_key.size() != kKeyDigits) {
      return absl::InvalidArgumentError(
          absl::StrCat("--log-key: ", words.log_key.size(), " digits, a log key has ", kKeyDigits));
    }
  }
  SOTAY_ASSIGN_OR_RETURN(const auto schema, LoadSchema(run.schema_files));
  SOTAY_ASSIGN_OR_RETURN(const std::string bytes, ReadDossierAt(words.file));
  SOTAY_ASSIGN_OR_RETURN(const seal::LaterKeys later, LaterKeysIn(words.later));
  const seal::DossierReport report = seal::CheckDossier(*schema, bytes, log_key, later);
  const absl::StatusOr<LookedAt> looked = LookAtFiles(run, words, *schema, report, bytes);
  const LookedAt files = looked.ok() ? *looked : absl::nullopt;
  Reader reader;
  reader.schema = schema.get();
  reader.names = Names(report.dossier.names());
  reader.voice = run.voice;
  reader.columns = run.streams.columns;
  // Of ten thousand changes either takes longer to say than they take to check.
  if (run.json) {
    run.PrintJson(Document(reader, report, files));
  } else {
    run.PrintWords(absl::StrCat(
        words.quiet ? "" : Content(reader, report, files) + "\n",
        Verdict(run.voice, report, !log_key.empty()),
        // Else it is told of with the files.
        files.has_value() ? "" : UnknownInWords(run.voice, UnknownTypesIn(*schema, report.dossier)),
        FilesSaid(run.voice, report, words, files)));
  }
  if (!report.faults.empty()) {
    return absl::DataLossError(absl::StrCat(words.file, ": ", report.faults.size(), " faults"));
  }
  // What the dossier proves has been said, whatever can be said of its files.
  SOTAY_RETURN_IF_ERROR(looked.status());
  if (!files.has_value()) return absl::OkStatus();
  switch (files->verdict()) {
    case FilesReport::Verdict::kWhole:
      return absl::OkStatus();
    case FilesReport::Verdict::kIncomplete:
    case FilesReport::Verdict::kUnknown:
    case FilesReport::Verdict::kUnchecked:
      return absl::OutOfRangeError(absl::StrCat(words.file, ": ", FilesInShort(*files)));
    case FilesReport::Verdict::kAltered:
      return absl::DataLossError(absl::StrCat(words.file, ": ", FilesInShort(*files)));
  }
  return absl::OkStatus();
}

}  // namespace

int SotayVerify(const std::vector<std::string>& args, Invocation* run) {
  run->voice = VoiceOf(args);
  const Voice& voice = run->voice;
  CommandLine line("sotay-verify",
                   voice("Kiểm tra một hồ sơ đã xuất: không cần mạng, không cần tin người đưa.",
                         "Checks an exported dossier: without a network, without trust in whoever "
                         "hands it over."),
                   voice);
  Command app = line.root();
  auto words = std::make_shared<VerifyWords>();
  app.AddOption("EXPORT", words->file,
                voice("thư mục, hoặc tệp, do sotayctl export ghi; tệp tên dossier.sotay nghĩa là "
                      "thư mục chứa nó",
                      "the folder, or the file, as sotayctl export wrote it; a file called "
                      "dossier.sotay means the folder it is in"))
      .Required();
  app.AddOption("--log-key", words->log_key,
                voice("khóa nhật ký của cơ quan, hệ 16 (sotayctl export --json nêu)",
                      "the organisation's log key, hexadecimal (sotayctl export --json tells)"))
      .TypeName("HEX");
  app.AddOption(
         "--later", words->later,
         voice("bản xuất sau này, với --earlier và bản này: khóa nhật ký đã được thay thế nào, và "
               "nhật ký nối tiếp",
               "a later export, made with --earlier and this file: how the log key was "
               "replaced since, and that the log goes on"))
      .TypeName("FILE");
  app.AddFlag("--without-files", words->without_files,
              voice("không xét tệp đính kèm, chỉ xét hồ sơ",
                    "look at the dossier alone and at no attached file"));
  app.AddFlag("--quiet", words->quiet,
              voice("chỉ in kết luận", "print the verdict alone, not the content"));
  AddReadingOptions(app, run);
  app.Footer(
      voice("Mã thoát: 0 đúng và đủ · 1 sai, hoặc tệp bị sửa, đổi tên, thêm vào · 2 lệnh sai, hoặc "
            "tệp\nđặt tên theo quy tắc không biết ở đây · 3 không có bản xuất ở đó · 6 đúng, nhưng "
            "thiếu tệp,\ncó tệp không đọc được, hoặc có loại bản ghi không biết (--schema)",
            "Exit codes: 0 it holds, and every file is there · 1 it does not, or files were "
            "altered, renamed,\nadded · 2 wrong command line, or files named by a rule not known "
            "here · 3 no export is there ·\n6 it holds, and files are missing, could not be read, "
            "or are of types not known here (--schema)"));
  run->command = [run, words] { return Verify(*run, *words); };
  return Run(&line, args, run);
}

}  // namespace sotay::cli
