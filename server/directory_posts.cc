// The dated half of the directory: posts, terms of units, and what they make of everybody today;
// and who sees which dossier.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/directory.h"

namespace sotay::server {
namespace {

// Where the day's share of names_revision begins; no office sees so many acts.
constexpr int kTurnsShift = 40;
// Which form of names it counts for, raised when NamesFor says more: then every phone hears it
// once.
constexpr uint64_t kNamesForm = uint64_t{1} << 60;
// A call may have looked at the clock before midnight and come here after it.
constexpr int64_t kLateMs = 10 * 60 * 1000;

}  // namespace

void Directory::TurnTo(int64_t now_ms) {
  const sync::Day day = sync::DayOf(now_ms);
  {
    absl::ReaderMutexLock lock(&mutex_);
    if (day_ == day) return;
  }
  absl::MutexLock lock(&mutex_);
  if (day_ == day || (day < day_ && turned_ms_ - now_ms < kLateMs)) return;
  day_ = day;
  turned_ms_ = now_ms;
  ReckonAll();
  CountTurns();
}

std::vector<v1::Post> Directory::StandingPosts(absl::string_view user) const {
  const auto rows = posts_.find(std::string_view(user.data(), user.size()));
  if (rows == posts_.end()) return {};
  std::set<uint64_t> replaced;
  for (const v1::Post& post : rows->second) replaced.insert(post.replaces());
  std::vector<v1::Post> standing;
  std::copy_if(rows->second.begin(), rows->second.end(), std::back_inserter(standing),
               [&](const v1::Post& post) { return replaced.count(post.number()) == 0; });
  return standing;
}

void Directory::Reckon(v1::User user) {
  const std::string id = user.user_id();
  people_[id] = std::make_shared<const Person>(
      PersonOn(day_, std::move(user), StandingPosts(id), standings_, rules_.matrix));
}

void Directory::ReckonAll() {
  standings_.clear();
  for (const auto& [id, unit] : units_) standings_[id] = organisation_.StandingOf(id, day_);
  std::vector<v1::User> users;
  for (const auto& [id, person] : people_) users.push_back(person->user);
  for (v1::User& user : users) Reckon(std::move(user));
}

void Directory::TakePosts(const Tables& committed) {
  for (const v1::Unit& unit : committed.units) {
    organisation_.PutUnit(unit.unit_id(), unit.parent_id());
  }
  for (const v1::UnitTerm& term : committed.terms) {
    // Rows come in order of their numbers; the newest stands.
    terms_[term.unit_id()] = term;
    organisation_.PutTerm(term.unit_id(), term.valid_from(), term.valid_to(),
                          {term.successor_ids().begin(), term.successor_ids().end()});
  }
  std::set<std::string> concerned;
  for (const v1::Post& post : committed.posts) {
    posts_[post.user_id()].push_back(post);
    concerned.insert(post.user_id());
  }
  if (!committed.posts.empty()) CountTurns();
  const bool everybody = !committed.units.empty() || !committed.terms.empty();
  for (const v1::User& user : committed.users) {
    concerned.erase(user.user_id());
    if (everybody) {
      auto known = std::make_shared<Person>();
      known->user = user;
      people_[user.user_id()] = std::move(known);
    } else {
      Reckon(user);
    }
  }
  if (everybody) return ReckonAll();
  for (const std::string& id : concerned) {
    const auto person = people_.find(id);
    if (person != people_.end()) Reckon(v1::User(person->second->user));
  }
}

void Directory::CountTurns() {
  turns_ = 0;
  for (const auto& [user, rows] : posts_) {
    for (const v1::Post& post : StandingPosts(user)) {
      turns_ += post.valid_from() <= day_ ? 1 : 0;
      turns_ += post.valid_to() != 0 && post.valid_to() < day_ ? 1 : 0;
    }
  }
}

uint64_t Directory::names_revision() const {
  absl::ReaderMutexLock lock(&mutex_);
  return kNamesForm + meta_.directory_revision() + (turns_ << kTurnsShift);
}

std::vector<v1::Post> Directory::Posts(absl::string_view user, absl::string_view unit,
                                       bool history) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<v1::Post> posts;
  for (const auto& [id, rows] : posts_) {
    if (!user.empty() && user != id) continue;
    for (const v1::Post& post : history ? rows : StandingPosts(id)) {
      if (unit.empty() || unit == post.unit_id()) posts.push_back(post);
    }
  }
  return posts;
}

std::vector<v1::UnitTerm> Directory::Terms() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<v1::UnitTerm> terms;
  for (const auto& [unit, term] : terms_) terms.push_back(term);
  return terms;
}

bool Directory::LeadsBack(const std::string& unit,
                          const std::vector<std::string>& successors) const {
  absl::ReaderMutexLock lock(&mutex_);
  return organisation_.LeadsBack(unit, successors);
}

absl::Status Directory::NoteOpenings(const std::vector<v1::DossierAct>& acts) {
  absl::MutexLock lock(&mutex_);
  std::map<std::string, uint64_t> newest;
  for (const v1::DossierAct& act : acts) {
    const auto known = dossiers_.find(act.unit_id());
    uint64_t& last =
        newest.try_emplace(act.unit_id(), known == dossiers_.end() ? 0 : known->second->newest())
            .first->second;
    if (act.number() != ++last) {
      return absl::DataLossError(absl::StrCat("an act about dossiers of ", act.unit_id(),
                                              " would be number ", act.number(), ", where ", last,
                                              " is next"));
    }
  }
  for (const v1::DossierAct& act : acts) {
    if (sync::OpensForSome(act) || sync::Hides(act)) opening_[act.dossier_id()] = act;
  }
  return absl::OkStatus();
}

absl::Status Directory::TakeDossierActs(const Tables& committed) {
  for (const stored::v1::SecretRow& row : committed.secrets) {
    secrets_[row.dossier_id()] = std::make_shared<const stored::v1::SecretRow>(row);
    std::vector<sync::RecordId> records;
    for (const std::string& record : row.record_ids()) {
      secret_with_.try_emplace(record, row.dossier_id());
      if (const auto id = sync::RecordId::From(record)) records.push_back(*id);
    }
    AddSealed(records);
    const auto dossier = sync::RecordId::From(row.dossier_id());
    for (const std::string& writer : row.writers()) {
      const auto device = sync::DeviceId::From(writer);
      if (dossier.has_value() && device.has_value()) writers_[*device][*dossier] = row.unit_id();
    }
  }
  std::map<std::string, std::shared_ptr<sync::DossierActs>> changed;
  for (const v1::DossierAct& act : committed.dossier_acts) {
    auto& acts = changed[act.unit_id()];
    if (acts == nullptr) {
      const auto known = dossiers_.find(act.unit_id());
      acts = known == dossiers_.end() ? std::make_shared<sync::DossierActs>()
                                      : std::make_shared<sync::DossierActs>(*known->second);
    }
    if (act.number() <= acts->newest()) {
      return absl::DataLossError(absl::StrCat("act ", act.number(), " about dossiers of ",
                                              act.unit_id(), " is there already"));
    }
    opening_.erase(act.dossier_id());
    acts->Add(act);
    const auto dossier = sync::RecordId::From(act.dossier_id());
    if (!act.has_sealed() || !dossier.has_value()) continue;
    AddSealed({*dossier});
  }
  // Whoever reads by those from before goes on with them.
  for (auto& [unit, acts] : changed) dossiers_[unit] = std::move(acts);
  return absl::OkStatus();
}

bool Directory::KeepsBack(absl::string_view unit, absl::string_view dossier,
                          absl::string_view user) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto opening = opening_.find(std::string_view(dossier.data(), dossier.size()));
  if (opening != opening_.end()) return !sync::Leaves(opening->second, user, day_);
  const auto acts = dossiers_.find(std::string_view(unit.data(), unit.size()));
  return acts != dossiers_.end() && acts->second->KeepsBack(dossier, user, day_);
}

bool Directory::StandsAsItIs(absl::string_view unit, const sync::DossierActs* acts) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = dossiers_.find(std::string_view(unit.data(), unit.size()));
  return opening_.empty() && (at == dossiers_.end() ? nullptr : at->second.get()) == acts;
}

void Directory::AddSealed(const std::vector<sync::RecordId>& ids) {
  if (ids.empty()) return;
  auto sealed = sealed_ == nullptr ? std::make_shared<std::set<sync::RecordId>>()
                                   : std::make_shared<std::set<sync::RecordId>>(*sealed_);
  sealed->insert(ids.begin(), ids.end());
  sealed_ = std::move(sealed);
}

std::shared_ptr<const std::set<sync::RecordId>> Directory::Sealed() const {
  absl::ReaderMutexLock lock(&mutex_);
  return sealed_;
}

Directory::SecretToJudge Directory::SecretAt(std::string_view dossier) const {
  auto at = secrets_.lower_bound(dossier);
  if (at != secrets_.end() && at->first == dossier) return {at->second, at->second};
  if (at == secrets_.end()) at = secrets_.begin();  // behind the last one comes the first
  return {nullptr, at == secrets_.end() ? nullptr : at->second};
}

Directory::SecretToJudge Directory::SecretToJudgeOf(absl::string_view dossier) const {
  absl::ReaderMutexLock lock(&mutex_);
  return SecretAt(std::string_view(dossier.data(), dossier.size()));
}

Directory::SecretToJudge Directory::SecretToJudgeWith(absl::string_view record) const {
  absl::ReaderMutexLock lock(&mutex_);
  const std::string_view id(record.data(), record.size());
  const auto in = secret_with_.find(id);
  const SecretToJudge of_root = SecretAt(id);
  const SecretToJudge of_record = SecretAt(in == secret_with_.end() ? id : in->second);
  return of_root.asked != nullptr ? of_root : of_record;
}

Directory::Secret Directory::SecretOf(absl::string_view dossier) const {
  return SecretToJudgeOf(dossier).asked;
}

std::vector<Directory::Secret> Directory::Secrets() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Secret> rows;
  for (const auto& [dossier, row] : secrets_) rows.push_back(row);
  return rows;
}

std::vector<std::pair<sync::RecordId, std::string>> Directory::SealedWrittenBy(
    const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto of = writers_.find(device);
  if (of == writers_.end()) return {};
  return {of->second.begin(), of->second.end()};
}

std::shared_ptr<const sync::DossierActs> Directory::DossiersOf(absl::string_view unit) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto acts = dossiers_.find(std::string_view(unit.data(), unit.size()));
  return acts == dossiers_.end() ? nullptr : acts->second;
}

std::vector<std::string> Directory::UnitsWithDossierActs() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::string> units;
  for (const auto& [unit, acts] : dossiers_) units.push_back(unit);
  return units;
}

sync::Day Directory::today() const {
  absl::ReaderMutexLock lock(&mutex_);
  return day_;
}

}  // namespace sotay::server
