// An office in which dossiers are for some people only, for tests of that.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/dossiers.h"
#include "tests/server/posts_room.h"

namespace sotay::server {

// A name, and its last day (0: without an end).
using Named = std::pair<std::string, sync::Day>;

class DossiersRoom : public PostsRoom {
 protected:
  // A head, and whoever else a test enrols, in kv1.
  DossiersRoom() { Give("ngu", PostOf("ngu", "kv1", v1::CAPACITY_HEAD)); }

  void Give(const std::string& user, const v1::Post& post) {
    if (Of(user) == nullptr) room_.AddUser(user, {});
    ASSERT_THAT(Put(post), tests::IsOk());
  }
  absl::StatusOr<v1::DossierAct> Restrict(const std::string& by, const std::string& record,
                                          const std::vector<Named>& people) {
    v1::RestrictDossierRequest request;
    request.set_record_id(tests::RecordNamed(record).str());
    for (const auto& [user, last] : people) {
      v1::NamedPerson* const named = request.add_people();
      named->set_user_id(user);
      named->set_valid_to(last);
    }
    request.set_reason("Phân công 4/PC-VKS");
    absl::StatusOr<v1::RestrictDossierResponse> response;
    room_.WithPen([&](Pen* pen) { response = RestrictDossier(pen, *Of(by), request); });
    if (!response.ok()) return response.status();
    return response->act();
  }
  absl::StatusOr<v1::DossierAct> Open(const std::string& by, const std::string& record) {
    v1::OpenDossierRequest request;
    request.set_record_id(tests::RecordNamed(record).str());
    request.set_reason("Kết thúc phân công");
    absl::StatusOr<v1::OpenDossierResponse> response;
    room_.WithPen([&](Pen* pen) { response = OpenDossier(pen, *Of(by), request); });
    if (!response.ok()) return response.status();
    return response->act();
  }
  std::vector<v1::DossierAct> Acts(const std::string& by, bool history = false) {
    v1::ListDossierActsRequest request;
    request.set_history(history);
    const auto response = ListDossierActs(*room_.directory, room_.store.get(), *Of(by), request);
    EXPECT_THAT(response, tests::IsOk());
    return {response->acts().begin(), response->acts().end()};
  }
  // The next day has come, and the hub has noticed.
  void DayPasses() {
    DaysPass(1);
    while (room_.hub->RunOnce()) {
    }
  }
  // What a phone of theirs has of these names.
  static std::vector<std::string> HeldOf(const tests::SealedPhone& phone,
                                         const std::vector<std::string>& names) {
    std::vector<std::string> held;
    const std::set<sync::RecordId> all = phone.Held();
    for (const std::string& name : names) {
      if (all.count(tests::RecordNamed(name)) != 0) held.push_back(name);
    }
    return held;
  }
};

}  // namespace sotay::server
