#include "mobile-sdk/cli/invocation.h"

#include <chrono>
#include <cstdlib>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "mobile-sdk/cli/outcome.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kSchemaBytesMax = size_t{16} << 20;  // a hundred times what case work takes

std::string DefaultDir() {
  const char* dir = std::getenv("SOTAY_DIR");
  if (dir != nullptr && *dir != '\0') return dir;
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data != '\0') return absl::StrCat(data, "/sotay");
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr ? home : ".", "/.local/share/sotay");
}

std::string DefaultKeys() {
  const char* keys = std::getenv("SOTAY_KEYS");
  return keys != nullptr ? keys : "";
}

std::string Dumped(const nlohmann::json& document, int indent) {
  return SafeJson(
      document.dump(indent, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

int64_t Invocation::NowMs() const {
  if (surroundings.now_ms) return surroundings.now_ms();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void Invocation::PrintJson(const nlohmann::json& document) const {
  *streams.out << Dumped(document, 2) << "\n";
}

void Invocation::PrintJsonLine(const nlohmann::json& document) const {
  *streams.out << Dumped(document, -1) << std::endl;
}

void Invocation::PrintWords(absl::string_view words) const { *streams.out << words; }

void Invocation::Print(const nlohmann::json& document, absl::string_view words) const {
  if (json) {
    PrintJson(document);
  } else {
    PrintWords(words);
  }
}

void Invocation::Remark(absl::string_view words) const { *streams.err << words << std::flush; }

Voice VoiceOf(const std::vector<std::string>& args) {
  const char* asked = std::getenv("SOTAY_LANG");
  std::string code = asked != nullptr ? asked : "";
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--") break;
    if (args[i] == "--lang" && i + 1 < args.size()) code = args[i + 1];
    if (absl::StartsWith(args[i], "--lang=")) code = args[i].substr(7);
  }
  return Voice(LanguageOf(code).value_or(Language::kVietnamese));
}

void AddGlobalOptions(Command app, Invocation* invocation) {
  const Voice& voice = invocation->voice;
  invocation->dir = DefaultDir();
  app.ReachesDown();  // so that they may stand after the command's name as well
  app.RequireCommand();
  app.AddOption("--dir", invocation->dir,
                voice("thư mục của sổ ($SOTAY_DIR)", "directory of the notebook ($SOTAY_DIR)"))
      .ShowsDefault()
      .TypeName("DIR")
      .LastCounts();
  invocation->surroundings.keys = DefaultKeys();
  app.AddOption("--keys", invocation->surroundings.keys,
                voice("thư mục chứa khóa mở sổ, có thể ở thẻ nhớ riêng; không nói: keys trong "
                      "thư mục của sổ ($SOTAY_KEYS)",
                      "directory of the key that opens the notebook, best on another medium; "
                      "without it: keys, in the notebook's directory ($SOTAY_KEYS)"))
      .TypeName("DIR")
      .LastCounts();
  AddReadingOptions(app, invocation);
}

void AddReadingOptions(Command app, Invocation* invocation) {
  const Voice& voice = invocation->voice;
  app.AddFlag("--json", invocation->json, voice("in JSON cho máy đọc", "print JSON, for programs"))
      .LastCounts();
  app.AddOption("--schema", invocation->schema_files,
                voice("loại bản ghi riêng của đơn vị (protoc --descriptor_set_out)",
                      "record types of your own (protoc --descriptor_set_out)"))
      .TypeName("FILE.pb")
      .OneEach();
  app.AddOption("--lang", invocation->language,
                voice("ngôn ngữ ($SOTAY_LANG)", "language ($SOTAY_LANG)"))
      .TypeName("vi|en")
      .LastCounts()
      .OneOf({"vi", "en"});
}

int Run(CommandLine* line, const std::vector<std::string>& args, Invocation* invocation) {
  const CommandLine::Reading asked = line->Read(args);
  if (!asked.done && asked.mistake.empty()) {
    invocation->PrintWords(asked.help);
    return kExitDone;
  }
  if (!asked.done) {
    invocation->Remark(absl::StrCat(line->program(), ": ", asked.mistake));
    return kExitUsage;
  }
  const absl::Status status = invocation->command();
  invocation->streams.out->flush();
  if (!status.ok()) {
    invocation->Remark(
        absl::StrCat(line->program(), ": ", Sentence(invocation->voice, status), "\n"));
    return ExitCodeOf(status);
  }
  if (!invocation->streams.out->good()) {
    const auto& reader_left = invocation->streams.reader_left;
    if (reader_left && reader_left()) return kExitDone;  // it has read enough
    invocation->Remark(absl::StrCat(
        line->program(), ": ",
        invocation->voice("không ghi được kết quả ra", "the result could not be written"), "\n"));
    return kExitFailed;
  }
  return kExitDone;
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  absl::StatusOr<std::string> bytes = seal::ReadWholeFile(path, bytes_max);
  if (bytes.ok() || absl::StrContains(bytes.status().message(), path)) return bytes;
  return absl::Status(bytes.status().code(),
                      absl::StrCat("file ", path, ": ", bytes.status().message()));
}

absl::StatusOr<std::shared_ptr<const sync::Schema>> LoadSchema(
    const std::vector<std::string>& files) {
  std::vector<google::protobuf::FileDescriptorSet> sets;
  for (const std::string& file : files) {
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file, kSchemaBytesMax));
    if (!sets.emplace_back().ParseFromString(bytes)) {
      return absl::InvalidArgumentError(
          absl::StrCat("schema ", file,
                       " is no descriptor set; make it with protoc --include_imports "
                       "--descriptor_set_out=",
                       file));
    }
  }
  std::shared_ptr<const sync::Schema> builtin = sdk::BuiltinSchema();
  if (sets.empty()) return builtin;
  std::set<const google::protobuf::FileDescriptor*> known;
  for (const auto& [name, type] : builtin->types()) known.insert(type.descriptor->file());
  return sync::Schema::Build({known.begin(), known.end()}, sets);
}

}  // namespace sotay::cli
