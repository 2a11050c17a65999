// export: a dossier with its evidence and the files of its attachments, into a folder that can be
// checked anywhere; or the dossier alone, into a file.
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/bundle.h"
#include "mobile-sdk/cli/bundle_words.h"
#include "mobile-sdk/cli/bundle_writer.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/dossier_export.h"
#include "mobile-sdk/cli/file_words.h"
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
  std::string out;
  std::string earlier;
  bool without_files = false;
};

// What is taken of an export that was made before.
struct EarlierExport {
  std::string organisation_id;
  v1::LogHead head;
};

absl::StatusOr<absl::optional<EarlierExport>> ReadEarlier(const std::string& file) {
  if (file.empty()) return absl::optional<EarlierExport>();
  SOTAY_ASSIGN_OR_RETURN(const std::string bytes, ReadDossierAt(file));
  v1::SealedDossier sealed;
  v1::Dossier before;
  if (!sealed.ParseFromString(bytes) || !before.ParseFromString(sealed.dossier())) {
    return absl::InvalidArgumentError(absl::StrCat("--earlier: ", file, " is no exported dossier"));
  }
  return absl::optional<EarlierExport>(EarlierExport{before.organisation_id(), before.head()});
}

// What it takes of this machine: all of it is read before anything is touched, so that what fails
// later is the server's answer or the disk's.
struct Means {
  OpenOffice open;
  Profile profile;
  seal::SigningKey key;
  absl::optional<EarlierExport> earlier;
};

absl::StatusOr<Means> MeansFor(const Invocation& run, const ExportWords& words) {
  SOTAY_ASSIGN_OR_RETURN(absl::optional<EarlierExport> earlier, ReadEarlier(words.earlier));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(Profile profile, OpenProfile(run));
  SOTAY_ASSIGN_OR_RETURN(const std::string pem, profile.vault->KeyPem());
  SOTAY_ASSIGN_OR_RETURN(seal::SigningKey key, seal::SigningKey::FromPem(pem));
  return Means{std::move(open), std::move(profile), std::move(key), std::move(earlier)};
}

// How the log goes on, also from the earlier export.
absl::StatusOr<v1::DossierGoingOn> GoingOnOf(Means* means, const v1::Dossier& dossier) {
  absl::optional<v1::LogHead> head;
  if (means->earlier.has_value()) {
    head = means->earlier->head;
    if (means->earlier->organisation_id != dossier.organisation_id() ||
        head->unit_id() != dossier.head().unit_id()) {
      return absl::InvalidArgumentError("--earlier is of another organisation or unit");
    }
  }
  auto going_on = GatherGoingOn(means->open.office.get(), dossier, head);
  if (!absl::IsNotFound(going_on.status())) return going_on;
  // Of what --earlier names, and not of the dossier.
  return absl::FailedPreconditionError(
      absl::StrCat("--earlier: the server cannot show that its log goes on from that export (",
                   going_on.status().message(), ")"));
}

absl::StatusOr<std::string> SealedBytes(const Means& means, const v1::Dossier& dossier,
                                        const v1::DossierGoingOn& going_on,
                                        const v1::DossierFiles& files) {
  v1::SealedDossier sealed;
  sealed.set_dossier(absl::StrCat(dossier.SerializeAsString(), going_on.SerializeAsString(),
                                  files.SerializeAsString()));
  sealed.set_public_key(means.key.PublicKey());
  for (const v1::KeyRoll& roll : means.profile.vault->rolls()) *sealed.add_rolls() = roll;
  SOTAY_ASSIGN_OR_RETURN(*sealed.mutable_signature(),
                         means.key.Sign(seal::DossierText(sealed.dossier())));
  return sealed.SerializeAsString();
}

// What is handed out.
struct Exported {
  std::string record;  // the beginning of its id, as it was asked for
  v1::Dossier dossier;
  std::vector<BundledFile> named;
  FetchedFiles files;
  std::string bytes;  // of the SealedDossier
};

// The files, and what the export says of them.
absl::StatusOr<v1::DossierFiles> GatherFiles(const Invocation& run, Means* means,
                                             BundleWriter* writer, Exported* made) {
  const sync::Schema& schema = *means->open.schema;
  made->named = FilesNamedIn(schema, made->dossier);
  const std::set<std::string> unknown = UnknownTypesIn(schema, made->dossier);
  v1::DossierFiles said;
  if (writer == nullptr) {
    made->files.statement = LeftOut(made->named);
    // Of what cannot be read nothing can be listed, and a list without it would say that it was
    // there.
    if (unknown.empty()) *said.mutable_files() = made->files.statement;
    return said;
  }
  if (!unknown.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("which files its records name cannot be said: types not known here: ",
                     absl::StrJoin(unknown, ", "),
                     "; give the schema that has them (--schema), or export with --without-files"));
  }
  SOTAY_RETURN_IF_ERROR(writer->Claim(made->record, made->dossier.dossier_id()));
  const auto show = [&](const BundledFile& file, size_t number, size_t count, uint64_t bytes) {
    if (run.streams.err_shown) run.Remark(ProgressInWords(file, number, count, bytes));
  };
  Office& office = *means->open.office;
  SOTAY_ASSIGN_OR_RETURN(
      made->files,
      FetchInto(
          writer, made->named,
          [&](const v1::ReadChunkRequest& read) { return office.ReadChunk(read); }, show));
  *said.mutable_files() = made->files.statement;
  return said;
}

// Gathers it; with `writer`, the files as well.
absl::StatusOr<Exported> Gather(const Invocation& run, const std::string& id, Means* means,
                                BundleWriter* writer) {
  OpenOffice& open = means->open;
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  Exported made;
  made.record = id;
  SOTAY_ASSIGN_OR_RETURN(made.dossier,
                         GatherDossier(open.office.get(), *open.schema, open.reader.names, id));
  made.dossier.set_exported_ms(run.NowMs());
  SOTAY_ASSIGN_OR_RETURN(const v1::DossierGoingOn going_on, GoingOnOf(means, made.dossier));
  SOTAY_ASSIGN_OR_RETURN(const v1::DossierFiles files, GatherFiles(run, means, writer, &made));
  SOTAY_ASSIGN_OR_RETURN(made.bytes, SealedBytes(*means, made.dossier, going_on, files));
  // What is handed out has been looked at as its reader will.
  const seal::DossierReport report =
      seal::CheckDossier(*open.schema, made.bytes, made.dossier.log_key());
  const std::set<std::string> unknown = UnknownTypesIn(*open.schema, made.dossier);
  if (!report.faults.empty() && !unknown.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("whether the evidence holds cannot be said (", report.faults.front(),
                     "): types not known here: ", absl::StrJoin(unknown, ", "),
                     "; give the schema that has them (--schema)"));
  }
  if (!report.faults.empty()) {
    // With types brought from here it may be these that are wrong, and not the server.
    return absl::Status(
        run.schema_files.empty() ? absl::StatusCode::kDataLoss : absl::StatusCode::kUnknown,
        absl::StrCat("the server's evidence does not hold (", report.faults.front(),
                     "); nothing was handed out"));
  }
  return made;
}

absl::StatusOr<Exported> FillFolder(const Invocation& run, const std::string& id, Means* means,
                                    BundleWriter* writer) {
  SOTAY_ASSIGN_OR_RETURN(Exported made, Gather(run, id, means, writer));
  SOTAY_RETURN_IF_ERROR(writer->PutDossier(made.bytes));
  const FilesReport report =
      writer->ReadThrough(made.named, made.files.statement, ShownReading(run, made.named.size()));
  const auto missing = static_cast<size_t>(made.files.statement.absent_size());
  const FilesReport::Verdict expected =
      missing == 0 ? FilesReport::Verdict::kWhole : FilesReport::Verdict::kIncomplete;
  if (report.verdict() != expected || report.Count(FileState::kMissing) != missing) {
    // This disk's doing, and not the server's.
    return absl::UnknownError(
        absl::StrCat("what was written reads otherwise (", FilesInShort(report), ")"));
  }
  SOTAY_RETURN_IF_ERROR(writer->Keep());
  return made;
}

// All of it under the folder's name, or nothing.
absl::StatusOr<Exported> IntoFolder(const Invocation& run, const std::string& id,
                                    const ExportWords& words) {
  SOTAY_ASSIGN_OR_RETURN(Means means, MeansFor(run, words));
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<BundleWriter> writer,
                         BundleWriter::Begin(words.out));
  absl::StatusOr<Exported> made = FillFolder(run, id, &means, writer.get());
  if (made.ok()) return made;
  std::string more;
  if (!ForbidsKeeping(made.status())) {
    if (writer->Leave()) {
      more = absl::StrCat("; what came is in ", writer->part(),
                          ", and the same command goes on from there");
    }
  } else if (!writer->IsOf(id)) {
    // A slip of the pen, as like as not: it says nothing of what is there.
    more = absl::StrCat("; ", writer->part(), " is of another record, and stays");
  } else if (const absl::Status gone = writer->Discard(); !gone.ok()) {
    more = absl::StrCat("; what came must not stay, and could not be removed from ", writer->part(),
                        " (", gone.message(), "): remove it");
  }
  return absl::Status(made.status().code(), absl::StrCat(made.status().message(), more));
}

absl::StatusOr<Exported> IntoFile(const Invocation& run, const std::string& id,
                                  const ExportWords& words) {
  SOTAY_RETURN_IF_ERROR(NothingAt(words.out));
  SOTAY_ASSIGN_OR_RETURN(Means means, MeansFor(run, words));
  SOTAY_ASSIGN_OR_RETURN(Exported made, Gather(run, id, &means, nullptr));
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(words.out, made.bytes, 0600));
  return made;
}

// Which files are there, and of each that is not, why.
std::string FilesSaid(const Voice& voice, const Exported& made) {
  std::string text;
  if (made.named.empty()) return text;
  absl::StrAppend(&text, voice("Tệp đính kèm: ", "Files: "), made.files.count,
                  voice(" trên ", " of "), made.named.size(), ", ", BytesInWords(made.files.bytes),
                  "\n");
  for (const CheckedFile& file : WithoutFolder(made.named, made.files.statement).files) {
    if (file.why == v1::FILE_ABSENCE_UNSPECIFIED) continue;
    absl::StrAppend(&text, voice("  THIẾU ", "  MISSING "), file.file.name, ": ",
                    AbsenceInWords(voice, file.why), "\n");
  }
  return text;
}

nlohmann::json AbsentJson(const Exported& made) {
  nlohmann::json absent = nlohmann::json::array();
  for (const v1::AbsentFile& file : made.files.statement.absent()) {
    absent.push_back(
        {{"sha256", Hex(file.sha256())}, {"size", file.size()}, {"why", AbsenceName(file.why())}});
  }
  return absent;
}

absl::Status Export(const Invocation& run, const ExportWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const std::string id, IdBytes("record", words.record, kRecordDigitsMin));
  SOTAY_ASSIGN_OR_RETURN(const Exported made, words.without_files ? IntoFile(run, id, words)
                                                                  : IntoFolder(run, id, words));
  const v1::Dossier& dossier = made.dossier;
  const auto hash = seal::Sha256(made.bytes);
  const std::string digest = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
  const v1::LogHead& head = dossier.head();
  run.Print(
      {{"file", PlaceOf(words.out).dossier},
       {"sha256", digest},
       {"records", dossier.records_size()},
       {"changes", dossier.changes_size()},
       {"files", made.files.count},
       {"files_bytes", made.files.bytes},
       {"files_kept", made.files.kept},
       {"files_absent", AbsentJson(made)},
       {"log_size", head.size()},
       {"log_root", Hex(head.root())},
       {"log_key", Hex(dossier.log_key())}},
      absl::StrCat(run.voice("Đã xuất ", "Exported "), dossier.records_size(),
                   run.voice(" bản ghi, ", " records, "), dossier.changes_size(),
                   run.voice(" thay đổi vào ", " changes to "), OneLine(words.out), "\n",
                   FilesSaid(run.voice, made), run.voice("Nhật ký ", "Log of "), head.unit_id(),
                   ": ", head.size(), run.voice(" mục, gốc ", " entries, root "), Hex(head.root()),
                   "\n", "SHA-256 ", digest, "\n",
                   run.voice("Kiểm tra: sotay-verify ", "Check it: sotay-verify "),
                   OneLine(words.out), "\n"));
  const int absent = made.files.statement.absent_size();
  if (words.without_files || absent == 0) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(words.out, ": of ", made.named.size(), " files ",
                                            absent, " were not to be had from the server"));
}

}  // namespace

void AddOfficeExportCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<ExportWords>();
  Command command =
      AddCommand(app, run, "export",
                 voice("Xuất một hồ sơ kèm chứng cứ và tệp đính kèm, kiểm tra được ở mọi nơi",
                       "Export a dossier with its evidence and files, to be checked anywhere"),
                 words, &Export);
  command
      .AddOption("RECORD", words->record,
                 voice("mã của hồ sơ hay của một bản ghi trong đó, từ 8 chữ số đầu",
                       "id of the dossier or of a record in it, its first 8 digits or more"))
      .Required();
  command
      .AddOption(
          "OUT", words->out,
          voice("thư mục ghi ra; với --without-files: tệp ghi ra; chưa có gì mang tên đó",
                "folder to make, or with --without-files file to write; nothing may have that "
                "name yet"))
      .Required();
  command.AddFlag(
      "--without-files", words->without_files,
      voice("chỉ hồ sơ và chứng cứ, vào một tệp; mã băm của tệp đính kèm vẫn có trong đó",
            "the dossier with its evidence alone, into one file; the hashes of attached "
            "files are in it all the same"));
  command
      .AddOption("--earlier", words->earlier,
                 voice("bản xuất trước khi thay khóa nhật ký: chứng minh nhật ký nối tiếp từ đó",
                       "an export from before the log key was replaced: show that the log goes on "
                       "from it"))
      .TypeName("FILE");
  command.Footer(
      voice(
          "OUT/dossier.sotay là hồ sơ, OUT/files là tệp đính kèm. Phần đã tải khi đứt giữa chừng "
          "nằm "
          "ở OUT.part;\nchạy lại đúng lệnh ấy để tiếp tục. OUT chỉ xuất hiện khi xong. Mã thoát 6: "
          "đã "
          "xuất, nhưng máy chủ\nkhông đưa được mọi tệp.\nVí dụ:",
          "OUT/dossier.sotay is the dossier, OUT/files are the attached files.  What came when it "
          "breaks off is in\nOUT.part, and the same command goes on from there; OUT appears when "
          "it "
          "is done.  Exit code 6: it was\nexported, and not every file was to be had from the "
          "server.\nExample:") +
      R"(
  sotayctl export 7f3a91c2 vu-885 && sotay-verify vu-885
  sotayctl export 7f3a91c2 vu-885.sotay --without-files
)");
}

}  // namespace sotay::cli
