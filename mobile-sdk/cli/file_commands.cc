// attach, files, save: photographs, scans and recordings beside the notes.
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/file_words.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct AttachWords {
  std::string file, in, kind, caption, original;
};
struct SaveWords {
  std::string attachment, out;
};
struct NoWords {};

// By the name alone: nobody looks into a file here, and nobody believes what this says.
std::string MediaTypeOf(const std::filesystem::path& path) {
  static const auto* const kTypes = new std::map<std::string, std::string>{
      {".jpg", "image/jpeg"},  {".jpeg", "image/jpeg"},     {".png", "image/png"},
      {".heic", "image/heic"}, {".webp", "image/webp"},     {".tif", "image/tiff"},
      {".tiff", "image/tiff"}, {".pdf", "application/pdf"}, {".m4a", "audio/mp4"},
      {".mp3", "audio/mpeg"},  {".wav", "audio/wav"},       {".ogg", "audio/ogg"},
      {".mp4", "video/mp4"}};
  const auto known = kTypes->find(absl::AsciiStrToLower(path.extension().string()));
  return known == kTypes->end() ? "application/octet-stream" : known->second;
}

absl::Status Attach(const Invocation& run, const AttachWords& words) {
  const std::filesystem::path path(words.file);
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", words.file));
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId parent, open.notebook->Find(words.in));
  using Kind = sdk::Edit::Kind;
  std::vector<sdk::Edit> edits = {{Kind::kSet, "file_name", "", path.filename().string()},
                                  {Kind::kSet, "mime", "", MediaTypeOf(path)}};
  if (!words.kind.empty()) edits.push_back({Kind::kSet, "kind", "", words.kind});
  if (!words.caption.empty()) edits.push_back({Kind::kText, "caption", "", words.caption});
  if (!words.original.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const sync::RecordId original, open.notebook->Find(words.original));
    edits.push_back({Kind::kSet, "original", "", original.Hex()});
  }
  const auto source = [&](size_t bytes_max) -> absl::StatusOr<std::string> {
    std::string bytes(bytes_max, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes_max));
    if (in.bad()) return absl::UnknownError(absl::StrCat("cannot read ", words.file));
    bytes.resize(static_cast<size_t>(in.gcount()));
    return bytes;
  };
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id,
                         open.notebook->Attach(parent, source, "attachment", edits));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::FileLine> files,
                         open.notebook->ListFiles(/*here_alone=*/true));
  for (const sdk::FileLine& line : files) {
    if (line.record.id != id) continue;
    run.Print(FileJson(line),
              absl::StrCat(run.voice("Đã đính kèm ", "Attached "), id.Short(), "  ",
                           OneLine(line.record.title), ", ", BytesInWords(line.size), "\n"));
  }
  return absl::OkStatus();
}

absl::Status ShowFiles(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::FileLine> files, open.notebook->ListFiles());
  json document = json::array();
  std::string text;
  for (const sdk::FileLine& line : files) {
    document.push_back(FileJson(line));
    absl::StrAppend(&text, line.record.id.Short(), "  ", PadRight(BytesInWords(line.size), 9), "  ",
                    PadRight(FileStateInWords(run.voice, line), 28), "  ",
                    Fit(OneLine(line.record.title), 40), "\n");
  }
  if (files.empty()) text = run.voice("Không có tệp nào.\n", "No files.\n");
  run.Print(document, text);
  return absl::OkStatus();
}

absl::Status Save(const Invocation& run, const SaveWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.attachment));
  uint64_t size = 0;
  SOTAY_RETURN_IF_ERROR(SaveWhole(words.out, [&](const sdk::FileSink& sink) {
    return open.notebook->SaveFile(
        id,
        [&](const std::string& bytes) {
          size += bytes.size();
          return sink(bytes);
        },
        [&](const sdk::FileProgress& progress) { ShowProgress(run, progress); });
  }));
  run.Print({{"id", id.Hex()}, {"size", size}, {"file", words.out}},
            absl::StrCat(run.voice("Đã lưu ", "Saved "), OneLine(words.out), ", ",
                         BytesInWords(size), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddFileCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto attach = std::make_shared<AttachWords>();
  Command command = AddCommand(app, run, "attach",
                               voice("Đính kèm ảnh, bản quét, ghi âm vào một bản ghi",
                                     "Attach a photograph, a scan, a recording to a record"),
                               attach, &Attach);
  command.AddOption("FILE", attach->file, voice("tệp", "the file")).Required();
  command
      .AddOption("--in", attach->in,
                 voice("bản ghi mà tệp đi kèm", "the record the file goes with"))
      .TypeName("RECORD")
      .Required();
  command
      .AddOption(
          "--kind", attach->kind,
          voice("loại: photo, audio, scan, sketch", "what it is: photo, audio, scan, sketch"))
      .TypeName("KIND");
  command.AddOption("--caption", attach->caption, voice("chú thích", "what is to be seen"))
      .TypeName("TEXT");
  command
      .AddOption("--original", attach->original,
                 voice("tệp gốc mà tệp này được cắt, làm mờ từ đó",
                       "the attachment this one was cropped or blurred from"))
      .TypeName("ATTACHMENT");
  command.Footer(
      voice("Tệp được sao vào sổ và niêm lại trên máy; gửi sau ghi chép, từng phần, "
            "đứt thì gửi tiếp.\nVí dụ:",
            "The file is copied into the notebook and sealed there; it is sent after the "
            "notes, in pieces, and\ngoes on where a connection broke.  Example:") +
      R"(
  sotay attach hien-truong.jpg --in 9b20 --kind photo --caption "Vết phanh, điểm đầu"
)");
  AddCommand(app, run, "files",
             voice("Tệp đính kèm: ở máy, trên máy chủ, đang chờ gửi",
                   "Attached files: here, on the server, waiting to be sent"),
             std::make_shared<NoWords>(), &ShowFiles);
  auto save = std::make_shared<SaveWords>();
  command = AddCommand(app, run, "save",
                       voice("Lưu một tệp đính kèm ra ngoài; tải về nếu chưa có",
                             "Save an attached file; fetches it where it is not here"),
                       save, &Save);
  command
      .AddOption("ATTACHMENT", save->attachment,
                 voice("mã, từ 4 chữ số đầu", "id, its first 4 digits or more"))
      .Required();
  command.AddOption("OUT", save->out, voice("lưu vào đâu", "where to")).Required();
}

}  // namespace sotay::cli
