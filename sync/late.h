// What a device says of a late amendment (freeze.h) it offers to a server that was restored.  What
// a signature freezes is asked of the object as it is, so what was refused for a signature would be
// let in by a server that has not got that back yet, and the signature would be stale when it
// comes.  But the device knows that it was refused, and says so; then it is a late amendment again,
// whoever comes first (docs/decisions/0021).  Whoever says so falsely has their own change set
// aside.  Pure; any thread.
#pragma once

#include <cstdint>
#include <set>

namespace sotay::v1 {
class ChangeOutcome;
class SyncRequest;
}  // namespace sotay::v1
namespace sotay::stored::v1 {
class HeldRow;
class OwnChange;
}  // namespace sotay::stored::v1

namespace sotay::sync {

// Of pushed changes, by sequence; of others nothing is said.
void SayLate(const std::set<uint64_t>& late, v1::SyncRequest* request);
std::set<uint64_t> LateSaid(const v1::SyncRequest& request);

// What the device is told of an own change, kept whatever it is told later.  Before that becomes
// its outcome: the one it had may be of a build that noted nothing.
void NoteToldLate(const v1::ChangeOutcome& outcome, stored::v1::OwnChange* own);
bool WasToldLate(const stored::v1::OwnChange& own);

// What the server was told of a change that is held.
void NoteSaidLate(bool late, stored::v1::HeldRow* held);
bool WasSaidLate(const stored::v1::HeldRow& held);

}  // namespace sotay::sync
