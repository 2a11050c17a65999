// What tests of the core begin with: ids one can read in a failure, the built-in record types,
// and wishes that read like a sentence:
//
//   Note("n1").Says("Vết phanh dài 4,2 m.").Measured("vết phanh", "4,2", "m")
//
// Everything is a pure function of its arguments.  No gtest here: fuzz targets use this too.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "casework/v1/case.pb.h"
#include "casework/v1/note.pb.h"
#include "casework/v1/sign_off.pb.h"
#include "sync/compose.h"
#include "sync/ids.h"
#include "sync/schema.h"
#include "sync/signing.h"

namespace sotay::tests {

// The name itself, padded with dots (and hashed down when it is longer).
sync::DeviceId DeviceNamed(absl::string_view name);
sync::RecordId RecordNamed(absl::string_view name);
sync::ChangeId ChangeNamed(absl::string_view name);

// Stands in for SHA-256: no crypto in the core, and none needed to tell changes apart.
sync::ChangeId PlainHash(absl::string_view change_bytes);

// The same for what a record says when it is signed.
std::string PlainContentHash(absl::string_view signed_content);

// casework.v1, built once.
std::shared_ptr<const sync::Schema> CaseworkSchema();

// A descriptor set as `protoc --descriptor_set_out` writes it.  Ends the program when the file
// cannot be read: then the build is wrong, not the code under test.
google::protobuf::FileDescriptorSet ReadDescriptorSet(const std::string& path);

inline const std::set<sync::Role> kProsecutor = {options::v1::ROLE_PROSECUTOR};
inline const std::set<sync::Role> kSupervisor = {options::v1::ROLE_SUPERVISOR};
inline const std::set<sync::Role> kAdministrator = {options::v1::ROLE_ADMINISTRATOR};

// A wish for one record, built field by field.
class Wish {
 public:
  Wish(absl::string_view record, std::string type);

  // One operation each.  `value` is what the field holds, not its wire form.
  Wish& Set(uint32_t field, absl::string_view value, absl::string_view key = "");
  Wish& SetNumber(uint32_t field, uint64_t value);
  Wish& Clear(uint32_t field, absl::string_view key = "");
  Wish& Add(uint32_t field, absl::string_view value);
  Wish& Remove(uint32_t field, absl::string_view value);
  Wish& Append(uint32_t field, absl::string_view value);
  Wish& Count(uint32_t field, int64_t step, absl::string_view key = "");
  Wish& Text(uint32_t field, std::string whole);
  // An operation as it stands.
  Wish& Op(v1::FieldOp op);

  // Of a note.
  Wish& Says(std::string body) { return Text(casework::v1::Note::kBodyFieldNumber, body); }
  Wish& Measured(absl::string_view what, absl::string_view value, absl::string_view unit);
  Wish& Moves(casework::v1::NoteState state) {
    return SetNumber(casework::v1::Note::kStateFieldNumber, static_cast<uint64_t>(state));
  }

  operator sync::RecordWish() const { return wish_; }  // the last word of the sentence
  const sync::RecordWish& wish() const { return wish_; }

 private:
  v1::FieldOp& Next(uint32_t field, absl::string_view key);

  sync::RecordWish wish_;
};

// A note, empty so far.
Wish Note(absl::string_view name);
// A case with what its birth needs.
Wish NewCase(absl::string_view name, absl::string_view title = "Vụ va chạm tại Km 12+300");
// An edit of a case.
Wish Case(absl::string_view name);

// A leader's word on `object` as it is, by this name; `supersedes` names the one before.
struct SignOffWords {
  std::string supersedes = "";
  casework::v1::SignOffDecision decision = casework::v1::SIGN_OFF_DECISION_SIGN;
  bool read_again = false;
};
sync::RecordWish SignOffOf(const sync::MergedRecord& object, absl::string_view name,
                           const SignOffWords& words, sync::ContentHash hash);

// The operation of an edit with exactly one.
v1::FieldOp OnlyOp(const Wish& wish);

}  // namespace sotay::tests
