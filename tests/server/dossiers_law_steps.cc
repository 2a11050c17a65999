// What people do in the law of dossiers: they open, begin and assign them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "casework/v1/inspection.pb.h"
#include "tests/server/dossiers_law.h"

namespace sotay::server {

using casework::v1::Inspection;
using tests::IsOk;
using tests::NaiveDossier;
using tests::RoomPhone;
using tests::Unheard;

absl::Status DossiersLaw::OpenOne(RoomPhone* phone) {
  constexpr auto kSet = sdk::Edit::Kind::kSet;
  const bool criminal = chance_.Percent(50);
  const bool inspection = chance_.Percent(50);
  std::vector<sdk::Edit> words = {
      Word(kSet, inspection ? "target_body" : "title", absl::StrCat("Vụ ", written_[phone]))};
  std::set<std::string> team;
  if (inspection) {
    words.push_back(Word(kSet, "kind", criminal ? "search" : "custody_place"));
    if (chance_.Percent(60)) words.push_back(Word(kSet, "planned", "surprise"));
    if (chance_.Percent(40)) {
      team.insert("que");
      words.push_back(Word(sdk::Edit::Kind::kAdd, "team", "que"));
    }
  } else {
    words.push_back(Word(kSet, "kind", criminal ? "criminal" : "civil"));
  }
  const auto made = (*phone)->Create(inspection ? "inspection" : "case", "", absl::nullopt, words);
  if (!made.ok()) return made.status();
  NaiveDossier& dossier = dossiers_[*made];
  dossier.root = *made;
  dossier.criminal = criminal;
  dossier.opened_by = phone->user();
  dossier.inspection = inspection;
  dossier.team = team;
  dossier.restricted = dossier.worded = assigned_only_;
  if (assigned_only_) dossier.people[phone->user()] = 0;
  return absl::OkStatus();
}

absl::Status DossiersLaw::TurnInspection(RoomPhone* phone, const sync::RecordId& root) {
  constexpr auto kSet = sdk::Edit::Kind::kSet;
  if (!dossiers_[root].inspection) return absl::CancelledError();
  return (*phone)->Change(root, {chance_.Percent(60) ? Word(kSet, "state", "in_progress")
                                                     : Word(kSet, "planned", "surprise")});
}

void DossiersLaw::HearInspections() {
  if (assigned_only_) return;  // it is for some already, and its beginning opens it to nobody
  for (auto& [id, dossier] : dossiers_) {
    const auto stored = room_.store->LoadRecord(id);
    ASSERT_THAT(stored, IsOk());
    if (!dossier.inspection || !stored->has_value()) continue;
    const auto root = sync::MergedRecord::Parse(*tests::CaseworkSchema(), (*stored)->bytes);
    ASSERT_THAT(root, IsOk());
    const bool surprise = root->Slot(Inspection::kPlannedFieldNumber) != nullptr;
    const bool begun = root->StateInForce(Inspection::kStateFieldNumber) != 0;
    const bool hidden = dossier.hidden;
    dossier.Turn(surprise, begun);
    surprises_ += hidden != dossier.hidden ? 1 : 0;
  }
}

void DossiersLaw::AssignSomebody(RoomPhone* head) {
  constexpr auto kSet = sdk::Edit::Kind::kSet;
  const auto lines = (*head)->List();
  ASSERT_THAT(lines, IsOk());
  std::vector<sync::RecordId> roots, given;
  for (const sdk::RecordLine& line : *lines) {
    if (line.id == line.dossier) roots.push_back(line.id);
    if (line.type == "casework.v1.Assignment") given.push_back(line.id);
  }
  if (roots.empty()) return;
  Unheard wish;
  if (!given.empty() && chance_.Percent(20)) {
    wish.decision.id = given[chance_.Below(given.size())];
    wish.root = (*head)->Read(wish.decision.id)->record.dossier();
    wish.ends = true;
    // One that is over is over.
    if (!(*head)->Change(wish.decision.id, {Word(kSet, "state", "superseded")}).ok()) return;
  } else {
    wish.root = roots[chance_.Below(roots.size())];
    wish.decision.user = std::vector<std::string>{"dam", "que", "duoc"}[chance_.Below(3)];
    // Who could not answer is not asked.
    if (wish.decision.user == "duoc" && !dossiers_[wish.root].criminal) wish.decision.user = "que";
    wish.decision.role = chance_.Percent(50) ? "chu_tri" : "phoi_hop";
    std::vector<sdk::Edit> words = {
        Word(kSet, "assignee_id", wish.decision.user), Word(kSet, "role", wish.decision.role),
        Word(kSet, "reason", absl::StrCat("phân công ", chance_.Next()))};
    std::vector<sync::RecordId> before = {wish.root};
    for (const sync::RecordId& id : given) {
      if ((*head)->Read(id)->record.dossier() == wish.root) before.push_back(id);
    }
    if (chance_.Percent(60)) {
      wish.decision.before = before[chance_.Below(before.size())];
      words.push_back(Word(kSet, "supersedes", wish.decision.before.Hex()));
    }
    const auto made = (*head)->Create("assignment", "", wish.root, words);
    ASSERT_THAT(made, IsOk());
    wish.decision.id = *made;
  }
  wish.sequence = ++written_[head];
  wish.said = dossiers_[wish.root].said;
  unheard_.push_back(std::move(wish));
}

// Whether it was set aside: only for what was said meanwhile, or with what it was made on.
bool DossiersLaw::WasSetAside(const Unheard& wish) {
  const RoomPhone& head = *phones_.back();
  for (const v1::QuarantinedChange& row : room_.Quarantine("kv1")) {
    if (row.device_id() != head.device().view() || row.sequence() != wish.sequence ||
        row.verdict() != v1::VERDICT_QUARANTINED) {
      continue;
    }
    const NaiveDossier& dossier = dossiers_[wish.root];
    EXPECT_TRUE(dossier.said > dossier.head_heard || never_.count(wish.decision.id) != 0 ||
                never_.count(wish.decision.before) != 0)
        << row.message();
    if (!wish.ends) never_.insert(wish.decision.id);
    ++set_aside_;
    return true;
  }
  return false;
}

void DossiersLaw::HearAssignments() {
  while (!unheard_.empty()) {
    const Unheard& next = unheard_.front();
    if (WasSetAside(next)) {
      unheard_.erase(unheard_.begin());
      continue;
    }
    const auto stored = room_.store->LoadRecord(next.decision.id);
    ASSERT_THAT(stored, IsOk());
    if (!stored->has_value()) return;
    NaiveDossier& dossier = dossiers_[next.root];
    if (next.ends) {
      const auto record = sync::MergedRecord::Parse(*tests::CaseworkSchema(), (*stored)->bytes);
      if (!sync::AssignmentOf(*record)->ended) return;
    }
    ++heard_;
    EXPECT_EQ(dossier.said, next.said) << "it undid what its author had not heard";
    dossier.Take(next);
    unheard_.erase(unheard_.begin());
  }
}

}  // namespace sotay::server
