// The secrecy gate at birth: what is asked of whoever opens a dossier, and what is never written
// into one that is a stub (sotay/options/v1/secrecy.proto, docs/decisions/0022-secrecy.md).  Asked
// on the phone before anything is stored and on the server before anything else of a change. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/validate.h"

namespace sotay::sync {

// Enum numbers.
struct SecrecyAnswers {
  int32_t yes = 0;
  int32_t no = 0;
};

// What a type asks, and what its stubs may have.
struct Secrecy {
  std::map<uint32_t, SecrecyAnswers> questions;  // by field
  std::set<uint32_t> stub_fields;
  uint32_t alias = 0;

  bool MayStubHave(uint32_t field) const {
    return questions.count(field) != 0 || stub_fields.count(field) != 0;
  }
};

// What `type` declares; null when nothing.  Fails with kInvalidArgument, naming the field, when the
// declaration breaks secrecy.proto.
absl::StatusOr<std::shared_ptr<const Secrecy>> ReadSecrecy(const RecordType& type);

// Whether the record opened its dossier with a yes.
bool IsStub(const MergedRecord& record);
// Whether the edit says yes to a question.
bool AnswersYes(const RecordType& type, const v1::RecordEdit& edit);
// The field a record is called by: its title, or its alias when it is a stub; null: none.
const FieldType* TitleFieldOf(const MergedRecord& record);

// Whether the change is of a stub, or makes one.  `root`: as below.
bool IsOfStub(const Schema& schema, const v1::Change& change, const MergedRecord* root);

// REASON_CLASSIFIED when the change has content for a stub, or would make one of what is no stub.
// `root`: the root of the change's dossier as it is now; null: there is none, or it is not known
// here.  Says nothing else of the change, which may be malformed; the sentence has none of it.
absl::optional<Refusal> CheckGate(const Schema& schema, const v1::Change& change,
                                  const MergedRecord* root);

}  // namespace sotay::sync
