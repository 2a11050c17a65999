#include "sync/late.h"

#include "sotay/stored/v1/held_grounds.pb.h"
#include "sotay/stored/v1/own_grounds.pb.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/said_late.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/beside.h"

namespace sotay::sync {
namespace {

bool NotedLate(const stored::v1::OwnChange& own) {
  return ReadBeside<stored::v1::OwnGrounds>(own).late();
}

// As it stands; a build of before noted nothing else.
bool IsToldLate(const stored::v1::OwnChange& own) {
  return own.outcome().reason() == v1::REASON_LATE_AMENDMENT;
}

}  // namespace

void SayLate(const std::set<uint64_t>& late, v1::SyncRequest* request) {
  if (late.empty()) return;
  v1::SaidLate said;
  for (uint64_t sequence : late) said.add_late(sequence);
  request->MergeFromString(said.SerializeAsString());
}

std::set<uint64_t> LateSaid(const v1::SyncRequest& request) {
  const v1::Push& push = request.push();
  std::set<uint64_t> late;
  const auto said = ReadBeside<v1::SaidLate>(request);
  for (uint64_t sequence : said.late()) {
    if (sequence < push.first_sequence()) continue;
    if (sequence - push.first_sequence() < push.count()) late.insert(sequence);
  }
  return late;
}

void NoteToldLate(const v1::ChangeOutcome& outcome, stored::v1::OwnChange* own) {
  if (outcome.reason() != v1::REASON_LATE_AMENDMENT && !IsToldLate(*own)) return;
  if (NotedLate(*own)) return;
  stored::v1::OwnGrounds grounds;
  grounds.set_late(true);
  own->MergeFromString(grounds.SerializeAsString());
}

bool WasToldLate(const stored::v1::OwnChange& own) { return NotedLate(own) || IsToldLate(own); }

void NoteSaidLate(bool late, stored::v1::HeldRow* held) {
  if (!late) return;
  stored::v1::HeldGrounds grounds;
  grounds.set_late(true);
  held->MergeFromString(grounds.SerializeAsString());
}

bool WasSaidLate(const stored::v1::HeldRow& held) {
  return ReadBeside<stored::v1::HeldGrounds>(held).late();
}

}  // namespace sotay::sync
