// What was said in a unit of who sees which dossier (proto/sotay/v1/dossier_service.proto): the
// acts in order, and what stands of a dossier.
//
//   kept back = an act stands that restricts the dossier, and does not name the person on that day
//
// Whether somebody kept back sees it all the same decides the table of rights (guard.h).  A value,
// copied to add to it; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sync/day.h"

namespace sotay::sync {

class DossierActs {
 public:
  // The next one: its number is newest() + 1.
  void Add(v1::DossierAct act);

  // Its number; 0: nothing was ever said.
  uint64_t newest() const { return acts_.size(); }
  // By number, from 1.
  const std::vector<v1::DossierAct>& all() const { return acts_; }

  // The act that stands of a dossier; null when nothing was said of it.
  const v1::DossierAct* Standing(absl::string_view dossier) const;
  // The one that stood when `number` was the newest.
  const v1::DossierAct* StandingAt(absl::string_view dossier, uint64_t number) const;
  // The newest act about the dossier that somebody said for itself, by no assignment; null: none.
  const v1::DossierAct* SaidForItself(absl::string_view dossier) const;
  // The newest act about the dossier that is by no assignment: somebody said it for itself, or it
  // is by the dossier's root; null: none.
  const v1::DossierAct* LastWord(absl::string_view dossier) const;
  // Those that stand, in order of number.
  std::vector<const v1::DossierAct*> Standing() const;

  // Of the acts by which the dossier is kept back from somebody since it was last theirs, the
  // first; `act`: one of them.  A name whose last day is over counts as theirs: what ended it is an
  // act.
  const v1::DossierAct& FirstWithout(const v1::DossierAct& act, absl::string_view user) const;

  // Whether it proved to be secret: then nothing of it is anybody's, whatever the table says.
  bool IsSealed(absl::string_view dossier) const;

  bool KeepsBack(absl::string_view dossier, absl::string_view user, Day day) const;
  // Whether any dossier is kept back from them that others may read.
  bool KeepsAnyBack(absl::string_view user, Day day) const;

 private:
  std::vector<v1::DossierAct> acts_;
  std::map<std::string, std::vector<uint64_t>, std::less<>> of_;  // numbers, by dossier
};

// Whether the dossier is somebody's, of whom it is known who opened it.  `acts`: null when nothing
// was ever said in its unit.
bool IsTheirs(const DossierActs* acts, absl::string_view dossier, absl::string_view user,
              absl::string_view opened_by);
// The same where `act` is the one that stands, or stood; null: none.
bool IsTheirsBy(const v1::DossierAct* act, absl::string_view user, absl::string_view opened_by);
// Whether an act leaves the dossier to somebody: it is for everybody, or names them on that day.
// One by which it is sealed leaves it to nobody.
bool Leaves(const v1::DossierAct& act, absl::string_view user, Day day);
// The name an act gives somebody; null: none.
const v1::NamedPerson* NameIn(const v1::DossierAct& act, absl::string_view user);
// Whether by the act the dossier was opened for some alone: before it there was nothing of it to
// see.
bool OpensForSome(const v1::DossierAct& act);
// Whether by the act the dossier is hidden until it begins.
bool Hides(const v1::DossierAct& act);
// Whether a last day in it was over before `day`.
bool IsOver(const v1::NamedPerson& person, Day day);

// The act about its dossier that the author of an admitted change had not heard of; 0: none.
uint64_t UnawareOf(const v1::Admission& admission);
void NoteUnaware(uint64_t number, v1::Admission* admission);

// The newest act of its unit that the author's device had followed when a held change came; 0:
// none.
uint64_t HeardOf(const stored::v1::HeldRow& held);
void NoteHeard(uint64_t number, stored::v1::HeldRow* held);

}  // namespace sotay::sync
