// Signatures: records that say of another one, the object, that somebody has read it as it stands,
// and signs it or gives it back (sotay/options/v1/signing.proto).  What they are; when one takes
// effect and what it freezes is freeze.h.  Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/version_vector.h"

namespace sotay::sync {

// Which fields of a type say what, by number; see signing.proto.
struct Signing {
  uint32_t object = 0;
  uint32_t version = 0;
  uint32_t content_hash = 0;
  uint32_t decision = 0;
  uint32_t supersedes = 0;
  uint32_t read_again = 0;
  uint32_t revision = 0;
  std::set<int32_t> signs;       // values of `decision`
  std::set<std::string> covers;  // types, by full name
};

// What `type` declares; null when nothing.  Fails with kInvalidArgument, naming the field, when the
// declaration breaks signing.proto.
absl::StatusOr<std::shared_ptr<const Signing>> ReadSigning(const RecordType& type);

// What a signature says.
struct Signature {
  RecordId object;
  VersionVector version;
  std::string content_hash;  // 32 bytes
  bool signs = false;        // otherwise it gives back
  absl::optional<RecordId> supersedes;
  bool read_again = false;
};

// What the edit that makes a signature says; nothing when it is not well formed, or `type` does not
// sign.
absl::optional<Signature> SignatureIn(const RecordType& type, const v1::RecordEdit& edit);
// The same of the record it made.
absl::optional<Signature> SignatureOf(const MergedRecord& record);

// A version vector as a signature has it: 24 bytes a device.  Nothing unless they are just as
// VersionBytes would write them.
std::string VersionBytes(const VersionVector& version);
absl::optional<VersionVector> VersionFrom(absl::string_view bytes);

// The bytes whose hash a signature of this record names: which record it is, and what it says.
// Without stamps, authors and readings that are not in force: who wrote what says the version.  And
// without what the server assigns: a document is signed before it has its number.
std::string SignedContent(const MergedRecord& object);
// Their hash (seal::HashContent), handed in where a decision needs it: there is no crypto here.
using ContentHash = std::string (*)(absl::string_view signed_content);

// The records an edit puts its record under: what it writes into fields that are parents.
std::vector<RecordId> PutUnder(const RecordType& type, const v1::RecordEdit& edit);

}  // namespace sotay::sync
