#include "server/following.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "sync/day.h"
#include "sync/guard.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Where a table gives some people some fields of work in dossiers that are for others, it cannot be
// told any more whether this was one of those: they hear of it as those who might not read it.
v1::SecretDossier SecretFor(const Sight& sight, const v1::DossierAct& act) {
  v1::SecretDossier secret;
  secret.set_dossier_id(act.dossier_id());
  secret.set_unit_id(act.unit_id());
  const v1::DossierAct* const before = sight.acts()->StandingAt(act.dossier_id(), act.number() - 1);
  const bool might_read =
      before == nullptr || sight.Leaves(*before) || sight.place().reach == sync::kEveryField;
  if (!might_read) return secret;
  secret.set_alias(act.sealed().alias());
  secret.set_holder(act.sealed().holder());
  secret.set_set_by(act.set_by());
  secret.set_set_ms(act.set_ms());
  return secret;
}

class Following {
 public:
  Following(const FeedSources& from, Sight* sight, const Follower& device, uint64_t head,
            size_t bytes_max, v1::Cursor* cursor, FeedPage* page)
      : from_(from),
        sight_(*sight),
        enrolled_ms_(device.enrolled_ms),
        head_(head),
        bytes_max_(bytes_max),
        cursor_(*cursor),
        page_(*page),
        at_(AccessPlace::From(cursor->access())) {}

  absl::StatusOr<bool> Run();

 private:
  // What the person reaches has changed: other posts, another table.
  absl::Status TurnReach();
  // False: the page is full.
  absl::StatusOr<bool> FollowAct(const v1::DossierAct& act);
  absl::StatusOr<bool> Send(const v1::DossierAct& act);
  absl::StatusOr<bool> MayKnow(const v1::DossierAct& act);
  bool CameAfter(const v1::DossierAct& act) const;
  // What of that the person may have reached.
  sync::FieldSet EverReached() const;
  absl::Status Remove(const v1::DossierAct& act);
  // Every device of the unit hears of a dossier that proved to be secret; what it is called,
  // whoever might read it.
  absl::StatusOr<bool> Tell(const v1::DossierAct& act);
  void Note();

  const FeedSources& from_;
  Sight& sight_;
  const int64_t enrolled_ms_;
  const uint64_t head_;
  const size_t bytes_max_;
  v1::Cursor& cursor_;
  FeedPage& page_;
  AccessPlace at_;
};

void Following::Note() {
  cursor_.set_access(at_.Packed());
  cursor_.clear_access_record();
}

// Whether the device may have come so far that it has something of the dossier; if not, it is not
// told that there is one.
absl::StatusOr<bool> Following::MayKnow(const v1::DossierAct& act) {
  if (at_.again) return true;
  uint64_t born = 0;
  SOTAY_RETURN_IF_ERROR(from_.store->VisitHistory(*sync::RecordId::From(act.dossier_id()), 0,
                                                  [&born](uint64_t position) {
                                                    born = position;
                                                    return false;
                                                  }));
  if (born <= cursor_.position()) return true;
  // Who opened it has it from the start.
  SOTAY_ASSIGN_OR_RETURN(const v1::Admission birth,
                         from_.store->LoadAdmission(cursor_.unit_id(), born));
  return birth.user_id() == sight_.user();
}

// Whether the device, or its user's first post in the unit, came after the act: whatever place it
// says it stands at, it had nothing of what was hidden then.  Of a membership no day is known.
bool Following::CameAfter(const v1::DossierAct& act) const {
  if (enrolled_ms_ > act.set_ms()) return true;
  const auto person = from_.directory->FindPerson(sight_.user());
  if (person == nullptr) return false;
  const auto& memberships = person->user.memberships();
  const auto posts = from_.directory->Posts(sight_.user(), act.unit_id(), /*history=*/true);
  const sync::Day day = sync::DayOf(act.set_ms());
  return !posts.empty() &&
         std::none_of(memberships.begin(), memberships.end(),
                      [&act](const auto& one) { return one.unit_id() == act.unit_id(); }) &&
         std::all_of(posts.begin(), posts.end(),
                     [day](const v1::Post& post) { return post.valid_from() > day; });
}

absl::Status Following::Remove(const v1::DossierAct& act) {
  SOTAY_ASSIGN_OR_RETURN(const bool may_know, MayKnow(act));
  if (!may_know) return absl::OkStatus();
  std::vector<std::string>& removed = page_.removed_dossiers;
  if (std::find(removed.begin(), removed.end(), act.dossier_id()) == removed.end()) {
    removed.push_back(act.dossier_id());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Following::Tell(const v1::DossierAct& act) {
  page_.secret_dossiers.push_back(SecretFor(sight_, act));
  return true;
}

// By the posts they ever had in the unit, as the table is now; as much as the device says, where
// they are there by a membership, of which no history is kept.
sync::FieldSet Following::EverReached() const {
  const Directory& directory = *from_.directory;
  const auto person = directory.FindPerson(sight_.user());
  if (person == nullptr) return at_.reach;
  for (const v1::Membership& membership : person->user.memberships()) {
    if (membership.unit_id() == cursor_.unit_id()) return at_.reach;
  }
  const sync::Matrix& matrix = *directory.rules().matrix;
  sync::Seats seats;
  for (const v1::Post& post : directory.Posts(sight_.user(), cursor_.unit_id(), /*history=*/true)) {
    seats.push_back({post.capacity(), /*here=*/true, matrix.FieldsOf(post.fields_of_work())});
  }
  return at_.reach & sync::ReachOfKeptBack(matrix, seats);
}

absl::Status Following::TurnReach() {
  const sync::FieldSet now = sight_.place().reach;
  if (at_.reach == now) return absl::OkStatus();
  // Nobody hears of a surprise by saying that they reached what they never did.
  const sync::FieldSet ever = EverReached();
  for (const v1::DossierAct* act : sight_.acts()->Standing()) {
    if (sight_.Leaves(*act) || act->has_sealed()) continue;
    const v1::DossierAct* const word = sight_.acts()->LastWord(act->dossier_id());
    const bool hidden = word != nullptr && sync::Hides(*word);
    SOTAY_ASSIGN_OR_RETURN(const bool had,
                           sight_.InReach(hidden ? ever : at_.reach, act->dossier_id()));
    SOTAY_ASSIGN_OR_RETURN(const bool has, sight_.InReach(now, act->dossier_id()));
    if (had && !has) SOTAY_RETURN_IF_ERROR(Remove(*act));
    if (!had && has) {
      // Rare enough for the whole unit to be sent once more.
      at_.again = true;
      cursor_.set_position(0);
    }
  }
  at_.reach = now;
  return absl::OkStatus();
}

absl::StatusOr<bool> Following::Send(const v1::DossierAct& act) {
  if (cursor_.position() == 0) return true;  // the feed brings everything
  const auto after = sync::RecordId::From(cursor_.access_record());
  SOTAY_ASSIGN_OR_RETURN(
      const std::set<sync::RecordId> records,
      from_.records->After(cursor_.unit_id(), head_, *sight_.acts(), act.dossier_id(), after));
  for (const sync::RecordId& id : records) {
    SOTAY_ASSIGN_OR_RETURN(auto stored, from_.store->LoadRecord(id));
    // What is past the device's position the feed brings.
    if (stored.has_value() && stored->position <= cursor_.position()) {
      v1::RecordBatch batch;
      v1::FeedRecord* const record = batch.add_records();
      record->set_position(stored->position);
      *record->mutable_record() = std::move(stored->bytes);
      if (!AddToPage(batch, cursor_.unit_id(), bytes_max_, &page_, act.dossier_id())) return false;
    }
    cursor_.set_access_record(id.str());
  }
  return true;
}

absl::StatusOr<bool> Following::FollowAct(const v1::DossierAct& act) {
  const std::string& dossier = act.dossier_id();
  if (act.has_sealed()) return Tell(act);
  // What became of it in the end is told in its turn.
  if (sight_.acts()->IsSealed(dossier)) return true;
  // A device that is at this act holds what the one before it left, or what stood when it was fed
  // last: that came later, and is followed in its turn.  All by what the person reached then.
  const v1::DossierAct* const before = sight_.acts()->StandingAt(dossier, act.number() - 1);
  const v1::DossierAct* const stands = sight_.acts()->Standing(dossier);
  SOTAY_ASSIGN_OR_RETURN(const bool holds, sight_.Carried(stands, at_.reach, dossier));
  if (!holds) {
    // Before it was opened nobody had anything of it, and nobody is told that there is one.
    if (sync::OpensForSome(act)) return true;
    SOTAY_ASSIGN_OR_RETURN(const bool may_hold, sight_.MayHold(before, at_.reach, dossier));
    if (!may_hold || (sync::Hides(act) && CameAfter(act))) return true;
    SOTAY_RETURN_IF_ERROR(Remove(act));
    return true;
  }
  SOTAY_ASSIGN_OR_RETURN(const bool held, sight_.Carried(before, at_.reach, dossier));
  SOTAY_ASSIGN_OR_RETURN(const bool may_see, sight_.Carries(dossier));
  return held || !may_see ? true : Send(act);
}

absl::StatusOr<bool> Following::Run() {
  const uint64_t newest = sight_.acts()->newest();
  // No number of ours: rather everything once more.
  if (at_.number > newest) at_ = AccessPlace();
  // It begins, and yet it knows the unit: a restored server, or one it was sent away from.
  if (cursor_.position() == 0) at_.again = true;
  while (at_.number < newest) {
    SOTAY_ASSIGN_OR_RETURN(const bool whole, FollowAct(sight_.acts()->all()[at_.number]));
    if (!whole) return false;
    ++at_.number;
    Note();
  }
  SOTAY_RETURN_IF_ERROR(TurnReach());
  Note();
  return true;
}

}  // namespace

void TellSealed(const Sight& sight, FeedPage* page) {
  if (sight.acts() == nullptr) return;
  for (const v1::DossierAct* act : sight.acts()->Standing()) {
    if (act->has_sealed()) page->secret_dossiers.push_back(SecretFor(sight, *act));
  }
}

absl::StatusOr<bool> Follow(const FeedSources& from, Sight* sight, const Follower& device,
                            uint64_t head, size_t bytes_max, v1::Cursor* cursor, FeedPage* page) {
  const uint64_t all = sight->place().Packed();
  if (cursor->access() == all) return true;
  if (device.fresh || sight->acts() == nullptr) {
    cursor->set_access(all);
    cursor->clear_access_record();
    return true;
  }
  return Following(from, sight, device, head, bytes_max, cursor, page).Run();
}

}  // namespace sotay::server
