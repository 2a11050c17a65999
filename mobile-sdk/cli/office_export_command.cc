// export: a dossier with its evidence, into a file that can be checked anywhere.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/dossier_export.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/profile.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/seal/digest.h"
#include "sync/seal/dossier_check.h"
#include "sync/seal/key.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kRecordDigitsMin = 8;

struct ExportWords {
  std::string record;
  std::string file;
  std::string earlier;
};

constexpr size_t kFileBytesMax = size_t{1} << 30;

// The head of an export that was made before, of the same organisation.
absl::StatusOr<absl::optional<v1::LogHead>> EarlierHead(const std::string& file,
                                                        const v1::Dossier& dossier) {
  if (file.empty()) return absl::optional<v1::LogHead>();
  SOTAY_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file, kFileBytesMax));
  v1::SealedDossier sealed;
  v1::Dossier before;
  if (!sealed.ParseFromString(bytes) || !before.ParseFromString(sealed.dossier())) {
    return absl::InvalidArgumentError(absl::StrCat("--earlier: ", file, " is no exported dossier"));
  }
  if (before.organisation_id() != dossier.organisation_id() ||
      before.head().unit_id() != dossier.head().unit_id()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--earlier: ", file, " is of another organisation or unit"));
  }
  return absl::optional<v1::LogHead>(before.head());
}

absl::StatusOr<std::string> SealedBytes(const Invocation& run, const v1::Dossier& dossier,
                                        const v1::DossierGoingOn& going_on) {
  SOTAY_ASSIGN_OR_RETURN(const Profile profile, OpenProfile(run));
  SOTAY_ASSIGN_OR_RETURN(const std::string pem, profile.vault->KeyPem());
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, seal::SigningKey::FromPem(pem));
  v1::SealedDossier sealed;
  sealed.set_dossier(absl::StrCat(dossier.SerializeAsString(), going_on.SerializeAsString()));
  sealed.set_public_key(key.PublicKey());
  for (const v1::KeyRoll& roll : profile.vault->rolls()) *sealed.add_rolls() = roll;
  SOTAY_ASSIGN_OR_RETURN(*sealed.mutable_signature(),
                         key.Sign(seal::DossierText(sealed.dossier())));
  return sealed.SerializeAsString();
}

absl::Status Export(const Invocation& run, const ExportWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const std::string id, IdBytes("record", words.record, kRecordDigitsMin));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(v1::Dossier dossier,
                         GatherDossier(open.office.get(), *open.schema, open.reader.names, id));
  dossier.set_exported_ms(run.NowMs());
  SOTAY_ASSIGN_OR_RETURN(const auto earlier, EarlierHead(words.earlier, dossier));
  SOTAY_ASSIGN_OR_RETURN(const v1::DossierGoingOn going_on,
                         GatherGoingOn(open.office.get(), dossier, earlier));
  SOTAY_ASSIGN_OR_RETURN(const std::string bytes, SealedBytes(run, dossier, going_on));
  // What is handed out has been looked at as its reader will.
  const seal::DossierReport report = seal::CheckDossier(*open.schema, bytes, dossier.log_key());
  if (!report.faults.empty()) {
    return absl::DataLossError(absl::StrCat("the server's evidence does not hold (",
                                            report.faults.front(), "); nothing was written"));
  }
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(words.file, bytes, 0600));
  const auto hash = seal::Sha256(bytes);
  const std::string digest = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
  const v1::LogHead& head = dossier.head();
  run.Print(
      {{"file", words.file},
       {"sha256", digest},
       {"records", dossier.records_size()},
       {"changes", dossier.changes_size()},
       {"log_size", head.size()},
       {"log_root", Hex(head.root())},
       {"log_key", Hex(dossier.log_key())}},
      absl::StrCat(run.voice("Đã xuất ", "Exported "), dossier.records_size(),
                   run.voice(" bản ghi, ", " records, "), dossier.changes_size(),
                   run.voice(" thay đổi vào ", " changes to "), OneLine(words.file), "\n",
                   run.voice("Nhật ký ", "Log of "), head.unit_id(), ": ", head.size(),
                   run.voice(" mục, gốc ", " entries, root "), Hex(head.root()), "\n", "SHA-256 ",
                   digest, "\n", run.voice("Kiểm tra: sotay-verify ", "Check it: sotay-verify "),
                   OneLine(words.file), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddOfficeExportCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<ExportWords>();
  Command command =
      AddCommand(app, run, "export",
                 voice("Xuất một hồ sơ kèm chứng cứ vào tệp, kiểm tra được ở mọi nơi",
                       "Export a dossier with its evidence to a file that can be checked anywhere"),
                 words, &Export);
  command
      .AddOption("RECORD", words->record,
                 voice("mã của hồ sơ hay của một bản ghi trong đó, từ 8 chữ số đầu",
                       "id of the dossier or of a record in it, its first 8 digits or more"))
      .Required();
  command.AddOption("FILE", words->file, voice("tệp ghi ra", "file to write")).Required();
  command
      .AddOption("--earlier", words->earlier,
                 voice("tệp xuất trước khi thay khóa nhật ký: chứng minh nhật ký nối tiếp từ đó",
                       "an export from before the log key was replaced: show that the log goes on "
                       "from it"))
      .TypeName("FILE");
  command.Footer(voice("Ví dụ:", "Example:") + R"(
  sotayctl export 7f3a91c2 vu-885.sotay && sotay-verify vu-885.sotay
)");
}

}  // namespace sotay::cli
