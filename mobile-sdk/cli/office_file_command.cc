// sotayctl save: the file of an attachment, for whoever reads the attachment.
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/file_fetch.h"
#include "mobile-sdk/cli/file_words.h"
#include "mobile-sdk/cli/names.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/attaching.h"
#include "sync/merged_record.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kRecordDigitsMin = 8;

struct SaveWords {
  std::string attachment, out;
};

absl::Status Save(const Invocation& run, const SaveWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const std::string asked,
                         IdBytes("attachment", words.attachment, kRecordDigitsMin));
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  v1::GetRecordRequest request;
  request.set_record_id(asked);
  SOTAY_ASSIGN_OR_RETURN(const v1::GetRecordResponse response, open.office->GetRecord(request));
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                         sync::MergedRecord::Parse(*open.schema, response.record().record()));
  const auto file = sync::FileOf(record);
  if (!file.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("record ", record.id().Short(), " stands for no file"));
  }
  const auto fill = [&](const sdk::FileSink& sink) {
    return FetchFile([&](const v1::ReadChunkRequest& read) { return open.office->ReadChunk(read); },
                     record.id(), *file, sink,
                     [&](const sdk::FileProgress& progress) { ShowProgress(run, progress); });
  };
  SOTAY_RETURN_IF_ERROR(SaveWhole(words.out, fill));
  run.Print({{"id", record.id().Hex()}, {"size", file->size}, {"file", words.out}},
            absl::StrCat(run.voice("Đã lưu ", "Saved "), OneLine(words.out), ", ",
                         BytesInWords(file->size), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddOfficeFileCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto save = std::make_shared<SaveWords>();
  Command command = AddCommand(app, run, "save",
                               voice("Lưu tệp đính kèm của một bản ghi được đọc",
                                     "Save the file of an attachment one may read"),
                               save, &Save);
  command
      .AddOption("ATTACHMENT", save->attachment,
                 voice("mã, từ 8 chữ số đầu", "id, its first 8 digits or more"))
      .Required();
  command.AddOption("OUT", save->out, voice("lưu vào đâu", "where to")).Required();
}

}  // namespace sotay::cli
