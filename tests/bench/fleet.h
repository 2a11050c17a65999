// Phones by the hundred: enrols them in one unit, lets them write, and knows afterwards what must
// be on the server.  Works against any server an administrator's credentials open.
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/ids.h"
#include "sync/schema.h"
#include "tests/bench/delivery.h"
#include "tests/bench/office.h"
#include "tests/bench/phone.h"
#include "tests/bench/prose.h"

namespace sotay::bench {

// How much each phone of a round writes and how it is packed.
struct Round {
  size_t notes = 50;       // a phone
  size_t push_notes = 50;  // at most, a push
  size_t note_bytes = 600;
};

// What of the written notes the server has.
struct ReadBack {
  size_t expected = 0;
  size_t found = 0;  // with the words they were written with
  // Serialised content and the ids of record and dossier, by record: what of a record nobody
  // could leave out.
  std::map<sync::RecordId, size_t> content_bytes;
};

class Fleet {
 public:
  // Creates a unit of its own and `phones` prosecutors in it, enrols a phone for each, connects
  // them and lets each open a dossier.  `parent`: a unit that is there, to put it under; empty:
  // none.  `office` and `prose` outlive it.
  static absl::StatusOr<std::unique_ptr<Fleet>> Enrol(Office* office, Prose* prose, size_t phones,
                                                      const std::string& parent = "");

  // Every phone writes and packs a round.  Nothing is sent.
  absl::StatusOr<std::vector<Delivery>> Write(const Round& round);

  // Reads the whole feed through one of the phones and compares it with everything the fleet has
  // ever written; so send all of it before.  Waits for a server that is being restarted.
  absl::StatusOr<ReadBack> Check();

  const std::string& unit_id() const { return unit_id_; }
  Phone& phone(size_t index) { return *phones_[index]; }
  size_t size() const { return phones_.size(); }

 private:
  Fleet(Prose* prose, std::shared_ptr<const sync::Schema> schema, std::string unit_id)
      : prose_(*prose), schema_(std::move(schema)), unit_id_(std::move(unit_id)) {}

  Prose& prose_;
  const std::shared_ptr<const sync::Schema> schema_;
  const std::string unit_id_;
  std::vector<std::unique_ptr<Phone>> phones_;
  std::map<sync::RecordId, size_t> written_;  // record → hash of its words
};

}  // namespace sotay::bench
