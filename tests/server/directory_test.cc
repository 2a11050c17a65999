#include "server/directory.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using options::v1::ROLE_ADMINISTRATOR;
using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

constexpr int64_t kNowMs = 1'794'000'000'000;

absl::StatusOr<std::unique_ptr<Directory>> From(const Tables& tables) {
  static const auto* const kRules =
      new AccessRules(LoadAccessRules("", *tests::CaseworkSchema(), 20260701).value());
  return Directory::From(tables, *kRules, kNowMs);
}

std::unique_ptr<Directory> DirectoryWith(Tables tables, std::vector<v1::User> users) {
  for (v1::User& user : users) tables.users.push_back(std::move(user));
  auto directory = From(tables);
  EXPECT_TRUE(directory.ok()) << directory.status();
  return *std::move(directory);
}

void AddUnit(Tables* tables, const std::string& id, const std::string& parent) {
  v1::Unit& unit = tables->units.emplace_back();
  unit.set_unit_id(id);
  unit.set_parent_id(parent);
  unit.set_name("Đơn vị " + id);
}

v1::User UserWith(const std::vector<std::pair<std::string, sync::Role>>& memberships,
                  const std::string& id = "u") {
  v1::User user;
  user.set_user_id(id);
  for (const auto& [unit, role] : memberships) {
    v1::Membership* membership = user.add_memberships();
    membership->set_unit_id(unit);
    membership->set_role(role);
  }
  return user;
}

// top ─ a ─ a1
//     └ b
Tables SmallTree() {
  Tables tables;
  tables.meta.emplace();
  AddUnit(&tables, "top", "");
  AddUnit(&tables, "b", "top");
  AddUnit(&tables, "a", "top");
  AddUnit(&tables, "a1", "a");
  return tables;
}

TEST(Guard, AMemberReadsAndSyncsExactlyTheirUnit) {
  const auto directory = DirectoryWith(SmallTree(), {UserWith({{"a", ROLE_PROSECUTOR}})});
  const Person& person = *directory->FindPerson("u");
  EXPECT_THAT(directory->Synced(person), ElementsAre("a"));
  EXPECT_THAT(directory->Readable(person), ElementsAre("a"));
}

TEST(Guard, ASupervisorReadsEverythingBelowAndSyncsOnlyTheirOwn) {
  const auto directory = DirectoryWith(SmallTree(), {UserWith({{"a", ROLE_SUPERVISOR}}),
                                                     UserWith({{"top", ROLE_SUPERVISOR}}, "head")});
  const Person& person = *directory->FindPerson("u");
  EXPECT_THAT(directory->Synced(person), ElementsAre("a"));
  EXPECT_THAT(directory->Readable(person), ElementsAre("a", "a1"));
  const Person& head = *directory->FindPerson("head");
  EXPECT_THAT(directory->Readable(head), ElementsAre("top", "a", "a1", "b"));
  EXPECT_THAT(directory->Readable(head, "a"), ElementsAre("a", "a1"));
  EXPECT_THAT(directory->Readable(head, "a", false), ElementsAre("a"));
  EXPECT_THAT(directory->Readable(head, "nowhere"), IsEmpty());
}

TEST(Guard, AnAdministratorReadsNothing) {
  const auto directory = DirectoryWith(SmallTree(), {UserWith({{"top", ROLE_ADMINISTRATOR}})});
  const Person& person = *directory->FindPerson("u");
  EXPECT_TRUE(person.administrator);
  EXPECT_THAT(directory->Synced(person), IsEmpty());
  EXPECT_THAT(directory->Readable(person), IsEmpty());
  EXPECT_FALSE(directory->MayRead(person, "top"));
}

// Against the rules said once more, the slow way, over random trees and people.
TEST(Guard, AnswersAsTheRulesSayForEverybodyAndEverything) {
  std::mt19937 chance(7);
  int allowed = 0;
  int refused = 0;
  for (int world = 0; world < 200; ++world) {
    Tables tables;
    tables.meta.emplace();
    std::vector<std::string> units;
    std::map<std::string, std::string> parent;
    for (int i = 0; i < 12; ++i) {
      const std::string id = "u" + std::to_string(i);
      parent[id] = i == 0 || chance() % 5 == 0 ? "" : units[chance() % units.size()];
      AddUnit(&tables, id, parent[id]);
      units.push_back(id);
    }
    std::shuffle(tables.units.begin(), tables.units.end(), chance);
    for (int who = 0; who < 20; ++who) {
      std::vector<std::pair<std::string, sync::Role>> memberships;
      for (unsigned i = 0; i < chance() % 4; ++i) {
        memberships.emplace_back(units[chance() % units.size()],
                                 static_cast<sync::Role>(1 + chance() % 3));
      }
      const auto directory = DirectoryWith(tables, {UserWith(memberships)});
      const Person& person = *directory->FindPerson("u");
      std::set<std::string> readable;
      for (const std::string& unit : units) {
        const auto is = [&](const std::string& at, sync::Role role) {
          return std::find(memberships.begin(), memberships.end(), std::make_pair(at, role)) !=
                 memberships.end();
        };
        const bool may_sync = is(unit, ROLE_PROSECUTOR) || is(unit, ROLE_SUPERVISOR);
        bool may_read = may_sync;
        for (std::string at = unit; !at.empty(); at = parent[at]) {
          may_read = may_read || is(at, ROLE_SUPERVISOR);
        }
        ASSERT_EQ(person.MaySync(unit), may_sync);
        ASSERT_EQ(directory->MayRead(person, unit), may_read);
        (may_read ? allowed : refused)++;
        if (may_read) readable.insert(unit);
      }
      const std::vector<std::string> listed = directory->Readable(person);
      ASSERT_EQ(std::set<std::string>(listed.begin(), listed.end()), readable);
      std::set<std::string> seen;
      for (const std::string& unit : listed) {
        ASSERT_TRUE(readable.count(parent[unit]) == 0 || seen.count(parent[unit]) != 0)
            << "parents come before children";
        seen.insert(unit);
      }
    }
  }
  EXPECT_GT(allowed, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(Directory, KnowsACallerByTheirKeyAtOnceAndForgetsThemAtOnce) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  const std::string hash = HashOfKey(nguyet.key().PublicKey());
  EXPECT_EQ(DetailOf(room.directory->CallerOf(hash).status()).reason(), v1::REASON_DEVICE_UNKNOWN);
  room.Enrol(&nguyet);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Caller caller, room.directory->CallerOf(hash));
  EXPECT_EQ(caller.device, nguyet.device());
  EXPECT_EQ(caller.person->user.user_id(), "nguyet");
  room.Revoke(nguyet);
  EXPECT_THAT(room.directory->CallerOf(hash).status(),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       "device revoked; contact your unit's administrator"));
  ASSERT_TRUE(room.Open().ok());
  EXPECT_EQ(DetailOf(room.directory->CallerOf(hash).status()).reason(), v1::REASON_DEVICE_REVOKED);
}

TEST(Directory, NamesOnlyThePeopleOfTheCallersUnits) {
  ServerRoom room;
  room.AddUser("nguyet", {{"kv1", ROLE_PROSECUTOR}});
  room.AddUser("dam", {{"kv1", ROLE_SUPERVISOR}});
  room.AddUser("an", {{"kv2", ROLE_PROSECUTOR}});
  const v1::Directory names = room.directory->NamesFor(*room.directory->FindPerson("nguyet"));
  ASSERT_EQ(names.units_size(), 1);
  EXPECT_EQ(names.units(0).unit_id(), "kv1");
  EXPECT_THAT(names.units(0).roles(), ElementsAre(ROLE_PROSECUTOR));
  ASSERT_EQ(names.people_size(), 2);
  EXPECT_EQ(names.people(0).user_id(), "dam");
  EXPECT_EQ(names.people(1).user_id(), "nguyet");
}

TEST(Directory, RefusesTablesThatContradictEachOther) {
  Tables tables = SmallTree();
  stored::v1::DeviceRow& row = tables.devices.emplace_back();
  row.set_device_id(std::string(16, 'd'));
  EXPECT_THAT(From(tables).status(), StatusIs(absl::StatusCode::kDataLoss));
  const SealedPhone phone("nobody");
  tables.devices[0].set_device_id(phone.device().str());
  tables.devices[0].set_public_key(phone.key().PublicKey());
  tables.devices[0].set_user_id("nobody");
  EXPECT_THAT(From(tables).status(), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace sotay::server
