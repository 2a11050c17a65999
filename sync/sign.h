// What a person asks for who signs a record or gives it back: the wish (compose.h) for a signature
// of that record as it is shown to them, own unsent changes included, as these go before it.  Pure;
// any thread.
#pragma once

#include <vector>

#include "absl/types/optional.h"
#include "sync/compose.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/signing.h"

namespace sotay::sync {

struct SigningWords {
  RecordId id;  // of the signature, new
  bool read_again = false;
  absl::optional<RecordId> supersedes;  // the signature of the object that stands; nothing: none
};

// `type` signs.  The decision, and fields of the type's own, are for the caller to add.
RecordWish WishToSign(const RecordType& type, const MergedRecord& object, const SigningWords& words,
                      ContentHash hash);

// Those of `records` that are signatures of `object`, each behind the one it follows.  Where two
// follow one, as when an unsent one is about to be refused, the one the server knows stands behind;
// so the last is the one that stands.
std::vector<MergedRecord> SignaturesOf(const RecordId& object, std::vector<MergedRecord> records);

// Whether the signature is of the record as it is now; otherwise it is of an earlier revision, even
// where what is in force says the same.
bool IsOfWhatItSays(const Signature& signature, const MergedRecord& object, ContentHash hash);

}  // namespace sotay::sync
