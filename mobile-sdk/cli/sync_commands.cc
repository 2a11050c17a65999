// enroll, sync, watch: the notebook and its server.
#include <csignal>
#include <ctime>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/file_words.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/outcome.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/signals.h"
#include "mobile-sdk/cli/steps.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct EnrollWords {
  std::string invitation, device_name;
  bool again = false;
};

struct NoWords {};

absl::Status Enroll(const Invocation& run, const EnrollWords& words) {
  SOTAY_RETURN_IF_ERROR(words.again ? EnrollAgain(run, words.invitation)
                                    : EnrollInto(run, words.invitation, words.device_name));
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  run.Print({{"user", status.user_id},
             {"name", status.full_name},
             {"device", status.device_id},
             {"server", status.server},
             {"dir", run.dir}},
            absl::StrCat(run.voice("Sổ của ", "Notebook of "), OneLine(status.full_name), ", ",
                         run.voice("trong ", "in "), OneLine(run.dir), "\n",
                         run.voice("Lấy hồ sơ của đơn vị: sotay sync\n",
                                   "Get the unit's records: sotay sync\n")));
  return absl::OkStatus();
}

absl::Status Sync(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  sdk::SyncProgress last;
  const absl::Status synced = open.notebook->Sync([&](const sdk::SyncProgress& progress) {
    last = progress;
    if (run.streams.err_shown) {
      run.Remark(absl::StrCat("\r", run.voice("gửi ", "sent "), progress.sent, "/",
                              progress.to_send, run.voice(", nhận ", ", received "),
                              progress.received, "   "));
    }
  });
  if (run.streams.err_shown && (last.sent != 0 || last.received != 0)) run.Remark("\n");
  SOTAY_RETURN_IF_ERROR(synced);
  // After the notes: whatever becomes of the files, these are there.
  uint64_t files_sent = 0;
  uint64_t file_bytes_sent = 0;
  const absl::Status files = open.notebook->SendFiles([&](const sdk::FileProgress& progress) {
    ShowProgress(run, progress);
    file_bytes_sent += progress.moved;
    if (progress.whole) ++files_sent;
  });
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  std::string text = absl::StrCat(run.voice("Đã gửi ", "Sent "), last.sent,
                                  run.voice(" thay đổi, nhận ", " changes, received "),
                                  last.received, run.voice(" bản ghi.\n", " records.\n"));
  if (files_sent != 0 || status.files_waiting != 0) {
    absl::StrAppend(&text, run.voice("Tệp: đã gửi ", "Files: sent "), files_sent,
                    run.voice(", còn chờ ", ", still waiting "), status.files_waiting, " (",
                    BytesInWords(status.file_bytes_waiting), ")\n");
  }
  if (status.files_damaged != 0) {
    absl::StrAppend(
        &text, status.files_damaged,
        run.voice(" tệp hỏng trên máy: sotay files\n", " files damaged here: sotay files\n"));
  }
  if (status.conflicts != 0) {
    absl::StrAppend(&text, status.conflicts,
                    run.voice(" xung đột chờ chọn: sotay conflicts\n",
                              " conflicts to settle: sotay conflicts\n"));
  }
  if (status.requests != 0) {
    absl::StrAppend(&text, status.requests,
                    run.voice(" đề nghị chờ quyết định: sotay conflicts\n",
                              " requests to decide about: sotay conflicts\n"));
  }
  if (status.refused != 0) {
    absl::StrAppend(
        &text, status.refused,
        run.voice(" thay đổi bị giữ lại: sotay refused\n", " changes set aside: sotay refused\n"));
  }
  SOTAY_ASSIGN_OR_RETURN(const std::vector<stored::v1::StepNotice> notices,
                         open.notebook->Notices());
  absl::StrAppend(&text, NoticesInWords(open.reader, notices));
  for (const auto& [unit, dispute] : status.disputes) {
    absl::StrAppend(&text, run.voice("CẢNH BÁO: nhật ký của ", "WARNING: the log of "),
                    OneLine(unit),
                    run.voice(" trên máy chủ không nối tiếp bản đã ký trước: sotay status\n",
                              " does not go on from what the server signed before: "
                              "sotay status\n"));
  }
  run.Print({{"sent", last.sent},
             {"logs_disputed", status.disputes.size()},
             {"received", last.received},
             {"files_sent", files_sent},
             {"file_bytes_sent", file_bytes_sent},
             {"files_waiting", status.files_waiting},
             {"files_damaged", status.files_damaged},
             {"outbox", status.outbox},
             {"records", status.records},
             {"conflicts", status.conflicts},
             {"requests", status.requests},
             {"refused", status.refused},
             {"notices", NoticesJson(open.reader, notices)}},
            text);
  return files;
}

absl::Status Rekey(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  const absl::Status rolled = open.notebook->Rekey();
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  if (!rolled.ok() && status.rekey_pending) {
    run.Remark(run.voice("Khóa mới đã nằm sẵn; mỗi lần đồng bộ sẽ thử lại, chưa gì bị mất.\n",
                         "The new key lies ready; every sync tries again, and nothing is lost.\n"));
  }
  SOTAY_RETURN_IF_ERROR(rolled);
  run.Print({{"device", status.device_id}, {"key_rolls", status.key_rolls}},
            absl::StrCat(run.voice("Máy có khóa mới (thay lần ", "The device has a new key (no. "),
                         status.key_rolls,
                         run.voice("); khóa cũ không mở được gì nữa. Ghi chép chưa gửi: ",
                                   "); the old one opens nothing any more. Unsent: "),
                         status.outbox, "\n"));
  return absl::OkStatus();
}

json EventJson(const sdk::Event& event, int64_t now_ms) {
  json line = {{"at_ms", now_ms}};
  switch (event.kind) {
    case sdk::Event::Kind::kRecordChanged:
      line["event"] = "record_changed";
      line["record"] = event.record.Hex();
      break;
    case sdk::Event::Kind::kRecordRemoved:
      line["event"] = "record_removed";
      line["record"] = event.record.Hex();
      break;
    case sdk::Event::Kind::kChangeRefused:
      line["event"] = "change_refused";
      line["sequence"] = event.sequence;
      break;
    case sdk::Event::Kind::kSynced:
      line["event"] = "synced";
      break;
    case sdk::Event::Kind::kLogDisputed:
      line["event"] = "log_disputed";
      line["unit"] = event.unit_id;
      break;
    case sdk::Event::Kind::kDossierRemoved:
      line["event"] = "dossier_removed";
      line["dossier"] = event.record.Hex();
      break;
    case sdk::Event::Kind::kDossierSealed:
      line["event"] = "dossier_sealed";
      line["dossier"] = event.record.Hex();
      break;
    case sdk::Event::Kind::kStepMet:
      line["event"] = "step_met";
      line["record"] = event.record.Hex();
      break;
    case sdk::Event::Kind::kConsentAwaited:
      line["event"] = "consent_awaited";
      line["dossier"] = event.record.Hex();
      break;
    case sdk::Event::Kind::kSyncFailed:
      line["event"] = "sync_failed";
      line["exit_code"] = static_cast<int>(ExitCodeOf(event.status));
      line["message"] = std::string(event.status.message());
      break;
  }
  return line;
}

std::string EventInWords(const OpenNotebook& open, const sdk::Event& event) {
  const Voice& voice = open.reader.voice;
  switch (event.kind) {
    case sdk::Event::Kind::kRecordChanged: {
      const auto view = open.notebook->Read(event.record);
      if (!view.ok()) return absl::StrCat(voice("đổi ", "changed "), event.record.Short());
      const sdk::RecordLine line = LineOf(open.reader, view->record);
      return absl::StrCat(voice("đổi ", "changed "), event.record.Short(), "  ",
                          TypeLabel(open.reader, line.type), "  ", Fit(OneLine(line.title), 50),
                          line.conflicts == 0 ? ""
                                              : absl::StrCat(voice("  xung đột: ", "  conflicts: "),
                                                             line.conflicts));
    }
    case sdk::Event::Kind::kRecordRemoved:
      return absl::StrCat(voice("rời khỏi máy ", "left this device "), event.record.Short());
    case sdk::Event::Kind::kChangeRefused:
      return absl::StrCat(voice("bị giữ lại: thay đổi #", "set aside: change #"), event.sequence,
                          voice(" (xem: sotay refused)", " (see: sotay refused)"));
    case sdk::Event::Kind::kSynced:
      return voice("đã đồng bộ", "synced");
    case sdk::Event::Kind::kLogDisputed:
      return absl::StrCat(
          voice("CẢNH BÁO: nhật ký không nối tiếp: ", "WARNING: log does not go on: "),
          OneLine(event.unit_id), voice(" (xem: sotay status)", " (see: sotay status)"));
    case sdk::Event::Kind::kDossierRemoved:
      return absl::StrCat(voice("hồ sơ ", "dossier "), event.record.Short(),
                          voice(" không còn thuộc phần của bạn; mọi điều bạn ghi trong đó đã được "
                                "gửi trước",
                                " is no longer yours; everything you had written in it was sent "
                                "first"));
    case sdk::Event::Kind::kDossierSealed:
      return absl::StrCat(
          voice("hồ sơ ", "dossier "), event.record.Short(),
          voice(" là tài liệu mật: nội dung đã rời khỏi máy này và không gửi đi nữa "
                "(xem: sotay status)",
                " proved to be secret: its content has left this device, and nothing "
                "more of it is sent (see: sotay status)"));
    case sdk::Event::Kind::kStepMet:
      return absl::StrCat(voice("một quyết định của bạn gặp việc người khác làm: ",
                                "a decision of yours met what somebody else did: "),
                          event.record.Short(), voice(" (xem: sotay show ", " (see: sotay show "),
                          event.record.Short(), ")");
    case sdk::Event::Kind::kConsentAwaited:
      return absl::StrCat(voice("chờ bạn đồng ý điều đồng nghiệp trình trong hồ sơ ",
                                "for you to agree: what a colleague submitted in dossier "),
                          event.record.Short(),
                          voice(" (xem: sotay status)", " (see: sotay status)"));
    case sdk::Event::Kind::kSyncFailed:
      return Sentence(voice, event.status);
  }
  return "";
}

absl::Status Watch(const Invocation& run, const NoWords&) {
  const HeldSignals signals;  // before any thread is made, so that none of them takes one
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  const std::function<void()> stop = open.notebook->Listen([&](const sdk::Event& event) {
    const int64_t now_ms = run.NowMs();
    if (run.json) {
      run.PrintJsonLine(EventJson(event, now_ms));
    } else {
      run.PrintWords(absl::StrCat(InstantInWords(now_ms), "  ", EventInWords(open, event), "\n"));
      run.streams.out->flush();
    }
  });
  open.notebook->RunCourier();
  // A reader that went away ends the watch as a signal does.
  while (run.streams.out->good() && !signals.Wait(1000)) {
  }
  stop();
  return absl::OkStatus();
}

}  // namespace

void AddSyncCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto enroll = std::make_shared<EnrollWords>();
  Command command = AddCommand(app, run, "enroll",
                               voice("Mở sổ mới bằng lời mời của quản trị",
                                     "Make a notebook, from an administrator's invitation"),
                               enroll, &Enroll);
  command
      .AddOption("INVITATION", enroll->invitation, voice("dòng chữ sotay1:…", "the line sotay1:…"))
      .Required();
  command
      .AddOption("--device-name", enroll->device_name,
                 voice("tên gọi của máy", "what people call the device"))
      .TypeName("NAME");
  command.AddFlag(
      "--again", enroll->again,
      voice("cho sổ đang có: máy, khóa và ghi chép chưa gửi giữ nguyên, chỉ lấy chứng thư mới",
            "for the notebook that is here: device, key and unsent notes stay, it only gets "
            "another certificate"));
  command.Footer(voice("Ví dụ:", "Example:") + R"(
  sotay enroll "sotay1:…" --device-name "Máy của Nguyễn Ưu Đàm"
)");
  AddCommand(app, run, "sync", voice("Gửi và nhận ngay bây giờ", "Send and receive, now"),
             std::make_shared<NoWords>(), &Sync);
  AddCommand(app, run, "rekey",
             voice("Thay khóa của máy; máy, ghi chép và số thứ tự giữ nguyên",
                   "Replace the device's key; device, notes and numbers stay as they are"),
             std::make_shared<NoWords>(), &Rekey);
  command = AddCommand(app, run, "watch",
                       voice("Đồng bộ liên tục và báo từng việc, đến khi bấm Ctrl-C",
                             "Keep in step and tell what happens, until Ctrl-C"),
                       std::make_shared<NoWords>(), &Watch);
  command.Footer(voice("Với --json: mỗi dòng một sự kiện.", "With --json: an event a line."));
}

}  // namespace sotay::cli
