// import: a table of somebody else's becomes records.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/csv.h"
#include "mobile-sdk/cli/import.h"
#include "mobile-sdk/cli/mapping.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kTableBytesMax = size_t{1} << 30;  // held in memory whole
constexpr size_t kMappingBytesMax = size_t{1} << 20;
constexpr size_t kRowsBetweenRemarks = 50;

struct ImportWords {
  std::string table, mapping, unit;
  size_t skip = 0;
  size_t limit = 0;
};

// The journal of tables read by mappings of this name: "inspections.mapping.toml" →
// DIR/import.inspections.mapping.toml.journal.
std::string JournalPath(const std::string& dir, const std::string& mapping) {
  const size_t slash = mapping.rfind('/');
  const std::string name = slash == std::string::npos ? mapping : mapping.substr(slash + 1);
  return absl::StrCat(dir, "/import.", name, ".journal");
}

absl::Status Import(const Invocation& run, const ImportWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const std::string mapping_text, ReadFile(words.mapping, kMappingBytesMax));
  SOTAY_ASSIGN_OR_RETURN(const Mapping mapping, ParseMapping(mapping_text, *open.schema));
  SOTAY_ASSIGN_OR_RETURN(const std::string table_text, ReadFile(words.table, kTableBytesMax));
  SOTAY_ASSIGN_OR_RETURN(const CsvTable table, CsvTable::Parse(table_text));

  ImportRequest request;
  request.mapping = &mapping;
  request.table = &table;
  request.journal_path = JournalPath(run.dir, words.mapping);
  request.unit_id = words.unit;
  request.rows_passed = words.skip;
  request.rows_max = words.limit;
  request.progress = [&run](const ImportReport& report) {
    const size_t rows = report.imported + report.skipped;
    const bool last = rows + report.left == report.rows;
    if (!last && !run.streams.err_shown && report.imported % kRowsBetweenRemarks != 0) return;
    run.Remark(absl::StrCat(run.streams.err_shown ? "\r" : "", rows, "/", report.rows,
                            run.voice(" dòng, ", " rows, "), report.records.size(),
                            run.voice(" bản ghi", " records"),
                            run.streams.err_shown && !last ? "   " : "   \n"));
  };
  SOTAY_ASSIGN_OR_RETURN(const ImportReport report, ImportTable(open.notebook.get(), request));

  std::string text = absl::StrCat(run.voice("Đã nhập ", "Imported "), report.imported,
                                  run.voice(" dòng thành ", " rows as "), report.records.size(),
                                  run.voice(" bản ghi", " records"));
  if (report.completed != 0) {
    absl::StrAppend(&text, run.voice("; hoàn tất ", "; completed "), report.completed,
                    run.voice(" dòng dở dang", " rows cut short before"));
  }
  if (report.skipped != 0) {
    absl::StrAppend(&text, run.voice("; bỏ qua ", "; skipped "), report.skipped,
                    run.voice(" dòng đã nhập trước", " rows imported before"));
  }
  if (report.left != 0) {
    absl::StrAppend(&text, run.voice("; còn ", "; left "), report.left,
                    run.voice(" dòng (--limit)", " rows (--limit)"));
  }
  if (!report.secret_lines.empty()) {
    absl::StrAppend(
        &text,
        run.voice("; đã ngừng nhập, vì hồ sơ là tài liệu mật, dòng ",
                  "; not gone on with, as their dossier proved to be secret: line "),
        absl::StrJoin(report.secret_lines, ", "),
        run.voice(" (nếu không phải, nhập tay)", " (if it is another, enter it by hand)"));
  }
  nlohmann::json records = nlohmann::json::array();
  for (const sync::RecordId& id : report.records) records.push_back(id.Hex());
  run.Print({{"rows", report.rows},
             {"imported", report.imported},
             {"completed", report.completed},
             {"skipped", report.skipped},
             {"left", report.left},
             {"secret_lines", report.secret_lines},
             {"records", records}},
            absl::StrCat(text, ".\n"));
  return absl::OkStatus();
}

}  // namespace

void AddImportCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<ImportWords>();
  Command command =
      AddCommand(app, run, "import",
                 voice("Nhập bảng CSV thành bản ghi; nhập lại không ghi trùng",
                       "Import a CSV table as records; importing again adds nothing twice"),
                 words, &Import);
  command.AddOption("CSV", words->table, voice("bảng, UTF-8", "the table, UTF-8")).Required();
  command
      .AddOption("--mapping", words->mapping,
                 voice("cột nào thành trường nào", "which column becomes which field"))
      .TypeName("MAPPING.toml")
      .Required();
  command
      .AddOption("--unit", words->unit,
                 voice("đơn vị; không ghi: đơn vị duy nhất", "unit; none: your only one"))
      .TypeName("UNIT");
  command
      .AddOption("--skip", words->skip,
                 voice("bỏ bấy nhiêu dòng đầu bảng", "leave out that many rows at the top"))
      .TypeName("N")
      .NotNegative();
  command
      .AddOption("--limit", words->limit,
                 voice("nhiều nhất bấy nhiêu dòng mới", "that many new rows at most"))
      .TypeName("N")
      .Positive();
  command.Footer(voice("Ví dụ:", "Example:") + R"(
  sotay import inspections.csv --mapping inspections.mapping.toml --unit vkskv3
)");
}

}  // namespace sotay::cli
