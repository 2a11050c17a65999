// An office in which dossiers are assigned, for tests of that.
#pragma once

#include <gmock/gmock.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "casework/v1/assignment.pb.h"
#include "server/access_rules.h"
#include "server/quarantine.h"
#include "sync/assignments.h"
#include "tests/server/dossiers_room.h"
#include "tests/support/process.h"

namespace sotay::server {

// What an assignment says beside whom.
struct AssignmentWords {
  std::string supersedes = "";  // the name of a record
  casework::v1::AssignmentRole role = casework::v1::ASSIGNMENT_ROLE_CHU_TRI;
};

inline tests::Wish Assigns(absl::string_view name, absl::string_view dossier,
                           absl::string_view user, const AssignmentWords& words = {}) {
  using A = casework::v1::Assignment;
  tests::Wish wish(name, "casework.v1.Assignment");
  wish.Set(A::kParentFieldNumber, tests::RecordNamed(dossier).view())
      .Set(A::kAssigneeIdFieldNumber, user)
      .SetNumber(A::kRoleFieldNumber, static_cast<uint64_t>(words.role))
      .Set(A::kReasonFieldNumber, "Phân công 4/PC-VKS");
  if (!words.supersedes.empty()) {
    wish.Set(A::kSupersedesFieldNumber, tests::RecordNamed(words.supersedes).view());
  }
  return wish;
}

class AssignmentsRoom : public DossiersRoom {
 protected:
  // From now on by the table that is compiled in with its line `assigned` in force.
  void AssignedOnly() {
    TakeTable(absl::StrReplaceAll(BuiltInRules(), {{"# assigned case", "assigned case"}}));
  }
  void TakeTable(const std::string& rules) {
    room_.rules = space_ / "access.rules";
    std::ofstream(room_.rules) << rules;
    ASSERT_THAT(room_.Open(), tests::IsOk());
  }
  // What became of the change it wrote last.
  static v1::ChangeOutcome Last(const tests::SealedPhone& phone) {
    return phone.outcomes().at(phone.last_sequence());
  }
  // To whom a dossier of kv1 is assigned, in order.
  std::vector<std::string> AssignedTo(const std::string& dossier) {
    const auto acts = room_.directory->DossiersOf("kv1");
    std::vector<std::string> people;
    const v1::DossierAct* const act =
        acts == nullptr ? nullptr : acts->Standing(tests::RecordNamed(dossier).view());
    if (act == nullptr) return people;
    for (const v1::AssignedPerson& one : act->assigned()) {
      if (!one.ended()) people.push_back(one.user_id());
    }
    return people;
  }

  tests::Workspace space_;
};

inline const std::vector<std::string> kAll = {"k", "k1", "k2", "m", "m1"};

// A head, a deputy in one field of work, three prosecutors and an examiner, each with a phone.
class AssignmentsOffice : public AssignmentsRoom {
 protected:
  AssignmentsOffice() {
    room_.Enrol(&ngu_);
    Enrol(&duoc_, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"dan_su"}));
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    Enrol(&phong_, PostOf("phong", "kv1", v1::CAPACITY_KSV));
    Enrol(&ha_, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  }
  ~AssignmentsOffice() override { EXPECT_THAT(room_.Faults(), ::testing::IsEmpty()); }

  // Two cases of Đàm's, in another field of work than the deputy's.
  void OpenCases() {
    dam_.Write("k", {tests::NewCase("k"), tests::Note("k1").Says("một")});
    dam_.Write("m", {tests::NewCase("m"), tests::Note("m1").Says("hai")});
    dam_.Write("k", {tests::Note("k2").Says("ba")});
    Meet({&dam_});
  }
  void Meet(const std::vector<tests::SealedPhone*>& phones) {
    for (tests::SealedPhone* phone : phones) room_.Exchange(phone);
  }
  void Everybody() { Meet({&ngu_, &duoc_, &dam_, &que_, &phong_, &ha_}); }
  // Writes it and hears what became of it.
  v1::ChangeOutcome Write(tests::SealedPhone* phone, const std::string& dossier,
                          const tests::Wish& wish) {
    phone->Write(dossier, {wish});
    room_.Exchange(phone);
    return Last(*phone);
  }
  static tests::Wish Steps(absl::string_view name, casework::v1::AssignmentState state) {
    return tests::Wish(name, "casework.v1.Assignment")
        .SetNumber(casework::v1::Assignment::kStateFieldNumber, static_cast<uint64_t>(state));
  }
  absl::Status TakeInOf(const std::string& user, uint64_t sequence, const std::string& by = "ngu") {
    v1::TakeInRequest take;
    for (const v1::QuarantinedChange& row : room_.Quarantine("kv1")) {
      if (row.user_id() != user || row.sequence() != sequence) continue;
      take.mutable_change()->set_device_id(row.device_id());
      take.mutable_change()->set_sequence(row.sequence());
      take.mutable_change()->set_change_id(row.change_id());
    }
    take.set_reason("đồng ý");
    absl::Status taken;
    room_.WithPen([&](Pen* pen) { taken = TakeIn(pen, *Of(by), take).status(); });
    return taken;
  }
  static bool Decides(const tests::SealedPhone& phone, absl::string_view name) {
    return sync::AssignmentOf(*phone.Shown(name))->decides;
  }
  // Exchanges page by page; how many records came.
  size_t Pull(tests::SealedPhone* phone) {
    size_t records = 0;
    for (bool more = true; more;) {
      const auto response = room_.Sync(*phone, phone->Pull());
      EXPECT_THAT(response, tests::IsOk());
      if (!response.ok()) return records;
      phone->Take(*response);
      records += phone->received.size();
      more = response->more();
    }
    return records;
  }

  tests::SealedPhone ngu_{"ngu", "kv1", tests::kSupervisor};
  tests::SealedPhone duoc_{"duoc", "kv1", tests::kSupervisor};
  tests::SealedPhone dam_{"dam"}, que_{"que"}, phong_{"phong"}, ha_{"ha"};
};

inline auto Refused(v1::Reason reason, const std::string& message) {
  return ::testing::AllOf(
      ::testing::Property("verdict", &v1::ChangeOutcome::verdict, v1::VERDICT_QUARANTINED),
      ::testing::Property("reason", &v1::ChangeOutcome::reason, reason),
      ::testing::Property("message", &v1::ChangeOutcome::message, ::testing::HasSubstr(message)));
}
inline auto Applied() {
  return ::testing::Property("verdict", &v1::ChangeOutcome::verdict, v1::VERDICT_APPLIED);
}

}  // namespace sotay::server
