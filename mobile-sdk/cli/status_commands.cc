// status, digest: how a notebook stands.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/clock_words.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/consents.h"
#include "mobile-sdk/cli/editor.h"
#include "mobile-sdk/cli/file_words.h"
#include "mobile-sdk/cli/handovers.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/lease_words.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/secrecy.h"
#include "mobile-sdk/cli/steps.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct NoWords {};

constexpr size_t kLabelColumns = 18;
// A certificate is renewed long before: what is told of is a device that was away for most of a
// year.
constexpr int64_t kCertificateWarningMs = int64_t{100} * 24 * 60 * 60 * 1000;
// Enough to read over the telephone; --json has all.
constexpr size_t kRootDigits = 16;

json HeadJson(const v1::LogHead& head) {
  return {{"unit", head.unit_id()},        {"epoch", Hex(head.epoch())},
          {"size", head.size()},           {"root", Hex(head.root())},
          {"signed_ms", head.signed_ms()}, {"signature", Hex(head.signature())}};
}

// When the life of the server began that the device is in since.
int64_t RestoredMs(const stored::v1::Restoration& restoration) {
  return restoration.links(restoration.links_size() - 1).restored_ms();
}

// Entries of those the device had seen that were there after the restore.
uint64_t KeptOf(const stored::v1::Restoration& restoration) {
  return std::min(restoration.held().size(), restoration.links(0).size());
}

json StatusJson(const sdk::Status& status) {
  json cursors = json::array();
  for (const v1::Cursor& cursor : status.cursors) {
    cursors.push_back({{"unit", cursor.unit_id()},
                       {"epoch", Hex(cursor.epoch())},
                       {"position", cursor.position()}});
  }
  json logs = json::array();
  for (const auto& [unit, head] : status.heads) logs.push_back(HeadJson(head));
  json disputes = json::array();
  for (const auto& [unit, dispute] : status.disputes) {
    disputes.push_back({{"unit", unit},
                        {"found_ms", dispute.found_ms()},
                        {"held", HeadJson(dispute.held())},
                        {"offered", HeadJson(dispute.offered().head())}});
  }
  json restorations = json::array();
  for (const stored::v1::Restoration& restoration : status.restorations) {
    restorations.push_back({{"unit", restoration.held().unit_id()},
                            {"restored_ms", RestoredMs(restoration)},
                            {"kept", KeptOf(restoration)},
                            {"seen", restoration.held().size()},
                            {"held", HeadJson(restoration.held())},
                            {"found_ms", restoration.found_ms()}});
  }
  json doubtful = json::array();
  for (const sdk::DoubtfulTime& time : status.doubtful_times) {
    doubtful.push_back({{"record", time.record.Hex()},
                        {"field", time.field},
                        {"at_ms", time.at_ms},
                        {"ahead_ms", time.unknown ? json(nullptr) : json(time.ahead_ms)}});
  }
  json removed = json::array();
  for (const auto& [dossier, since_ms] : status.removed_dossiers) {
    removed.push_back({{"dossier", dossier.Hex()}, {"since_ms", since_ms}});
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
          {"files_waiting", status.files_waiting},
          {"file_bytes_waiting", status.file_bytes_waiting},
          {"files_damaged", status.files_damaged},
          {"last_contact_ms", status.last_contact_ms},
          {"skew_ms", status.skew_ms},
          {"readable", ReadableJson(status)},
          {"certificate_ends_ms", status.certificate_ends_ms},
          {"key_rolls", status.key_rolls},
          {"rekey_pending", status.rekey_pending},
          {"records", status.records},
          {"conflicts", status.conflicts},
          {"requests", status.requests},
          {"refused", status.refused},
          {"doubtful_times", doubtful},
          {"cursors", cursors},
          {"logs", logs},
          {"logs_disputed", disputes},
          {"removed_dossiers", removed},
          {"log_key_unshown_ms", status.log_key_unshown_ms},
          {"log_key_handovers", HandoversJson(status.log_key_handovers)},
          {"restorations", restorations}};
}

std::string HeadInWords(const Voice& voice, const v1::LogHead& head) {
  return absl::StrCat(head.size(), voice(" mục, ký lúc ", " entries, signed "),
                      InstantInWords(head.signed_ms()), voice(", gốc ", ", root "),
                      Hex(head.root()).substr(0, kRootDigits));
}

// Of what is set aside of the device: what a signature stands against, and signatures.
struct AroundSignatures {
  size_t late = 0;
  size_t stale = 0;
};

absl::StatusOr<AroundSignatures> AroundSignaturesIn(const OpenNotebook& open,
                                                    const sdk::Status& status) {
  AroundSignatures around;
  if (status.refused == 0) return around;
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RefusedChange> refused, open.notebook->Refused());
  for (const sdk::RefusedChange& change : refused) {
    if (change.outcome.reason() == v1::REASON_LATE_AMENDMENT) ++around.late;
    if (change.outcome.reason() == v1::REASON_SIGNATURE_STALE ||
        change.outcome.reason() == v1::REASON_ATTACHMENT_MISSING) {
      ++around.stale;
    }
  }
  return around;
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
  if (const std::string readable = ReadableInWords(voice, status); !readable.empty()) {
    line(voice("Đọc ngoại tuyến", "Read offline"), readable);
  }
  line(voice("Chưa gửi", "Unsent"),
       status.outbox == 0 ? "0"
                          : absl::StrCat(status.outbox, voice(", cũ nhất ", ", the oldest "),
                                         AgoInWords(voice, status.oldest_outbox_ms, run.NowMs())));
  if (status.files_waiting != 0) {
    line(voice("Tệp chờ gửi", "Files waiting"),
         absl::StrCat(status.files_waiting, ", ", BytesInWords(status.file_bytes_waiting),
                      ": sotay files"));
  }
  if (status.files_damaged != 0) {
    line(voice("Tệp hỏng", "Files damaged"), absl::StrCat(status.files_damaged, ": sotay files"));
  }
  line(voice("Bản ghi", "Records"), absl::StrCat(status.records));
  line(voice("Xung đột", "Conflicts"), absl::StrCat(status.conflicts));
  if (status.requests != 0) {
    line(voice("Đề nghị", "Requests"),
         absl::StrCat(status.requests, voice(", chờ lãnh đạo quyết định: sotay conflicts",
                                             ", for a leader to decide: sotay conflicts")));
  }
  SOTAY_ASSIGN_OR_RETURN(const AroundSignatures around, AroundSignaturesIn(open, status));
  line(voice("Bị giữ lại", "Set aside"),
       absl::StrCat(
           status.refused,
           around.late == 0
               ? ""
               : absl::StrCat(voice("; bổ sung sau ký: ", "; late amendments: "), around.late),
           around.stale == 0
               ? ""
               : absl::StrCat(voice("; chữ ký phải ký lại: ", "; signatures to give again: "),
                              around.stale)));
  for (const v1::AwaitsConsent& change : status.consents.for_user()) {
    line(voice("Chờ bạn đồng ý", "For you to agree"), AwaitsConsentInWords(open.reader, change));
  }
  if (status.consents.more()) {
    line(voice("Chờ bạn đồng ý", "For you to agree"),
         voice("có thể còn nữa: sotayctl quarantine", "there may be others: sotayctl quarantine"));
  }
  if (!status.consents.own().empty()) {
    line(voice("Chờ đồng ý", "Awaits consent"),
         absl::StrCat(status.consents.own_size(), voice(" bản bạn trình: ", " of yours: "),
                      OwnConsentInWords(voice), ": sotay refused"));
  }
  if (status.skew_ms >= 60'000 || status.skew_ms <= -60'000) {
    line(voice("Lệch giờ", "Clock ahead by"), SpanInWords(voice, status.skew_ms));
  }
  for (const sdk::DoubtfulTime& time : status.doubtful_times) {
    line(voice("Xem lại giờ", "Look at the time"), DoubtInWords(voice, time));
  }
  const int64_t certificate_left_ms = status.certificate_ends_ms - (run.NowMs() - status.skew_ms);
  if (status.certificate_ends_ms != 0 && certificate_left_ms < kCertificateWarningMs) {
    line(voice("Chứng thư", "Certificate"),
         absl::StrCat(voice("hết hạn ", "ends on "), InstantInWords(status.certificate_ends_ms),
                      voice("; đồng bộ trước lúc đó, sau đó máy phải ghi danh lại "
                            "(sotay enroll LỜI-MỜI --again)",
                            "; synchronise before, or the device has to be enrolled anew "
                            "(sotay enroll INVITATION --again)")));
  }
  for (const v1::Cursor& cursor : status.cursors) {
    line(voice("Đơn vị", "Unit"),
         absl::StrCat(open.reader.names.Unit(cursor.unit_id()), " (", cursor.unit_id(), ") ",
                      voice("đến vị trí ", "up to position "), cursor.position()));
    const auto head = status.heads.find(cursor.unit_id());
    if (head == status.heads.end()) continue;
    line(voice("  nhật ký đã kiểm", "  log checked"), HeadInWords(voice, head->second));
  }
  for (const auto& [dossier, since_ms] : status.removed_dossiers) {
    line(voice("Hồ sơ đã rời", "Dossier gone"),
         absl::StrCat(dossier.Short(),
                      voice(" không còn thuộc phần của bạn từ ", " is no longer yours since "),
                      InstantInWords(since_ms),
                      voice("; mọi điều bạn ghi trong đó đã được gửi trước",
                            "; everything you had written in it was sent first")));
  }
  for (const auto& [dossier, sealed] : status.sealed_dossiers) {
    line(voice("Tài liệu mật", "Secret"), SealedInWords(open.reader, dossier, sealed));
  }
  if (!status.key_place.empty()) {
    line(voice("Khóa mở sổ", "Notebook's key"),
         absl::StrCat(status.key_place, voice("; mất nó thì không ai đọc được sổ này",
                                              "; without it nobody reads this "
                                              "notebook")));
  }
  const std::vector<std::string> interrupted = InterruptedEdits(run.dir);
  for (const std::string& path : interrupted) {
    line(voice("Soạn dở", "Interrupted edit"),
         absl::StrCat(path, voice(" chưa niêm phong: chép lại điều cần giữ, rồi xóa tệp này",
                                  " is not sealed: copy what is to be kept, then remove it")));
  }
  if (!status.purge.ok()) {
    line(voice("Chưa xóa hết", "Not purged"),
         absl::StrCat(
             voice("tệp của máy này có thể còn nội dung đã rời đi, hoặc từ trước khi sổ được niêm "
                   "phong; sẽ thử lại: ",
                   "files of this device may still have what has left, or what was here before the "
                   "notebook was sealed; it is tried again: "),
             status.purge.message()));
  }
  for (const stored::v1::Restoration& restoration : status.restorations) {
    const uint64_t kept = KeptOf(restoration);
    const uint64_t seen = restoration.held().size();
    line(voice("Phục hồi", "Restored"),
         absl::StrCat(voice("máy chủ được phục hồi lúc ", "the server was restored on "),
                      InstantInWords(RestoredMs(restoration)),
                      voice("; nhật ký của ", "; its log of "), restoration.held().unit_id(),
                      voice(" khi đó có ", " then had "), kept, voice(" trong ", " of the "), seen,
                      voice(" mục máy này đã thấy", " entries this phone had seen"),
                      kept == seen
                          ? ""
                          : voice(". Ghi chép của máy này được gửi lại; dấu cũ được giữ làm chứng.",
                                  ". What this phone wrote is sent again; the old head is kept as "
                                  "evidence.")));
    if (kept != seen) {
      line(voice("  đã có", "  held"), HeadInWords(voice, restoration.held()));
    }
  }
  if (status.rekey_pending) {
    line(voice("Khóa của máy", "Device key"),
         voice("đang chờ thay; lần đồng bộ tới sẽ thử lại trước khi gửi",
               "is about to be replaced; the next sync tries again before it sends anything"));
  }
  for (const v1::LogKeyHandover& handover : status.log_key_handovers) {
    line(voice("Khóa nhật ký", "Log key"), HandoverInWords(voice, handover));
  }
  if (status.log_key_unshown_ms != 0) {
    line(voice("Khóa nhật ký", "Log key"),
         absl::StrCat(voice("máy chủ chưa cho thấy đã thay khóa thế nào, từ ",
                            "the server has not shown how it was replaced, since "),
                      InstantInWords(status.log_key_unshown_ms),
                      voice("; sau một ngày là tranh chấp", "; after a day it is a dispute")));
  }
  for (const auto& [unit, dispute] : status.disputes) {
    line(
        voice("CẢNH BÁO", "WARNING"),
        absl::StrCat(voice("nhật ký của ", "the log of "), unit,
                     voice(" không nối tiếp bản máy chủ đã ký. Giữ nguyên máy này làm chứng và báo "
                           "lãnh đạo.",
                           " does not go on from what the server signed. Keep this device as it "
                           "is, as evidence, and tell your head.")));
    line(voice("  đã có", "  held"), HeadInWords(voice, dispute.held()));
    line(voice("  được đưa", "  offered"), HeadInWords(voice, dispute.offered().head()));
  }
  std::vector<stored::v1::StepNotice> notices;
  // They tell what others did.
  if (status.reading.open) {
    SOTAY_ASSIGN_OR_RETURN(notices, open.notebook->Notices());
  }
  absl::StrAppend(&text, NoticesInWords(open.reader, notices));
  json document = StatusJson(status);
  document["notices"] = NoticesJson(open.reader, notices);
  document["consents"] = ConsentsJson(open.reader, status.consents);
  document["late_amendments"] = around.late;
  document["stale_signatures"] = around.stale;
  document["interrupted_edits"] = interrupted;
  document["key_place"] = status.key_place;
  document["purge_failure"] = std::string(status.purge.message());
  document["sealed_dossiers"] = json::array();
  for (const auto& [dossier, sealed] : status.sealed_dossiers) {
    document["sealed_dossiers"].push_back(SealedJson(open.reader, dossier, sealed));
  }
  run.Print(document, text);
  return absl::OkStatus();
}

absl::Status Digest(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  size_t records = 0;
  SOTAY_ASSIGN_OR_RETURN(const std::string digest, open.notebook->Digest(&records));
  run.Print({{"digest", digest}, {"records", records}},
            absl::StrCat(digest, "  ", records, run.voice(" bản ghi", " records"), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommands(Command app, Invocation* run) {
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
