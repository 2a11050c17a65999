// status, digest: how a notebook stands.
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct NoWords {};

constexpr size_t kLabelColumns = 18;

json StatusJson(const sdk::Status& status) {
  json cursors = json::array();
  for (const v1::Cursor& cursor : status.cursors) {
    cursors.push_back({{"unit", cursor.unit_id()},
                       {"epoch", Hex(cursor.epoch())},
                       {"position", cursor.position()}});
  }
  return {{"enrolled", status.enrolled},
          {"user", status.user_id},
          {"name", status.full_name},
          {"device", status.device_id},
          {"server", status.server},
          {"last_sequence", status.last_sequence},
          {"accepted_through", status.accepted_through},
          {"outbox", status.outbox},
          {"oldest_outbox_ms", status.oldest_outbox_ms},
          {"last_contact_ms", status.last_contact_ms},
          {"skew_ms", status.skew_ms},
          {"records", status.records},
          {"conflicts", status.conflicts},
          {"refused", status.refused},
          {"cursors", cursors}};
}

absl::Status ShowStatus(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  const Voice& voice = run.voice;
  std::string text;
  const auto line = [&text](absl::string_view label, absl::string_view value) {
    absl::StrAppend(&text, PadRight(label, kLabelColumns), "  ", OneLine(value), "\n");
  };
  line(voice("Người dùng", "User"), absl::StrCat(status.full_name, " (", status.user_id, ")"));
  line(voice("Máy", "Device"), status.device_id);
  line(voice("Máy chủ", "Server"), status.server);
  // Both sides of the difference are the server's clock.
  line(voice("Liên lạc cuối", "Last contact"),
       AgoInWords(voice, status.last_contact_ms, run.NowMs() - status.skew_ms));
  line(voice("Chưa gửi", "Unsent"),
       status.outbox == 0 ? "0"
                          : absl::StrCat(status.outbox, voice(", cũ nhất ", ", the oldest "),
                                         AgoInWords(voice, status.oldest_outbox_ms, run.NowMs())));
  line(voice("Bản ghi", "Records"), absl::StrCat(status.records));
  line(voice("Xung đột", "Conflicts"), absl::StrCat(status.conflicts));
  line(voice("Bị giữ lại", "Set aside"), absl::StrCat(status.refused));
  if (status.skew_ms >= 60'000 || status.skew_ms <= -60'000) {
    line(voice("Lệch giờ", "Clock ahead by"), SpanInWords(voice, status.skew_ms));
  }
  for (const v1::Cursor& cursor : status.cursors) {
    line(voice("Đơn vị", "Unit"),
         absl::StrCat(open.reader.names.Unit(cursor.unit_id()), " (", cursor.unit_id(), ") ",
                      voice("đến vị trí ", "up to position "), cursor.position()));
  }
  run.Print(StatusJson(status), text);
  return absl::OkStatus();
}

absl::Status Digest(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const std::string digest, open.notebook->Digest());
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  run.Print({{"digest", digest}, {"records", status.records}},
            absl::StrCat(digest, "  ", status.records, run.voice(" bản ghi", " records"), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommands(CLI::App* app, Invocation* run) {
  const Voice& voice = run->voice;
  AddCommand(
      app, run, "status",
      voice("Sổ này của ai, còn gì chưa gửi", "Whose notebook this is, and what is still unsent"),
      std::make_shared<NoWords>(), &ShowStatus);
  AddCommand(app, run, "digest",
             voice("Dấu vân của mọi bản ghi đang hiển thị: hai máy giống nhau thì bằng nhau",
                   "Fingerprint of every record shown: equal on two devices that show the same"),
             std::make_shared<NoWords>(), &Digest);
}

}  // namespace sotay::cli
