// What a signature (signing.h) is up against when it arrives, and what is up against it while it
// stands.  Asked by the judge of changes (decision.h), of the object as it is then: a signature is
// an act in the office, and who did not know of it must not change what was signed.  By a store's
// check and by whoever verifies a log, too.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/signing.h"
#include "sync/validate.h"

namespace sotay::sync {

// The newest signature of an object that took effect.
struct StandingSignature {
  RecordId signature;
  uint64_t position = 0;  // its place in the unit's log
  std::string user_id;    // who signed
  bool freezes = false;   // otherwise it gave back
};

// Why `signature` takes no effect on `object` as it is, of which `standing` is the signature so far
// (null: none): SIGNATURE_STALE when the signer had something else before them, or people disagree
// about what is to be signed; REQUIRED_MISSING when they did not read again what nobody ever read
// as it stands; BAD_VALUE for a signature of a signature.
absl::optional<Refusal> CheckSignature(const Signature& signature, const MergedRecord& object,
                                       const StandingSignature* standing, ContentHash hash);

// What keeps the record as it is shown from being signed, whoever asks: people disagree about
// fields of it, or it has fields this build does not know and cannot show.  Empty: nothing.
std::string WhyNotToSign(const MergedRecord& object);

// Whether it says something in a field no schema here knows; what was cleared says nothing.
bool SaysUnknown(const MergedRecord& object);

// Whether it has sentences nobody ever read as they stand.
bool HasSentencesToReadAgain(const MergedRecord& object);

// Whether an edit changes what the record says, as a signature freezes it: it writes any field but
// a LOG or one that is LATEST.  Steps of a state by somebody who `leads`, who might sign the
// record themselves, are acts of the office beside the words, and change none of them.
bool Amends(const RecordType& type, const v1::RecordEdit& edit, bool leads);

// LATE_AMENDMENT, of a change to the signed record `object`.
Refusal LateAmendment(const RecordId& object, const StandingSignature& standing);
// LATE_AMENDMENT, of a change whose device says that it was refused so before (late.h).
Refusal LateAmendmentBefore();

}  // namespace sotay::sync
