// An office whose dossiers come and go, with what a naive model knows of them
// (dossiers_law_test.cc, dossiers_law_steps.cc).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/laws/chance.h"
#include "tests/server/assignments_room.h"
#include "tests/server/naive_dossiers.h"
#include "tests/server/room_phone.h"

namespace sotay::server {

inline sdk::Edit Word(sdk::Edit::Kind kind, const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.kind = kind;
  edit.field = field;
  edit.value = value;
  return edit;
}

class DossiersLaw : public AssignmentsRoom {
 protected:
  void Live(bool assigned_only, uint64_t seed);

 private:
  bool MayRead(const std::string& user, const tests::NaiveDossier& dossier) const;
  std::map<sync::RecordId, std::string> ExpectedOn(const tests::RoomPhone& phone);
  void Write(tests::RoomPhone* phone);
  absl::Status OpenOne(tests::RoomPhone* phone);
  // Begins an inspection, or makes a surprise of one.
  absl::Status TurnInspection(tests::RoomPhone* phone, const sync::RecordId& root);
  void HearInspections();
  void SayWho();
  // The head's phone assigns somebody, or ends that.
  void AssignSomebody(tests::RoomPhone* head);
  // What of it has come.
  void HearAssignments();
  bool WasSetAside(const tests::Unheard& wish);
  void Exchange(tests::RoomPhone* phone);
  void Promote();
  void PassDay();

  laws::Chance chance_{0};
  std::vector<std::unique_ptr<tests::RoomPhone>> phones_;
  std::map<tests::RoomPhone*, uint64_t> written_;  // changes it was told are saved
  std::map<sync::RecordId, tests::NaiveDossier> dossiers_;
  std::map<std::string, sync::Day> head_until_;
  sync::Day today_ = kToday;
  bool night_ = false;  // the day has turned, and the hub has not noticed
  int checks_ = 0, removals_ = 0, back_fills_ = 0, heard_ = 0;
  int surprises_ = 0;  // that were hidden, or began
  bool assigned_only_ = false;
  std::vector<tests::Unheard> unheard_;
  std::set<sync::RecordId> never_;  // assignments that were set aside
  int set_aside_ = 0;
};

}  // namespace sotay::server
