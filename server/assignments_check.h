// The part of a store's check (store_check.h) that is about assignments: what an act says of whom a
// dossier is assigned to is what follows from the dossier's assignments, in the order of its unit's
// log (sync/assignments.h); an act by an assignment is by one of its dossier that decides, and
// names the people who follow from the act before it (sync/assignment_acts.h); and an act that
// hides a dossier until it begins, or opens it then, is by its root (sync/hidden_dossiers.h).
// Entries and acts come in the order of their units and numbers.  One thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/store.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sync/assignments.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::server {

class AssignmentsCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  // What it is given outlives it.
  AssignmentsCheck(const sync::Schema& schema, Store* store, Fault fault)
      : schema_(schema), store_(*store), fault_(std::move(fault)) {}

  void LookAtEntry(const v1::Change& change, const v1::Admission& admission);
  void LookAtAct(absl::string_view value);
  // After the last of them.
  void End();

 private:
  struct Dossier {
    std::string opened_by;
    std::vector<sync::RecordId> assignments;
    std::vector<v1::DossierAct> acts;
  };
  void LookAtDossier(const sync::RecordId& root, const Dossier& dossier);
  // What the dossier's acts by assignments say of who sees it; `deciding`: those that decide.
  void LookAtActs(const sync::RecordId& root, const Dossier& dossier,
                  const std::set<std::string>& deciding);

  // What was said before an act that hides its dossier until it begins, or opens it then.
  struct Before {
    v1::DossierAct stands;
    sync::Assigned assigned;
    bool ever_hidden = false;
    bool word_hides = false;  // what was said last for itself, or by the root (LastWord)
  };
  void LookAtTurn(const v1::DossierAct& act, const Before& before);

  const sync::Schema& schema_;
  Store& store_;
  const Fault fault_;
  std::map<std::string, Dossier> dossiers_;  // by root
};

}  // namespace sotay::server
