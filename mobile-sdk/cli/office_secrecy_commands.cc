// secrecy: dossiers that proved to be secret.
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/edits.h"
#include "sotay/v1/record.pb.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr size_t kRecordDigitsMin = 8;
constexpr size_t kWholeDigits = 32;
constexpr size_t kShortDigits = 8;

struct SealWords {
  std::string record, alias, holder, reason;
};

struct DossierWords {
  std::string dossier, reason;
};

struct ListWords {
  std::string unit;
  bool pending = false;
};

const char* NameOf(v1::SecretActKind kind) {
  switch (kind) {
    case v1::SECRET_ACT_KIND_SEALED:
      return "sealed";
    case v1::SECRET_ACT_KIND_DESTRUCTION_ASKED:
      return "destruction_asked";
    case v1::SECRET_ACT_KIND_DESTROYED:
      return "destroyed";
    case v1::SECRET_ACT_KIND_BACKUPS_GONE:
      return "backups_gone";
    default:
      return "?";
  }
}

bool Has(const v1::SealedDossierView& sealed, v1::SecretActKind kind) {
  for (const v1::SecretAct& act : sealed.acts()) {
    if (act.kind() == kind) return true;
  }
  return false;
}

std::string StateInWords(const Voice& voice, const v1::SealedDossierView& sealed) {
  if (sealed.destroyed()) return voice("đã tiêu hủy", "destroyed");
  if (Has(sealed, v1::SECRET_ACT_KIND_DESTRUCTION_ASKED)) {
    return voice("chờ xác nhận tiêu hủy", "to be destroyed, not confirmed");
  }
  return sealed.swept() ? voice("đã niêm phong", "sealed")
                        : voice("đang rút khỏi máy chủ", "leaving the server's files");
}

json SealedJson(const v1::SealedDossierView& sealed) {
  json acts = json::array();
  for (const v1::SecretAct& act : sealed.acts()) {
    acts.push_back({{"kind", NameOf(act.kind())},
                    {"by", act.by()},
                    {"done_ms", act.done_ms()},
                    {"reason", act.reason()}});
  }
  const v1::DossierAct& act = sealed.act();
  return {{"unit", act.unit_id()},
          {"number", act.number()},
          {"dossier", Hex(act.dossier_id())},
          {"alias", act.sealed().alias()},
          {"holder", act.sealed().holder()},
          {"changes", sealed.changes()},
          {"records", sealed.records()},
          {"swept", sealed.swept()},
          {"destroyed", sealed.destroyed()},
          {"acts", std::move(acts)}};
}

void PrintSealed(const Invocation& run, const v1::SealedDossierView& sealed) {
  const v1::DossierAct& act = sealed.act();
  std::string words = absl::StrCat(
      run.voice("Hồ sơ ", "Dossier "), Hex(act.dossier_id()), "  ", OneLine(act.sealed().alias()),
      "\n", run.voice("tình trạng: ", "state: "), StateInWords(run.voice, sealed), "; ",
      sealed.changes(), run.voice(" thay đổi, ", " changes, "), sealed.records(),
      run.voice(" bản ghi\n", " records\n"));
  if (!sealed.destroyed()) {
    absl::StrAppend(&words, run.voice("Còn ai đã có nội dung: ", "Who had it: "),
                    "sotayctl secrecy holders ", Hex(act.dossier_id()), "\n");
  }
  run.Print(SealedJson(sealed), words);
}

absl::Status Seal(const Invocation& run, const SealWords& words) {
  v1::SealDossierRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_alias(), sdk::CleanText("--alias", words.alias));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_holder(), sdk::CleanText("--holder", words.holder));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_record_id(),
                         IdBytes("record", words.record, kRecordDigitsMin));
  // Of one that is sealed already nothing is found; its root is known by its whole id.
  if (words.record.size() != kWholeDigits) {
    v1::GetRecordRequest named;
    named.set_record_id(request.record_id());
    SOTAY_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, open.office->GetRecord(named));
    v1::Record record;
    if (!record.ParseFromString(found.record().record())) {
      return absl::DataLossError("the record cannot be read");
    }
    request.set_record_id(record.record_id());
  }
  SOTAY_ASSIGN_OR_RETURN(const auto done, open.office->SealDossier(request));
  PrintSealed(run, done.sealed());
  return absl::OkStatus();
}

template <typename Request, typename Response>
absl::Status Say(const Invocation& run, const DossierWords& words,
                 absl::StatusOr<Response> (Office::*say)(const Request&)) {
  Request request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_dossier_id(),
                         IdBytes("dossier", words.dossier, kWholeDigits));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const Response done, (open.office.get()->*say)(request));
  PrintSealed(run, done.sealed());
  return absl::OkStatus();
}

absl::Status Destroy(const Invocation& run, const DossierWords& words) {
  return Say(run, words, &Office::Destroy);
}
absl::Status Confirm(const Invocation& run, const DossierWords& words) {
  return Say(run, words, &Office::Confirm);
}
absl::Status BackupsGone(const Invocation& run, const DossierWords& words) {
  return Say(run, words, &Office::NoteBackupsGone);
}

absl::Status List(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  v1::ListSealedRequest request;
  request.set_unit_id(words.unit);
  request.set_pending(words.pending);
  SOTAY_ASSIGN_OR_RETURN(const v1::ListSealedResponse listed, open.office->ListSealed(request));
  const Voice& voice = run.voice;
  Table table({{voice("đơn vị", "unit")},
               {voice("số", "no."), true},
               {voice("hồ sơ", "dossier")},
               {voice("bí danh", "alias"), false, 8},
               {voice("bản giấy ở", "paper file"), false, 8},
               {voice("lúc", "when")},
               {voice("người ghi", "set by"), false, 0, true},
               {voice("tình trạng", "state"), false, 8}});
  json list = json::array();
  for (const v1::SealedDossierView& sealed : listed.sealed()) {
    list.push_back(SealedJson(sealed));
    const v1::DossierAct& act = sealed.act();
    table.Add({act.unit_id(), absl::StrCat(act.number()), Hex(act.dossier_id()),
               act.sealed().alias(), act.sealed().holder(), InstantInWords(act.set_ms()),
               act.set_by(), StateInWords(voice, sealed)});
  }
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

absl::Status Holders(const Invocation& run, const DossierWords& words) {
  v1::ListHoldersRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_dossier_id(),
                         IdBytes("dossier", words.dossier, kWholeDigits));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::ListHoldersResponse holders, open.office->ListHolders(request));
  const Voice& voice = run.voice;
  Table devices({{voice("người", "user")},
                 {voice("máy", "device")},
                 {voice("đã ghi", "wrote")},
                 {voice("liên lạc cuối", "last contact")},
                 {voice("đã xóa trên máy", "made unreadable")}});
  json device_list = json::array();
  for (const v1::HoldingDevice& device : holders.devices()) {
    device_list.push_back({{"user", device.user_id()},
                           {"device", Hex(device.device_id())},
                           {"name", device.name()},
                           {"wrote", device.wrote()},
                           {"revoked", device.revoked()},
                           {"reported_ms", device.reported_ms()},
                           {"last_contact_ms", device.last_contact_ms()}});
    std::string reported = device.reported_ms() != 0 ? InstantInWords(device.reported_ms())
                                                     : voice("CHƯA BÁO", "NOT REPORTED");
    if (device.revoked()) absl::StrAppend(&reported, voice(" (đã thu hồi)", " (revoked)"));
    devices.Add(
        {device.user_id(),
         absl::StrCat(Hex(device.device_id()).substr(0, kShortDigits), " ", OneLine(device.name())),
         device.wrote() ? voice("có", "yes") : "",
         device.last_contact_ms() != 0 ? InstantInWords(device.last_contact_ms()) : "",
         std::move(reported)});
  }
  Table readers({{voice("người", "user")},
                 {voice("lần đọc", "reads"), true},
                 {voice("lần xuất", "exports"), true},
                 {voice("lần cuối", "last")}});
  json reader_list = json::array();
  for (const v1::HoldingReader& reader : holders.readers()) {
    reader_list.push_back({{"user", reader.user_id()},
                           {"reads", reader.reads()},
                           {"exports", reader.exports()},
                           {"last_ms", reader.last_ms()}});
    readers.Add({reader.user_id(), absl::StrCat(reader.reads()), absl::StrCat(reader.exports()),
                 InstantInWords(reader.last_ms())});
  }
  json backups = json::array();
  std::string segments;
  for (const std::string& backup : holders.backups()) {
    backups.push_back(backup);
    absl::StrAppend(&segments, "  ", OneLine(backup), "\n");
  }
  std::string told = absl::StrCat(voice("Máy:\n", "Devices:\n"), devices.Print(run.streams.columns),
                                  voice("Người đã đọc:\n", "People who read it:\n"),
                                  readers.Print(run.streams.columns));
  if (!segments.empty()) {
    absl::StrAppend(&told, voice("Bản sao lưu từ trước:\n", "Backups from before:\n"), segments);
  }
  absl::StrAppend(&told, voice("Điều ai đó nhớ hoặc đã in ra, không danh sách nào có.\n",
                               "What a person remembers, or has printed, is on no list.\n"));
  run.Print({{"devices", std::move(device_list)},
             {"readers", std::move(reader_list)},
             {"backups", std::move(backups)}},
            told);
  return absl::OkStatus();
}

}  // namespace

void AddOfficeSecrecyCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  const Command secrecy =
      app.Add("secrecy", voice("Hồ sơ hóa ra là bí mật", "Dossiers that proved to be secret"));
  secrecy.RequireCommand();
  secrecy.Footer(voice(
      "Nội dung rời khỏi máy chủ và mọi máy; còn lại bí danh, bản giấy ở đâu, và chứng cứ rằng đã "
      "có những thay đổi ấy. Tiêu hủy cần hai người: Viện trưởng đề nghị, quản trị khác xác nhận. "
      "Ai được ghi: sotayctl rules, quyền seal.",
      "The content leaves the server and every device; what is left is an alias, where the paper "
      "file is, and the proof that there were those changes.  Destroying takes two: a head asks, "
      "an administrator who is not that head confirms.  Who may say this: sotayctl rules, the "
      "verb seal."));

  auto sealed = std::make_shared<SealWords>();
  Command seal = AddCommand(secrecy, run, "seal",
                            voice("Niêm phong một hồ sơ; không lấy lại được",
                                  "Seal a dossier; this cannot be taken back"),
                            sealed, &Seal);
  seal.AddOption("RECORD", sealed->record,
                 voice("hồ sơ: mã của vụ việc, cuộc kiểm sát, hoặc của bản ghi bất kỳ trong đó",
                       "the dossier: id of its case or inspection, or of any record in it"))
      .Required();
  seal.AddOption("--alias", sealed->alias,
                 voice("từ nay gọi là gì; không để lộ điều gì", "what it is called; tells nothing"))
      .Required();
  seal.AddOption("--holder", sealed->holder,
                 voice("bản giấy ở đâu, ai giữ", "where the paper file is, and with whom"))
      .Required();
  seal.AddOption("--reason", sealed->reason,
                 voice("quyết định nào; được giữ lại, đừng để lộ điều gì",
                       "by which decision; it stays, so let it tell nothing"))
      .Required();
  seal.Footer(voice("Ví dụ:", "Example:") + R"(
  sotayctl secrecy seal 7f3a91c2 --alias "Hồ sơ 17" --holder "Tủ số 3" --reason "9/CV-VKS"
)");

  const std::string dossier =
      voice("mã đầy đủ của hồ sơ (sotayctl secrecy list)", "its whole id (sotayctl secrecy list)");
  auto list_words = std::make_shared<ListWords>();
  Command list =
      AddCommand(secrecy, run, "list", voice("Những hồ sơ đã niêm phong", "Sealed dossiers"),
                 list_words, &List);
  list.AddOption("--unit", list_words->unit, voice("của một đơn vị", "of one unit"))
      .TypeName("UNIT");
  list.AddFlag("--pending", list_words->pending,
               voice("chỉ hồ sơ chờ xác nhận tiêu hủy", "only those to be destroyed, unconfirmed"));

  auto held = std::make_shared<DossierWords>();
  AddCommand(secrecy, run, "holders", voice("Ai đã có nội dung", "Who had it"), held, &Holders)
      .AddOption("DOSSIER", held->dossier, dossier)
      .Required();

  const std::string reason = voice("quyết định nào", "by which decision");
  const auto add = [&](const char* name, const std::string& says, auto act) {
    auto words = std::make_shared<DossierWords>();
    Command command = AddCommand(secrecy, run, name, says, words, act);
    command.AddOption("DOSSIER", words->dossier, dossier).Required();
    command.AddOption("--reason", words->reason, reason).Required();
  };
  add("destroy", voice("Đề nghị tiêu hủy (Viện trưởng)", "Ask that it be destroyed (a head)"),
      &Destroy);
  add("confirm",
      voice("Xác nhận và tiêu hủy khóa (quản trị); không lấy lại được",
            "Confirm, and destroy the key (an administrator); this cannot be taken back"),
      &Confirm);
  add("backups-gone",
      voice("Ghi rằng bản sao lưu từ trước không còn (quản trị)",
            "Say that the backups from before are gone (an administrator)"),
      &BackupsGone);
}

}  // namespace sotay::cli
