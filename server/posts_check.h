// The part of a store's check (store_check.h) that is about posts, terms of units and acts about
// dossiers: the rows of each user and unit are numbered without gap, each is where it says it
// belongs, a post that another replaces is replaced once, and an act is about a dossier that is
// there.  Rows come in order of their keys.  One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "server/store.h"

namespace sotay::server {

class PostsCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  explicit PostsCheck(Fault fault) : fault_(std::move(fault)) {}

  void LookAtPost(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtTerm(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtDossierAct(absl::string_view key, const KeyParts& parts, absl::string_view value,
                        Store* store);

 private:
  // Whether the row is the next of its user or unit.
  void Follow(absl::string_view key, const KeyParts& parts);

  const Fault fault_;
  Table table_ = Table::kMeta;   // of the row before, …
  std::string of_;               // … whose it was, …
  uint64_t number_ = 0;          // … and its number
  std::set<uint64_t> replaced_;  // rows of that user
};

}  // namespace sotay::server
