// quarantine: what was received and not applied; and deciding about it.
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/office_losses.h"
#include "mobile-sdk/cli/office_quarantine.h"
#include "mobile-sdk/cli/office_scope.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/edits.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr int kPage = 200;
constexpr size_t kDeviceDigitsMin = 4;

struct ListWords : ScopeWords {
  bool all = false;
  bool late = false;
};

struct DecideWords {
  std::string device;  // beginning of its id
  uint64_t sequence = 0;
  std::string change;  // beginning of the change's id, where a copied device made two of a number
  std::string reason;
};

struct SettleWords {
  std::string device, reason;
};

// Every refused or held change of the units, until `take` has enough.
template <typename Take>
absl::Status EachQuarantined(const OpenOffice& open, const ScopeWords& words, Take take) {
  v1::ListQuarantineRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  request.set_page_size(kPage);
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListQuarantineResponse page,
                           open.office->ListQuarantine(request));
    for (const v1::QuarantinedChange& set_aside : page.changes()) take(set_aside);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

// What the units miss with the devices they lost, before what is to be decided.  `undecided`: by
// device, of what is listed.
absl::StatusOr<std::string> Losses(const OpenOffice& open, const ScopeWords& words,
                                   const std::map<std::string, size_t>& undecided, int64_t now_ms) {
  v1::ListDevicesRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree || words.unit.empty());
  SOTAY_ASSIGN_OR_RETURN(const v1::ListDevicesResponse devices, open.office->ListDevices(request));
  std::string text;
  size_t earlier = 0;
  for (const v1::DeviceView& device : devices.devices()) {
    const auto waiting = undecided.find(device.device_id());
    const size_t count = waiting == undecided.end() ? 0 : waiting->second;
    const Loss loss = LossOf(device, count, now_ms);
    if (loss == Loss::kEarlier) ++earlier;
    if (loss != Loss::kOfNow) continue;
    absl::StrAppend(&text, LossInWords(open.reader, device, count, now_ms), "\n");
  }
  if (earlier != 0) {
    absl::StrAppend(
        &text, earlier,
        open.reader.voice(" máy thu hồi từ hơn một tháng trước, chưa ai kết luận: ",
                          " devices revoked more than a month ago, of which nobody said "
                          "what came of it: "),
        "sotayctl devices\n\n");
  }
  return text;
}

absl::Status Settle(const Invocation& run, const SettleWords& words) {
  v1::SettleLossRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_RETURN_IF_ERROR(IdBytes("DEVICE", words.device, kDeviceDigitsMin).status());
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  v1::ListDevicesRequest all;
  all.set_subtree(true);
  SOTAY_ASSIGN_OR_RETURN(const v1::ListDevicesResponse devices, open.office->ListDevices(all));
  const std::string prefix = absl::AsciiStrToLower(words.device);
  for (const v1::DeviceView& device : devices.devices()) {
    if (!absl::StartsWith(Hex(device.device_id()), prefix)) continue;
    if (!request.device_id().empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "several devices begin with ", OneLine(prefix), "; write more digits of its id"));
    }
    request.set_device_id(device.device_id());
  }
  if (request.device_id().empty()) {
    return absl::NotFoundError(absl::StrCat("no device begins with ", OneLine(prefix)));
  }
  SOTAY_ASSIGN_OR_RETURN(const v1::SettleLossResponse response, open.office->SettleLoss(request));
  json document = EndJson(open.reader, response.device());
  document["device"] = Hex(response.device().device_id());
  run.Print(document, absl::StrCat(Hex(response.device().device_id()).substr(0, 8), "  ",
                                   OneLine(response.device().full_name()), "  ",
                                   EndInWords(open.reader, response.device()), "\n"));
  return absl::OkStatus();
}

absl::Status List(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  json list = json::array();
  std::string text;
  size_t dismissed = 0;
  std::map<std::string, size_t> undecided;
  SOTAY_RETURN_IF_ERROR(EachQuarantined(open, words, [&](const v1::QuarantinedChange& set_aside) {
    if (words.late && set_aside.reason() != v1::REASON_LATE_AMENDMENT) return;
    if (set_aside.has_dismissed() && !words.all) {
      ++dismissed;
      return;
    }
    if (!set_aside.has_dismissed() && set_aside.reason() == v1::REASON_DEVICE_REVOKED) {
      ++undecided[set_aside.device_id()];
    }
    list.push_back(QuarantinedJson(open.reader, set_aside));
    absl::StrAppend(&text, QuarantinedInWords(open.reader, set_aside));
  }));
  if (text.empty()) text = run.voice("Không có gì bị giữ lại.\n", "Nothing is set aside.\n");
  if (!run.json && !words.late) {
    SOTAY_ASSIGN_OR_RETURN(const std::string losses, Losses(open, words, undecided, run.NowMs()));
    text = absl::StrCat(losses, text);
  }
  run.Print(list, text);
  if (dismissed > 0) {
    run.Remark(absl::StrCat(dismissed, run.voice(" thay đổi đã bỏ qua không in (--all).\n",
                                                 " dismissed changes not shown (--all).\n")));
  }
  return absl::OkStatus();
}

// The one refused change that is meant.
absl::StatusOr<v1::RefusedChange> Meant(const OpenOffice& open, const DecideWords& words) {
  const std::string device = absl::AsciiStrToLower(words.device);
  const std::string change = absl::AsciiStrToLower(words.change);
  std::vector<v1::RefusedChange> found;
  SOTAY_RETURN_IF_ERROR(
      EachQuarantined(open, ScopeWords(), [&](const v1::QuarantinedChange& set_aside) {
        if (set_aside.sequence() != words.sequence ||
            !absl::StartsWith(Hex(set_aside.device_id()), device) ||
            !absl::StartsWith(Hex(set_aside.change_id()), change)) {
          return;
        }
        v1::RefusedChange& one = found.emplace_back();
        one.set_device_id(set_aside.device_id());
        one.set_sequence(set_aside.sequence());
        one.set_change_id(set_aside.change_id());
      }));
  if (found.size() == 1) return found.front();
  if (!found.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("there are ", found.size(),
                     " such changes; write more of the device's id, "
                     "or the beginning of the change's: --change"));
  }
  return absl::NotFoundError(absl::StrCat("no change ", words.sequence, " of a device ",
                                          OneLine(device), "… is set aside"));
}

absl::Status TakeIn(const Invocation& run, const DecideWords& words) {
  v1::TakeInRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_change(), Meant(open, words));
  SOTAY_ASSIGN_OR_RETURN(const v1::TakeInResponse response, open.office->TakeIn(request));
  run.Print({{"unit", response.unit_id()},
             {"position", response.position()},
             {"taken_in", TakenInJson(response.taken_in())}},
            absl::StrCat(run.voice("Đã nhận vào ", "Taken in: "), OneLine(response.unit_id()),
                         run.voice(", vị trí ", ", position "), response.position(), "\n"));
  return absl::OkStatus();
}

absl::Status Dismiss(const Invocation& run, const DecideWords& words) {
  v1::DismissRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_change(), Meant(open, words));
  SOTAY_ASSIGN_OR_RETURN(const v1::DismissResponse response, open.office->Dismiss(request));
  const v1::Dismissal& dismissed = response.dismissed();
  run.Print({{"by", dismissed.user_id()},
             {"decided_ms", dismissed.decided_ms()},
             {"reason", dismissed.reason()}},
            run.voice("Đã bỏ qua; vẫn được giữ và xem được: sotayctl quarantine --all\n",
                      "Dismissed; it is kept and can be read: sotayctl quarantine --all\n"));
  return absl::OkStatus();
}

void AddDecision(Command command, const Voice& voice, const std::shared_ptr<DecideWords>& words) {
  command
      .AddOption("DEVICE", words->device,
                 voice("máy đã gửi: các chữ số đầu", "the device that sent it: its first digits"))
      .Required();
  command.AddOption("NUMBER", words->sequence, voice("số của thay đổi", "number of the change"))
      .Required();
  command
      .AddOption("--change", words->change,
                 voice("mã của thay đổi, khi hai cái cùng số",
                       "the change's id, where two have one number"))
      .TypeName("ID");
  command
      .AddOption("--reason", words->reason,
                 voice("vì sao, ai cũng đọc được", "why, for everybody to read"))
      .Required()
      .TypeName("TEXT");
}

}  // namespace

void AddOfficeQuarantineCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto listed = std::make_shared<ListWords>();
  Command quarantine =
      AddCommand(app, run, "quarantine",
                 voice("Thay đổi đã nhận mà không áp dụng, kèm lý do; và máy đã mất",
                       "Changes received and not applied, with reasons; and lost "
                       "devices"),
                 listed, &List);
  AddScope(quarantine, voice, listed);
  quarantine.AddFlag("--all", listed->all,
                     voice("cả những cái đã bỏ qua", "those that were dismissed, too"));
  quarantine.AddFlag("--late", listed->late,
                     voice("chỉ bổ sung sau ký", "late amendments of what is signed alone"));
  quarantine.Footer(voice("Người có quyền quyết định nhận vào hay bỏ qua; không ai quyết định về "
                          "bản của chính mình. Bản do kiểm tra viên trình thì kiểm sát viên đồng ý "
                          "là được. Ví dụ:",
                          "Whoever may decides to take it in or to dismiss it; nobody about what "
                          "they wrote themselves.  To what an examiner submitted a prosecutor "
                          "agrees.  Examples:") +
                    R"(
  sotayctl quarantine take 7f3a 12 --reason "đối chiếu với biên bản giấy"
  sotayctl quarantine dismiss 7f3a 13 --reason "gửi sau khi mất máy"
  sotayctl quarantine settle 7f3a --reason "đã lập lại từ sổ giấy, 2/BB-VKS"
)");

  auto take = std::make_shared<DecideWords>();
  AddDecision(AddCommand(quarantine, run, "take",
                         voice("Nhận vào: được tính là của người đã viết, kèm tên người quyết định",
                               "Take it in: it counts as its author's, with who decided so"),
                         take, &TakeIn),
              voice, take);
  auto dismiss = std::make_shared<DecideWords>();
  AddDecision(AddCommand(quarantine, run, "dismiss",
                         voice("Bỏ qua: không tính, nhưng vẫn giữ",
                               "Dismiss it: it does not count, and is kept"),
                         dismiss, &Dismiss),
              voice, dismiss);
  auto settle = std::make_shared<SettleWords>();
  Command settled = AddCommand(
      quarantine, run, "settle",
      voice("Kết luận về một máy đã mất: điều còn thiếu đã được lập lại, hoặc không lấy lại được",
            "Say what came of a lost device: what was missed is written anew, or not to be had"),
      settle, &Settle);
  settled
      .AddOption("DEVICE", settle->device,
                 voice("máy đã mất: các chữ số đầu", "the lost device: its first digits"))
      .Required();
  settled
      .AddOption("--reason", settle->reason,
                 voice("kết luận thế nào, lãnh đạo nào cũng đọc được",
                       "what came of it, for every leader to read"))
      .Required()
      .TypeName("TEXT");
}

}  // namespace sotay::cli
