#include "sync/freeze.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/apart.h"
#include "sync/view.h"

namespace sotay::sync {
namespace {

Refusal Stale(const MergedRecord& object, absl::string_view why) {
  return Refusal{v1::REASON_SIGNATURE_STALE, absl::StrCat("record ", object.id().Short(), ": ", why,
                                                          "; read it and sign again")};
}

std::string Undecided(const MergedRecord& object) {
  const size_t conflicts = ConflictCount(object);
  if (conflicts == 0 && !RequestsIn(object).empty()) {
    return "somebody asks that it be moved elsewhere, and nobody has decided";
  }
  if (conflicts == 0) return "";
  return absl::StrCat("people disagree about ", conflicts, conflicts == 1 ? " place" : " places",
                      " in it");
}

// A counter whose type nobody knows is no part of what is hashed, and will be once it is known.
bool CountsUnknown(const MergedRecord& object) {
  return std::any_of(object.fields().begin(), object.fields().end(), [&object](const auto& field) {
    return (field.second.rule == options::v1::RULE_COUNTER || field.second.total != 0) &&
           (object.type() == nullptr || object.type()->Field(field.first.first) == nullptr);
  });
}

}  // namespace

bool SaysUnknown(const MergedRecord& object) {
  return object.type() == nullptr ||
         std::any_of(object.fields().begin(), object.fields().end(), [&object](const auto& field) {
           const FieldSlot& slot = field.second;
           return object.type()->Field(field.first.first) == nullptr &&
                  (slot.total != 0 ||
                   std::any_of(slot.readings.begin(), slot.readings.end(),
                               [](const StandingReading& r) { return !r.value.empty(); }));
         });
}

absl::optional<Refusal> CheckSignature(const Signature& signature, const MergedRecord& object,
                                       const StandingSignature* standing, ContentHash hash) {
  if (object.type() != nullptr && object.type()->signing != nullptr) {
    return Refusal{v1::REASON_BAD_VALUE, "a signature is not signed"};
  }
  if (standing != nullptr && signature.supersedes != standing->signature) {
    return Stale(object, absl::StrCat(standing->freezes ? "signed" : "given back", " by ",
                                      standing->user_id, " (position ", standing->position,
                                      "), which the signer had not seen"));
  }
  if (standing == nullptr && signature.supersedes.has_value()) {
    return Stale(object, "the signature it supersedes is not here");
  }
  if (!(signature.version == object.seen())) {
    return Stale(object, "it has changed since the version that was signed");
  }
  if (CountsUnknown(object)) {
    return Refusal{v1::REASON_NEEDS_NEWER,
                   absl::StrCat("record ", object.id().Short(),
                                ": it counts in a field this server does not know")};
  }
  if (hash(SignedContent(object)) != signature.content_hash) {
    return Stale(object, "what it says is not what was signed");
  }
  if (!signature.signs) return absl::nullopt;
  // Whoever signs decides by that about nothing else.
  const std::string disagreements = Undecided(object);
  if (!disagreements.empty()) return Stale(object, disagreements);
  if (HasSentencesToReadAgain(object) && !signature.read_again) {
    return Refusal{v1::REASON_REQUIRED_MISSING,
                   absl::StrCat("record ", object.id().Short(),
                                ": it has sentences to read again, and the signer did not say so")};
  }
  return absl::nullopt;
}

std::string WhyNotToSign(const MergedRecord& object) {
  if (SaysUnknown(object)) return "it has fields this build does not know and cannot show";
  return Undecided(object);
}

bool HasSentencesToReadAgain(const MergedRecord& object) {
  return std::any_of(object.fields().begin(), object.fields().end(), [](const auto& field) {
    return field.second.disputes != nullptr && !field.second.disputes->again.empty();
  });
}

bool Amends(const RecordType& type, const v1::RecordEdit& edit, bool leads) {
  return std::any_of(edit.ops().begin(), edit.ops().end(), [&](const v1::FieldOp& op) {
    const FieldType* const field = type.Field(op.field());
    switch (field != nullptr ? field->rule : options::v1::RULE_UNSPECIFIED) {
      case options::v1::RULE_LOG:
      case options::v1::RULE_LATEST:
        return false;
      case options::v1::RULE_STATE:
        return !leads;
      default:
        return true;
    }
  });
}

Refusal LateAmendment(const RecordId& object, const StandingSignature& standing) {
  return Refusal{
      v1::REASON_LATE_AMENDMENT,
      absl::StrCat("record ", object.Short(), " is signed by ", standing.user_id, " (position ",
                   standing.position, "): a late amendment, for somebody who may decide about it")};
}

Refusal LateAmendmentBefore() {
  return Refusal{
      v1::REASON_LATE_AMENDMENT,
      "a late amendment before the server was restored, as its device says, and so again: "
      "for somebody who may decide about it"};
}

}  // namespace sotay::sync
