// The law of dossiers that come and go: whatever is said of them and assigned, by a table in which
// they are their unit's or one in which they are for whom they are assigned to, some of them
// surprises that begin or are cut short, whatever is written, lost on the way or heard twice, every
// phone that has synchronised holds exactly what a naive model says its user may read, bit for bit
// as the server has it, and nothing anybody typed is lost.  Real notebooks, a real server.
#include "tests/server/dossiers_law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace sotay::server {
namespace {

using laws::Chance;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::NaiveDossier;
using tests::RoomPhone;
using tests::Unheard;

constexpr int kDossiersMax = 5;

}  // namespace

bool DossiersLaw::MayRead(const std::string& user, const NaiveDossier& dossier) const {
  if (!dossier.restricted || user == "ngu") return true;
  const auto head = head_until_.find(user);
  if (head != head_until_.end() && today_ <= head->second) return true;
  if (user == "duoc" && dossier.criminal) return true;
  const auto named = dossier.people.find(user);
  return named != dossier.people.end() && (named->second == 0 || today_ <= named->second);
}

std::map<sync::RecordId, std::string> DossiersLaw::ExpectedOn(const RoomPhone& phone) {
  std::map<sync::RecordId, std::string> expected;
  const auto take = [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
    if (MayRead(phone.user(), dossiers_[*sync::RecordId::From(row.dossier_id())])) {
      expected[place.record] = (*room_.store->LoadRecord(place.record))->bytes;
    }
    return true;
  };
  EXPECT_THAT(room_.store->VisitFeed("kv1", 0, ~0ull >> 1, take), IsOk());
  return expected;
}

void DossiersLaw::Write(RoomPhone* phone) {
  if (phone->user() == "ngu" || phone->user() == "duoc") return;
  const auto lines = (*phone)->List();
  ASSERT_THAT(lines, IsOk());
  std::vector<sync::RecordId> roots, notes;
  for (const sdk::RecordLine& line : *lines)
    if (line.type != "casework.v1.Assignment")
      (line.id == line.dossier ? roots : notes).push_back(line.id);
  absl::Status told;
  constexpr auto kSet = sdk::Edit::Kind::kSet;
  if (roots.empty() || (dossiers_.size() < kDossiersMax && chance_.Percent(20))) {
    if (dossiers_.size() >= kDossiersMax) return;
    told = OpenOne(phone);
  } else if (chance_.Percent(15)) {
    told = TurnInspection(phone, roots[chance_.Below(roots.size())]);
  } else if (notes.empty() || chance_.Percent(60)) {
    told =
        (*phone)
            ->Create("note", "", roots[chance_.Below(roots.size())],
                     {Word(sdk::Edit::Kind::kText, "body", absl::StrCat("lời ", chance_.Next()))})
            .status();
  } else {
    const sync::RecordId note = notes[chance_.Below(notes.size())];
    told = chance_.Percent(20)
               ? (*phone)->Change(note, {Word(kSet, "state", "submitted")})
               : (*phone)->Change(note, {Word(sdk::Edit::Kind::kText, "body",
                                              absl::StrCat("lời ", chance_.Next()))});
  }
  // A step that is no longer open is refused on the spot.
  if (told.ok()) ++written_[phone];
}

void DossiersLaw::SayWho() {
  if (dossiers_.empty()) return;
  auto at = dossiers_.begin();
  std::advance(at, chance_.Below(dossiers_.size()));
  const auto there = room_.store->LoadRecord(at->first);
  ASSERT_THAT(there, IsOk());
  if (!there->has_value()) return;  // its phone has not sent it yet
  NaiveDossier& dossier = at->second;
  const auto newest = [this] {
    const auto acts = room_.directory->DossiersOf("kv1");
    return acts == nullptr ? 0 : acts->newest();
  };
  while (room_.hub->RunOnce()) {  // the night's acts are nobody's
  }
  const uint64_t before = newest();
  if (chance_.Percent(30)) {
    v1::OpenDossierRequest request;
    request.set_record_id(at->first.str());
    request.set_reason("lý do");
    room_.WithPen([&](Pen* pen) { ASSERT_THAT(OpenDossier(pen, *Of("ngu"), request), IsOk()); });
    dossier.restricted = false;
    dossier.people.clear();
  } else {
    v1::RestrictDossierRequest request;
    request.set_record_id(at->first.str());
    request.set_reason("lý do");
    dossier.restricted = true;
    dossier.people.clear();
    for (const char* user : {"dam", "que", "duoc"}) {
      if (!chance_.Percent(40)) continue;
      const sync::Day last =
          chance_.Percent(60) ? 0 : sync::DayOf(room_.now_ms + chance_.Between(0, 2) * kDayMs);
      dossier.people[user] = last;
      request.add_people()->set_user_id(user);
      request.mutable_people()->rbegin()->set_valid_to(last);
    }
    room_.WithPen(
        [&](Pen* pen) { ASSERT_THAT(RestrictDossier(pen, *Of("ngu"), request), IsOk()); });
  }
  if (newest() != before) {
    ++dossier.said;
    dossier.worded = true;
  }
  if (std::exchange(dossier.hidden, false)) {
    EXPECT_NE(newest(), before) << "said for itself, it stands in the place of what hid it";
  }
  night_ = false;  // the hub has run
}

void DossiersLaw::Promote() {
  const char* const user = chance_.Percent(50) ? "dam" : "que";
  const sync::Day last = sync::DayOf(room_.now_ms + kDayMs);
  ASSERT_THAT(Put(PostOf(user, "kv1", v1::CAPACITY_HEAD, 0, last)), IsOk());
  head_until_[user] = std::max(head_until_[user], last);
  night_ = false;
}

void DossiersLaw::PassDay() {
  DaysPass(1);
  today_ = sync::DayOf(room_.now_ms);
  night_ = true;
  if (chance_.Percent(30)) return;
  while (room_.hub->RunOnce()) {
  }
  night_ = false;
}

void DossiersLaw::Exchange(RoomPhone* phone) {
  phone->weather->copies = 1 + static_cast<int>(chance_.Below(2));
  phone->weather->lost = chance_.Percent(15);
  phone->weather->records_bytes_max = chance_.Percent(50) ? 1 : 0;
  phone->weather->answers.clear();
  // Somebody types while the answer is under way.
  if (chance_.Percent(20)) phone->weather->meanwhile = [this, phone] { Write(phone); };
  const auto before = (*phone)->GetStatus();
  const absl::Status exchanged = (*phone)->Sync();
  const bool was_lost = std::exchange(phone->weather->lost, false);
  HearAssignments();
  HearInspections();
  for (const v1::SyncResponse& answer : phone->weather->answers) {
    removals_ += answer.removed_dossiers_size();
    for (const v1::Cursor& cursor : answer.cursors()) {
      back_fills_ += cursor.access_record().empty() ? 0 : 1;
    }
  }
  if (!exchanged.ok()) {
    ASSERT_TRUE(was_lost) << exchanged;
    return;
  }
  if (phone == phones_.back().get()) {
    for (auto& [root, dossier] : dossiers_) dossier.head_heard = dossier.said;
  }
  const auto status = (*phone)->GetStatus();
  ASSERT_THAT(status, IsOk());
  ASSERT_EQ(status->outbox, 0u);
  // What was pushed has made the hub look at the day.
  if (before->outbox != 0) night_ = false;
  if (night_) return;
  ++checks_;
  const auto expected = ExpectedOn(*phone);
  std::set<sync::RecordId> should;
  for (const auto& [id, bytes] : expected) should.insert(id);
  const std::vector<sync::RecordId> listed = phone->Listed();
  const std::set<sync::RecordId> has(listed.begin(), listed.end());
  if (has != should) {
    std::string words;
    const auto tell = [&](const char* what, const sync::RecordId& id) {
      const auto stored = room_.store->LoadRecord(id);
      v1::Record record;
      if (stored.ok() && stored->has_value()) record.ParseFromString((*stored)->bytes);
      absl::StrAppend(&words, what, id.Short(), " of ",
                      sync::RecordId::From(record.dossier_id()).value_or(sync::RecordId()).Short(),
                      "; ");
    };
    for (const sync::RecordId& id : has) {
      if (should.count(id) == 0) tell("must not have ", id);
    }
    for (const sync::RecordId& id : should) {
      if (has.count(id) == 0) tell("lacks ", id);
    }
    const auto set_aside = (*phone)->Refused();
    ASSERT_THAT(set_aside, IsOk());
    for (const sdk::RefusedChange& refused : *set_aside) {
      absl::StrAppend(&words, refused.sequence, ": ", refused.outcome.message(), "; ");
    }
    FAIL() << phone->user() << " " << words;
  }
  for (const auto& [id, bytes] : expected) {
    const auto view = (*phone)->Read(id);
    ASSERT_THAT(view, IsOk());
    ASSERT_EQ(view->record.Serialize(),
              sync::MergedRecord::Parse(*tests::CaseworkSchema(), bytes)->Serialize());
  }
}

void DossiersLaw::Live(bool assigned_only, uint64_t seed) {
  chance_ = Chance(seed);
  assigned_only_ = assigned_only;
  if (assigned_only) AssignedOnly();
  for (const char* user : {"dam", "que"}) Give(user, PostOf(user, "kv1", v1::CAPACITY_KSV));
  Give("duoc", PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  for (const char* user : {"dam", "dam", "que", "duoc", "ngu"}) {
    phones_.push_back(std::make_unique<RoomPhone>(&room_, user));
    ASSERT_THAT((*phones_.back())->Sync(), IsOk());
  }
  for (int step = 0; step < 150 && !HasFatalFailure(); ++step) {
    RoomPhone* const phone = phones_[chance_.Below(phones_.size())].get();
    room_.now_ms += 60'000;
    switch (chance_.Below(20)) {
      case 0:
      case 1:
      case 2:
        SayWho();
        break;
      case 3:
        PassDay();
        break;
      case 4:
        if (chance_.Percent(30)) Promote();
        break;
      case 5:
        phone->Restart();
        break;
      case 6:
      case 7:
        AssignSomebody(phones_.back().get());
        break;
      default:
        if (chance_.Percent(45)) {
          Exchange(phone);
        } else {
          Write(phone);
        }
    }
  }
  if (HasFatalFailure()) return;
  while (room_.hub->RunOnce()) {
  }
  night_ = false;
  for (const auto& phone : phones_) {
    phone->weather->lost = false;
    ASSERT_THAT((*phone)->Sync(), IsOk());
    Exchange(phone.get());
    if (HasFatalFailure()) return;
    // Told is kept: every change is on the server, in a record or set aside with its reason.
    ASSERT_THAT((*phone)->Sync(), IsOk());
    const auto row = room_.directory->Device(phone->device());
    ASSERT_EQ(row->accepted_through(), written_[phone.get()]) << phone->user();
  }
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_GT(checks_, 15);
  EXPECT_THAT(unheard_, IsEmpty());
  for (const auto& [root, dossier] : dossiers_) {
    const auto acts = room_.directory->DossiersOf("kv1");
    if (dossier.ever_hidden) {
      EXPECT_TRUE(std::any_of(acts->all().begin(), acts->all().end(),
                              [of = root.view()](const v1::DossierAct& act) {
                                return act.dossier_id() == of && sync::Hides(act);
                              }));
    }
    for (const char* user : {"dam", "que", "duoc"}) {
      EXPECT_EQ(sync::IsTheirs(acts.get(), root.view(), user, dossier.opened_by),
                dossier.Assigned().count(user) != 0)
          << user;
    }
  }
}

namespace {

class DossiersLawTest : public DossiersLaw,
                        public ::testing::WithParamInterface<std::tuple<bool, uint64_t>> {};

INSTANTIATE_TEST_SUITE_P(Seeds, DossiersLawTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Range<uint64_t>(1, 41)));

TEST_P(DossiersLawTest, EveryPhoneHoldsWhatItsUserMayReadAndNothingTypedIsLost) {
  Live(std::get<0>(GetParam()), std::get<1>(GetParam()));
}

}  // namespace
}  // namespace sotay::server
