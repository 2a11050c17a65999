// The part of a store's check (store_check.h) that is about what proved to be secret: that nothing
// is missing which no act sealed, that nothing is left of what one sealed, and that what is kept
// sealed opens.  One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "server/store.h"

namespace sotay::server {

// What became of a change, as far as it says what may be here of it.
enum class Fate : uint8_t {
  kApplied,
  kAside,
  kClassified,  // set aside, and only its id may be here
};

class SecretsCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  SecretsCheck(Store* store, const Tables& tables, Fault fault);

  // An entry of a log of which the bytes are gone.
  void LookAtEntry(absl::string_view key, const StoredEntry& entry);
  // Whether it is said of a change that was set aside why it has not the bytes its id names.
  bool Explains(const v1::QuarantinedChange& change, uint64_t arrival) const;
  // A push; `fates`: of the device's changes, from its first on.
  void LookAtSeal(absl::string_view key, const stored::v1::SealRow& row,
                  const std::vector<Fate>& fates);
  // A row of sealed content, its key, or a report.
  void LookAtRow(absl::string_view key, const KeyParts& parts, absl::string_view value);
  // After everything was looked at: of each sealed dossier a sentence.
  std::vector<std::string> End();

 private:
  struct Secret {
    const v1::DossierAct* act = nullptr;
    const stored::v1::SecretRow* row = nullptr;
    std::string key;
    std::map<uint64_t, std::string> contents;  // sealed
    uint64_t entries = 0;                      // of its unit's log
  };
  bool IsWithheld(const v1::QuarantinedChange& change) const;
  void LookAtContents(const sync::RecordId& dossier, const Secret& secret);

  Store& store_;
  const Fault fault_;
  std::map<std::string, Secret> secrets_;  // by dossier
  // Of the device whose pushes are looked at: changes of which an earlier one has the bytes, or
  // says by which act it has not.
  std::string device_;
  std::set<uint64_t> accounted_;
};

}  // namespace sotay::server
