#include "mobile-sdk/cli/file_words.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace sotay::cli {

std::string BytesInWords(uint64_t bytes) {
  if (bytes < 1'000) return absl::StrCat(bytes, " B");
  if (bytes < 1'000'000) return absl::StrCat((bytes + 500) / 1'000, " kB");
  const uint64_t tenths = (bytes + 50'000) / 100'000;
  return absl::StrCat(tenths / 10, ",", tenths % 10, " MB");
}

std::string FileStateInWords(const Voice& voice, const sdk::FileLine& line) {
  if (!line.here) return voice("không ở máy này", "not on this device");
  if (line.damaged) {
    return line.waiting ? voice("HỎNG ở máy, chưa gửi xong", "DAMAGED, not sent whole")
                        : voice("hỏng ở máy, máy chủ còn", "damaged, the server has it");
  }
  if (!line.shown) {
    return voice("chờ gửi, bản ghi bị giữ lại hoặc đã rời máy",
                 "waiting; its record was set aside or has left");
  }
  if (line.not_taken && line.waiting) return voice("máy chủ không nhận", "not taken by the server");
  if (line.waiting && line.sent == 0) return voice("chờ gửi", "waiting");
  if (line.waiting) {
    return absl::StrCat(voice("chờ gửi, đã gửi ", "waiting, sent "), BytesInWords(line.sent));
  }
  return line.fetched ? voice("ở máy, đã tải về", "here, fetched")
                      : voice("ở máy và trên máy chủ", "here and on the server");
}

nlohmann::json FileJson(const sdk::FileLine& line) {
  return {{"id", line.record.id.Hex()},
          {"parent", line.parent.Hex()},
          {"dossier", line.record.dossier.Hex()},
          {"unit", line.record.unit_id},
          {"name", line.record.title},
          {"sha256", line.sha256},
          {"size", line.size},
          {"here", line.here},
          {"shown", line.shown},
          {"fetched", line.fetched},
          {"waiting", line.waiting},
          {"sent", line.sent},
          {"not_taken", line.not_taken},
          {"damaged", line.damaged}};
}

absl::Status SaveWhole(const std::string& path,
                       const std::function<absl::Status(const sdk::FileSink&)>& fill) {
  const std::string part = absl::StrCat(path, ".part");
  const auto unwritten = [&part] {
    return absl::UnknownError(absl::StrCat("cannot write ", part));
  };
  absl::Status saved;
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    if (!out) return unwritten();
    saved = fill([&](const std::string& bytes) {
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      return out ? absl::OkStatus() : unwritten();
    });
    out.close();
    if (saved.ok() && !out) saved = unwritten();
  }
  std::error_code failed;
  if (saved.ok()) std::filesystem::rename(part, path, failed);
  if (failed) saved = absl::UnknownError(absl::StrCat("cannot write ", path));
  if (!saved.ok()) std::filesystem::remove(part, failed);
  return saved;
}

void ShowProgress(const Invocation& run, const sdk::FileProgress& progress) {
  if (!run.streams.err_shown) return;
  run.Remark(absl::StrCat("\r", progress.file.Short(), "  ", BytesInWords(progress.bytes), " / ",
                          BytesInWords(progress.size), "   ",
                          progress.bytes == progress.size ? "\n" : ""));
}

}  // namespace sotay::cli
