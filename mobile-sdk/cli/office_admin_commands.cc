// units, users: whom an administrator lets work where.  The list of units answers supervisors
// too, as far as they may see.
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/edits.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct NoWords {};

struct UnitWords {
  std::string id, name, parent;
};

struct UserWords {
  std::string id, name;
  std::vector<std::string> members;
};

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
               {run.voice("vai trò", "memberships"), false, 12}});
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

}  // namespace

void AddOfficeAdminCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  Command units = AddCommand(app, run, "units", voice("Cây đơn vị", "The tree of units"),
                             std::make_shared<NoWords>(), &ListUnits);
  auto unit = std::make_shared<UnitWords>();
  Command put_unit =
      AddCommand(units, run, "put", voice("Lập hoặc đổi tên đơn vị", "Make a unit, or rename it"),
                 unit, &PutUnit);
  put_unit.AddOption("ID", unit->id, "vkskv3").Required();
  put_unit.AddOption("--name", unit->name, voice("tên", "name")).Required().TypeName("NAME");
  put_unit.AddOption("--parent", unit->parent, voice("đơn vị cấp trên", "the unit above"))
      .TypeName("UNIT");
  put_unit.Footer(voice("Ví dụ:", "Example:") + R"(
  sotayctl units put vkskv3 --name "VKSND khu vực 3 – Sông Mây" --parent vks-sm
)");

  Command users = AddCommand(app, run, "users", voice("Người dùng", "Users"),
                             std::make_shared<NoWords>(), &ListUsers);
  auto user = std::make_shared<UserWords>();
  Command put_user = AddCommand(users, run, "put",
                                voice("Lập người dùng, hoặc đổi tên và vai trò (toàn bộ)",
                                      "Make a user, or change name and memberships (all of them)"),
                                user, &PutUser);
  put_user.AddOption("ID", user->id, "uu-dam").Required();
  put_user.AddOption("--name", user->name, voice("họ tên", "full name"))
      .Required()
      .TypeName("NAME");
  put_user
      .AddOption("--member", user->members,
                 voice("vai trò; lặp lại được", "membership; may be repeated"))
      .TypeName("UNIT:ROLE")
      .OneEach();
  put_user.Footer(voice("Vai trò: prosecutor, supervisor, administrator. Ví dụ:",
                        "Roles: prosecutor, supervisor, administrator. Examples:") +
                  R"(
  sotayctl users put uu-dam --name "Nguyễn Ưu Đàm" --member vkskv3:prosecutor
  sotayctl users put mac-khoa --name "Mạc Khoá" --member administrator
)");
}

}  // namespace sotay::cli
