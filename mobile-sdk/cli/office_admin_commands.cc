// enroll, units, users, invite, devices, revoke: what an administrator does.  The lists answer
// supervisors too, as far as they may see.
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
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

struct NoWords {};

struct EnrollWords {
  std::string invitation, device_name;
};

struct UnitWords {
  std::string id, name, parent;
};

struct UserWords {
  std::string id, name;
  std::vector<std::string> members;
};

struct InviteWords {
  std::string user;
  std::string valid = "15m";
};

struct DevicesWords {
  std::string unit;
};

struct RevokeWords {
  std::string device, reason;
};

absl::Status Enroll(const Invocation& run, const EnrollWords& words) {
  SOTAY_RETURN_IF_ERROR(EnrollInto(run, words.invitation, words.device_name));
  SOTAY_ASSIGN_OR_RETURN(const Profile profile, OpenProfile(run));
  run.Print(
      {{"device", profile.vault->device().Hex()}, {"server", profile.server}, {"dir", run.dir}},
      absl::StrCat(run.voice("Đã ghi danh máy ", "Enrolled device "),
                   profile.vault->device().Short(), run.voice(" với ", " with "),
                   OneLine(profile.server), ", ", OneLine(run.dir), "\n"));
  return absl::OkStatus();
}

// Units in order of the tree, each with its depth.
void WalkUnits(const std::multimap<std::string, v1::Unit>& below, const std::string& parent,
               size_t depth, Table* table) {
  const auto [begin, end] = below.equal_range(parent);
  for (auto at = begin; at != end; ++at) {
    table->Add(
        {absl::StrCat(std::string(2 * depth, ' '), at->second.unit_id()), at->second.name()});
    WalkUnits(below, at->second.unit_id(), depth + 1, table);
  }
}

absl::Status ListUnits(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  std::vector<v1::Unit> units;
  const auto all = open.office->ListAllUnits();
  if (all.ok()) {
    units.assign(all->units().begin(), all->units().end());
  } else if (all.status().code() == absl::StatusCode::kPermissionDenied) {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListUnitsResponse own, open.office->ListUnits());
    for (const v1::UnitView& view : own.units()) {
      v1::Unit& unit = units.emplace_back();
      unit.set_unit_id(view.unit_id());
      unit.set_name(view.name());
      unit.set_parent_id(view.parent_id());
    }
  } else {
    return all.status();
  }
  std::set<std::string> ids;
  for (const v1::Unit& unit : units) ids.insert(unit.unit_id());
  json list = json::array();
  std::multimap<std::string, v1::Unit> below;
  for (const v1::Unit& unit : units) {
    list.push_back({{"unit", unit.unit_id()}, {"name", unit.name()}, {"parent", unit.parent_id()}});
    // A unit whose parent the caller may not see stands at the top.
    below.emplace(ids.count(unit.parent_id()) != 0 ? unit.parent_id() : "", unit);
  }
  Table table({{run.voice("đơn vị", "unit")}, {run.voice("tên", "name")}});
  WalkUnits(below, "", 0, &table);
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

absl::Status PutUnit(const Invocation& run, const UnitWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  v1::PutUnitRequest request;
  request.mutable_unit()->set_unit_id(words.id);
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_unit()->mutable_name(),
                         sdk::CleanText("--name", words.name));
  request.mutable_unit()->set_parent_id(words.parent);
  SOTAY_ASSIGN_OR_RETURN(const v1::PutUnitResponse response, open.office->PutUnit(request));
  const v1::Unit& unit = response.unit();
  run.Print({{"unit", unit.unit_id()}, {"name", unit.name()}, {"parent", unit.parent_id()}},
            absl::StrCat(run.voice("Đã ghi đơn vị ", "Saved unit "), unit.unit_id(), "  ",
                         OneLine(unit.name()), "\n"));
  return absl::OkStatus();
}

// "prosecutor" of ROLE_PROSECUTOR.
std::string RoleName(int role) {
  const std::string& name = options::v1::Role_Name(static_cast<options::v1::Role>(role));
  return absl::AsciiStrToLower(absl::StripPrefix(name, "ROLE_"));
}

json UserJson(const v1::User& user) {
  json members = json::array();
  for (const v1::Membership& member : user.memberships()) {
    members.push_back({{"unit", member.unit_id()}, {"role", RoleName(member.role())}});
  }
  return {{"user", user.user_id()}, {"name", user.full_name()}, {"memberships", members}};
}

std::string MembersInWords(const v1::User& user) {
  std::vector<std::string> members;
  for (const v1::Membership& member : user.memberships()) {
    members.push_back(absl::StrCat(member.unit_id(), member.unit_id().empty() ? "" : ":",
                                   RoleName(member.role())));
  }
  return absl::StrJoin(members, ", ");
}

// "vkskv3:prosecutor", or "administrator" alone, whose unit is not looked at.
absl::StatusOr<v1::Membership> MembershipOf(const std::string& word) {
  v1::Membership member;
  const size_t colon = word.rfind(':');
  const std::string role = colon == std::string::npos ? word : word.substr(colon + 1);
  if (colon != std::string::npos) member.set_unit_id(word.substr(0, colon));
  options::v1::Role parsed = options::v1::ROLE_UNSPECIFIED;
  const bool known =
      options::v1::Role_Parse(absl::StrCat("ROLE_", absl::AsciiStrToUpper(role)), &parsed) &&
      parsed != options::v1::ROLE_UNSPECIFIED;
  if (!known || (member.unit_id().empty() && parsed != options::v1::ROLE_ADMINISTRATOR)) {
    return absl::InvalidArgumentError(absl::StrCat("membership \"", word,
                                                   "\": write UNIT:prosecutor, UNIT:supervisor or "
                                                   "administrator"));
  }
  member.set_role(parsed);
  return member;
}

absl::Status ListUsers(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::ListUsersResponse response, open.office->ListUsers());
  Table table({{run.voice("người dùng", "user")},
               {run.voice("họ tên", "name")},
               {run.voice("vai trò", "memberships"), false, true}});
  json list = json::array();
  for (const v1::User& user : response.users()) {
    list.push_back(UserJson(user));
    table.Add({user.user_id(), user.full_name(), MembersInWords(user)});
  }
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

absl::Status PutUser(const Invocation& run, const UserWords& words) {
  v1::PutUserRequest request;
  request.mutable_user()->set_user_id(words.id);
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_user()->mutable_full_name(),
                         sdk::CleanText("--name", words.name));
  for (const std::string& word : words.members) {
    SOTAY_ASSIGN_OR_RETURN(*request.mutable_user()->add_memberships(), MembershipOf(word));
  }
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::PutUserResponse response, open.office->PutUser(request));
  run.Print(UserJson(response.user()),
            absl::StrCat(run.voice("Đã ghi người dùng ", "Saved user "), response.user().user_id(),
                         "  ", OneLine(response.user().full_name()), "  ",
                         OneLine(MembersInWords(response.user())), "\n"));
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

uint64_t Unsent(const v1::DeviceView& device) {
  return device.last_sequence() > device.accepted_through()
             ? device.last_sequence() - device.accepted_through()
             : 0;
}

json DeviceJson(const v1::DeviceView& device) {
  return {{"device", Hex(device.device_id())},
          {"user", device.user_id()},
          {"name", device.full_name()},
          {"device_name", device.device_name()},
          {"state", v1::DeviceState_Name(device.state())},
          {"last_contact_ms", device.last_contact_ms()},
          {"accepted_through", device.accepted_through()},
          {"last_sequence", device.last_sequence()},
          {"unsent", Unsent(device)},
          {"set_aside", device.set_aside()},
          {"skew_ms", device.skew_ms()},
          {"app_version", device.app_version()}};
}

using DeviceViews = google::protobuf::RepeatedPtrField<v1::DeviceView>;

absl::Status ListDevices(const Invocation& run, const DevicesWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  DeviceViews devices;
  absl::StatusOr<v1::ListAllDevicesResponse> all =
      words.unit.empty() ? open.office->ListAllDevices() : absl::PermissionDeniedError("");
  if (all.ok()) {
    devices = all->devices();
  } else if (all.status().code() == absl::StatusCode::kPermissionDenied) {
    v1::ListDevicesRequest request;
    request.set_unit_id(words.unit);
    request.set_subtree(true);
    SOTAY_ASSIGN_OR_RETURN(const v1::ListDevicesResponse own, open.office->ListDevices(request));
    devices = own.devices();
  } else {
    return all.status();
  }
  const Voice& voice = run.voice;
  Table table({{voice("máy", "device")},
               {voice("người", "person"), false, true},
               {voice("tên máy", "called"), false, true},
               {voice("trạng thái", "state")},
               {voice("liên lạc cuối", "last contact")},
               {voice("chưa gửi", "unsent"), true},
               {voice("giữ lại", "set aside"), true},
               {voice("lệch giờ", "clock ahead")},
               {voice("phiên bản", "version")}});
  json list = json::array();
  for (const v1::DeviceView& device : devices) {
    list.push_back(DeviceJson(device));
    table.Add({Hex(device.device_id()).substr(0, 8), device.full_name(), device.device_name(),
               DeviceStateInWords(voice, device.state()),
               AgoInWords(voice, device.last_contact_ms(), run.NowMs()),
               absl::StrCat(Unsent(device)), absl::StrCat(device.set_aside()),
               SpanInWords(voice, device.skew_ms()), device.app_version()});
  }
  run.Print(list, table.Print(run.streams.columns));
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
  run.Print(DeviceJson(response.device()),
            absl::StrCat(run.voice("Đã thu hồi máy ", "Revoked device "),
                         Hex(response.device().device_id()).substr(0, 8), "  ",
                         OneLine(response.device().full_name()), "  ",
                         OneLine(response.device().device_name()), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddOfficeAdminCommands(CLI::App* app, Invocation* run) {
  const Voice& voice = run->voice;
  auto enroll = std::make_shared<EnrollWords>();
  CLI::App* command =
      AddCommand(app, run, "enroll",
                 voice("Ghi danh máy này bằng lời mời", "Enrol this machine, from an invitation"),
                 enroll, &Enroll);
  command
      ->add_option("INVITATION", enroll->invitation,
                   voice("dòng chữ sotay1:…", "the line sotay1:…"))
      ->required();
  command
      ->add_option("--device-name", enroll->device_name,
                   voice("tên gọi của máy", "what people call the device"))
      ->type_name("NAME");

  CLI::App* units = AddCommand(app, run, "units", voice("Cây đơn vị", "The tree of units"),
                               std::make_shared<NoWords>(), &ListUnits);
  auto unit = std::make_shared<UnitWords>();
  CLI::App* put_unit =
      AddCommand(units, run, "put", voice("Lập hoặc đổi tên đơn vị", "Make a unit, or rename it"),
                 unit, &PutUnit);
  put_unit->add_option("ID", unit->id, "vkskv3")->required();
  put_unit->add_option("--name", unit->name, voice("tên", "name"))->required()->type_name("NAME");
  put_unit->add_option("--parent", unit->parent, voice("đơn vị cấp trên", "the unit above"))
      ->type_name("UNIT");
  put_unit->footer(voice("Ví dụ:", "Example:") + R"(
  sotayctl units put vkskv3 --name "VKSND khu vực 3 – Sông Mây" --parent vks-sm
)");

  CLI::App* users = AddCommand(app, run, "users", voice("Người dùng", "Users"),
                               std::make_shared<NoWords>(), &ListUsers);
  auto user = std::make_shared<UserWords>();
  CLI::App* put_user =
      AddCommand(users, run, "put",
                 voice("Lập người dùng, hoặc đổi tên và vai trò (toàn bộ)",
                       "Make a user, or change name and memberships (all of them)"),
                 user, &PutUser);
  put_user->add_option("ID", user->id, "uu-dam")->required();
  put_user->add_option("--name", user->name, voice("họ tên", "full name"))
      ->required()
      ->type_name("NAME");
  put_user
      ->add_option("--member", user->members,
                   voice("vai trò; lặp lại được", "membership; may be repeated"))
      ->type_name("UNIT:ROLE");
  put_user->footer(voice("Vai trò: prosecutor, supervisor, administrator. Ví dụ:",
                         "Roles: prosecutor, supervisor, administrator. Examples:") +
                   R"(
  sotayctl users put uu-dam --name "Nguyễn Ưu Đàm" --member vkskv3:prosecutor
  sotayctl users put mac-khoa --name "Mạc Khoá" --member administrator
)");

  auto invite = std::make_shared<InviteWords>();
  command = AddCommand(app, run, "invite",
                       voice("Mời một người ghi danh một máy", "Invite a user to enrol one device"),
                       invite, &Invite);
  command->add_option("USER", invite->user, voice("người dùng", "the user"))->required();
  command->add_option("--valid", invite->valid, voice("còn hiệu lực trong", "how long it holds"))
      ->capture_default_str()
      ->type_name("15m");

  auto devices = std::make_shared<DevicesWords>();
  command = AddCommand(app, run, "devices",
                       voice("Máy: liên lạc cuối, còn gì chưa gửi, lệch giờ",
                             "Devices: last contact, what is unsent, clock"),
                       devices, &ListDevices);
  command
      ->add_option("--unit", devices->unit, voice("đơn vị và cấp dưới", "a unit and those below"))
      ->type_name("UNIT");

  auto revoke = std::make_shared<RevokeWords>();
  command = AddCommand(
      app, run, "revoke",
      voice("Thu hồi một máy, ngay và mãi mãi", "End a device's access, at once and for ever"),
      revoke, &Revoke);
  command
      ->add_option("DEVICE", revoke->device,
                   voice("mã, từ 4 chữ số đầu", "id, its first 4 digits or more"))
      ->required();
  command->add_option("--reason", revoke->reason, voice("lý do", "why"))
      ->required()
      ->type_name("TEXT");
}

}  // namespace sotay::cli
