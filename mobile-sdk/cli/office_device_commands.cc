// enroll, invite, devices, revoke: how a device comes to speak for somebody, and ceases to.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/office_losses.h"
#include "mobile-sdk/cli/office_scope.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/profile.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/edits.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr size_t kDeviceDigitsMin = 4;

struct EnrollWords {
  std::string invitation, device_name;
  bool again = false;
};

struct InviteWords {
  std::string user;
  std::string valid = "15m";
};

struct RevokeWords {
  std::string device, reason;
};

absl::Status Enroll(const Invocation& run, const EnrollWords& words) {
  SOTAY_RETURN_IF_ERROR(words.again ? EnrollAgain(run, words.invitation)
                                    : EnrollInto(run, words.invitation, words.device_name));
  SOTAY_ASSIGN_OR_RETURN(const Profile profile, OpenProfile(run));
  run.Print(
      {{"device", profile.vault->device().Hex()}, {"server", profile.server}, {"dir", run.dir}},
      absl::StrCat(run.voice("Đã ghi danh máy ", "Enrolled device "),
                   profile.vault->device().Short(), run.voice(" với ", " with "),
                   OneLine(profile.server), ", ", OneLine(run.dir), "\n"));
  return absl::OkStatus();
}

absl::Status Invite(const Invocation& run, const InviteWords& words) {
  v1::CreateInvitationRequest request;
  request.set_user_id(words.user);
  SOTAY_ASSIGN_OR_RETURN(const uint32_t valid_s, ParseSeconds(words.valid));
  request.set_valid_s(valid_s);
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::CreateInvitationResponse response,
                         open.office->CreateInvitation(request));
  // The invitation alone on stdout, so that it can be piped on; what to do with it beside it.
  run.Print({{"user", words.user},
             {"invitation", response.invitation()},
             {"expires_ms", response.expires_ms()}},
            absl::StrCat(OneLine(response.invitation()), "\n"));
  if (!run.json) {
    run.Remark(absl::StrCat(run.voice("Chỉ trao tận tay ", "Hand it to "), words.user,
                            run.voice("; dùng một lần, đến ", " alone; good once, until "),
                            InstantInWords(response.expires_ms()),
                            ":\n  sotay enroll INVITATION\n"));
  }
  return absl::OkStatus();
}

std::string DeviceStateInWords(const Voice& voice, v1::DeviceState state) {
  switch (state) {
    case v1::DEVICE_STATE_ACTIVE:
      return voice("đang dùng", "active");
    case v1::DEVICE_STATE_REVOKED:
      return voice("đã thu hồi", "revoked");
    case v1::DEVICE_STATE_FORKED:
      return voice("bị sao chép", "cloned");
    default:
      return "?";
  }
}

std::string UnsentInWords(const Voice& voice, const v1::DeviceView& device) {
  if (device.state() != v1::DEVICE_STATE_REVOKED) return absl::StrCat(UnsentOf(device));
  return UnsentOf(device) > 0 ? absl::StrCat("≥ ", UnsentOf(device)) : voice("có thể còn", "maybe");
}

// Whole days since a device that is in use was heard of; of one that never was, or is not to be: 0.
int64_t DaysSilent(const v1::DeviceView& device, int64_t now_ms) {
  constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;
  if (device.state() != v1::DEVICE_STATE_ACTIVE || device.last_contact_ms() == 0) return 0;
  return std::max<int64_t>(0, (now_ms - device.last_contact_ms()) / kDayMs);
}

// What somebody is to ask about: from two days on, and from five.
int64_t MarkOf(int64_t days_silent) {
  if (days_silent >= 5) return 5;
  return days_silent >= 2 ? 2 : 0;
}

std::string ContactInWords(const Voice& voice, const v1::DeviceView& device, int64_t now_ms) {
  const int64_t mark = MarkOf(DaysSilent(device, now_ms));
  return absl::StrCat(mark == 0   ? ""
                      : mark == 2 ? "! "
                                  : "!! ",
                      AgoInWords(voice, device.last_contact_ms(), now_ms));
}

json DeviceJson(const Reader& reader, const v1::DeviceView& device, int64_t now_ms) {
  return {{"device", Hex(device.device_id())},
          {"user", device.user_id()},
          {"name", device.full_name()},
          {"device_name", device.device_name()},
          {"state", v1::DeviceState_Name(device.state())},
          {"revoked", EndJson(reader, device)},
          {"last_contact_ms", device.last_contact_ms()},
          {"days_silent", DaysSilent(device, now_ms)},
          {"silence_mark", MarkOf(DaysSilent(device, now_ms))},
          {"accepted_through", device.accepted_through()},
          {"last_sequence", device.last_sequence()},
          {"unsent", UnsentOf(device)},
          {"may_have_unsent", MayHaveUnsent(device)},
          {"set_aside", device.set_aside()},
          {"skew_ms", device.skew_ms()},
          {"app_version", device.app_version()}};
}

using DeviceViews = google::protobuf::RepeatedPtrField<v1::DeviceView>;

absl::Status ListDevices(const Invocation& run, const ScopeWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  DeviceViews devices;
  absl::StatusOr<v1::ListAllDevicesResponse> all =
      words.unit.empty() ? open.office->ListAllDevices() : absl::PermissionDeniedError("");
  if (all.ok()) {
    devices = all->devices();
  } else if (all.status().code() == absl::StatusCode::kPermissionDenied) {
    v1::ListDevicesRequest request;
    request.set_unit_id(words.unit);
    request.set_subtree(words.subtree || words.unit.empty());
    SOTAY_ASSIGN_OR_RETURN(const v1::ListDevicesResponse own, open.office->ListDevices(request));
    devices = own.devices();
  } else {
    return all.status();
  }
  // Whoever revoked one mostly has one.
  for (const v1::DeviceView& device : devices) {
    open.reader.names.AddPerson(device.user_id(), device.full_name());
  }
  const Voice& voice = run.voice;
  Table table({{voice("máy", "device")},
               {voice("người", "person"), false, 12},
               {voice("tên máy", "called"), false, 12, true},
               {voice("trạng thái", "state")},
               {voice("liên lạc cuối", "last contact")},
               {voice("đã nhận đến", "received to"), true},
               {voice("chưa gửi", "unsent"), true},
               {voice("giữ lại", "set aside"), true},
               {voice("lệch giờ", "clock ahead")},
               {voice("phiên bản", "version"), false, 0, true}});
  json list = json::array();
  std::string ended;
  for (const v1::DeviceView& device : devices) {
    list.push_back(DeviceJson(open.reader, device, run.NowMs()));
    if (const std::string end = EndInWords(open.reader, device); !end.empty()) {
      absl::StrAppend(&ended, Hex(device.device_id()).substr(0, 8), "  ",
                      OneLine(device.full_name()), "  ", end, "\n");
    }
    table.Add({Hex(device.device_id()).substr(0, 8), device.full_name(), device.device_name(),
               DeviceStateInWords(voice, device.state()),
               ContactInWords(voice, device, run.NowMs()), absl::StrCat(device.accepted_through()),
               UnsentInWords(voice, device), absl::StrCat(device.set_aside()),
               SpanInWords(voice, device.skew_ms()), device.app_version()});
  }
  run.Print(list, absl::StrCat(table.Print(run.streams.columns), ended.empty() ? "" : "\n", ended));
  return absl::OkStatus();
}

// The one device whose id begins so.
absl::StatusOr<v1::DeviceView> DeviceOf(Office* office, const std::string& typed) {
  const std::string prefix = absl::AsciiStrToLower(typed);
  if (prefix.size() < kDeviceDigitsMin) {
    return absl::InvalidArgumentError(absl::StrCat("device \"", typed, "\": write its first ",
                                                   kDeviceDigitsMin, " digits or more"));
  }
  SOTAY_ASSIGN_OR_RETURN(const v1::ListAllDevicesResponse all, office->ListAllDevices());
  const v1::DeviceView* found = nullptr;
  for (const v1::DeviceView& device : all.devices()) {
    if (!absl::StartsWith(Hex(device.device_id()), prefix)) continue;
    if (found != nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("several devices begin with ", prefix, "; write more digits"));
    }
    found = &device;
  }
  if (found != nullptr) return *found;
  return absl::NotFoundError(absl::StrCat("no device begins with ", OneLine(prefix)));
}

absl::Status Revoke(const Invocation& run, const RevokeWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::DeviceView device, DeviceOf(open.office.get(), words.device));
  v1::RevokeDeviceRequest request;
  request.set_device_id(device.device_id());
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(const v1::RevokeDeviceResponse response,
                         open.office->RevokeDevice(request));
  run.Print(DeviceJson(open.reader, response.device(), run.NowMs()),
            absl::StrCat(run.voice("Đã thu hồi máy ", "Revoked device "),
                         Hex(response.device().device_id()).substr(0, 8), "  ",
                         OneLine(response.device().full_name()), "  ",
                         OneLine(response.device().device_name()),
                         run.voice("\nĐã nhận đến số ", "\nReceived up to change "),
                         response.device().accepted_through(),
                         run.voice("; có thể còn mục chưa gửi.\n",
                                   "; it may hold others that were never sent.\n")));
  return absl::OkStatus();
}

}  // namespace

void AddOfficeDeviceCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto enroll = std::make_shared<EnrollWords>();
  Command command =
      AddCommand(app, run, "enroll",
                 voice("Ghi danh máy này bằng lời mời", "Enrol this machine, from an invitation"),
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
      voice("cho máy đã ghi danh: khóa giữ nguyên, chỉ lấy chứng thư mới",
            "for a machine that is enrolled: its key stays, it only gets another certificate"));

  auto invite = std::make_shared<InviteWords>();
  command = AddCommand(app, run, "invite",
                       voice("Mời một người ghi danh một máy", "Invite a user to enrol one device"),
                       invite, &Invite);
  command.AddOption("USER", invite->user, voice("người dùng", "the user")).Required();
  command
      .AddOption(
          "--valid", invite->valid,
          voice("còn hiệu lực trong: 90s, 15m, 2h, 7d", "how long it holds: 90s, 15m, 2h, 7d"))
      .ShowsDefault()
      .TypeName("SPAN");

  auto devices = std::make_shared<ScopeWords>();
  command =
      AddCommand(app, run, "devices",
                 voice("Máy: liên lạc cuối (! từ 2 ngày, !! từ 5 ngày), còn gì chưa gửi, lệch giờ",
                       "Devices: last contact (! 2 days ago or more, !! 5), what is unsent, clock"),
                 devices, &ListDevices);
  AddScope(command, voice, devices);

  auto revoke = std::make_shared<RevokeWords>();
  command = AddCommand(
      app, run, "revoke",
      voice("Thu hồi một máy, ngay và mãi mãi", "End a device's access, at once and for ever"),
      revoke, &Revoke);
  command
      .AddOption("DEVICE", revoke->device,
                 voice("mã, từ 4 chữ số đầu", "id, its first 4 digits or more"))
      .Required();
  command.AddOption("--reason", revoke->reason, voice("lý do", "why")).Required().TypeName("WHY");
}

}  // namespace sotay::cli
