// The notebook's signing hand: signatures are records like any other, made of what was read.
#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/edits.h"
#include "mobile-sdk/core/lease.h"
#include "mobile-sdk/core/notebook_impl.h"
#include "sync/fragment.h"
#include "sync/freeze.h"
#include "sync/seal/digest.h"
#include "sync/sign.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;

// Whether the edits say that it is signed, and not given back.
bool Signs(const sync::Signing& signing, const sync::RecordWish& wish) {
  return std::any_of(wish.fields.begin(), wish.fields.end(), [&](const sync::FieldEdit& field) {
    return field.op.field() == signing.decision &&
           signing.signs.count(static_cast<int32_t>(sync::VarintOf(field.op.set()).value_or(0))) !=
               0;
  });
}

}  // namespace

// In this life of the server: it has sent it, or will be sent it.  What it set aside counts only if
// it takes it after all.
absl::StatusOr<bool> Notebook::Impl::Counts(const RecordView& signature) {
  if (signature.state == SyncState::kRefused) return false;
  absl::ReaderMutexLock lock(&desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(const bool ended, desk.store->IsEnded(signature.record.id()));
  if (!ended) return true;
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk.store->Progress());
  return signature.newest_own > progress.accepted_through();
}

absl::StatusOr<std::vector<RecordView>> Notebook::Signatures(const RecordId& id,
                                                             std::vector<RecordView>* apart) const {
  SOTAY_ASSIGN_OR_RETURN(const RecordView object, Read(id));
  // Of its author's alone there are no others' signatures.
  bool here_alone = false;
  {
    absl::ReaderMutexLock lock(&impl_->desk.mutex);
    SOTAY_ASSIGN_OR_RETURN(const auto base, impl_->desk.store->Base(id));
    here_alone = !base.has_value();
  }
  std::map<RecordId, RecordView> views;
  std::vector<sync::MergedRecord> records;
  for (const auto& [name, type] : schema().types()) {
    if (type.signing == nullptr) continue;
    ListFilter filter;
    filter.type = name;
    filter.dossier = object.record.dossier();
    filter.here_alone = here_alone;
    SOTAY_ASSIGN_OR_RETURN(const std::vector<RecordLine> lines, List(filter));
    for (const RecordLine& line : lines) {
      absl::StatusOr<RecordView> view = Read(line.id);
      if (absl::IsNotFound(view.status())) continue;  // it left meanwhile
      SOTAY_RETURN_IF_ERROR(view.status());
      const auto signature = sync::SignatureOf(view->record);
      if (!signature.has_value() || signature->object != id) continue;
      SOTAY_ASSIGN_OR_RETURN(const bool counts, impl_->Counts(*view));
      if (!counts) {
        if (apart != nullptr) apart->push_back(*std::move(view));
        continue;
      }
      records.push_back(view->record);
      views.emplace(line.id, *std::move(view));
    }
  }
  std::vector<RecordView> signatures;
  for (const sync::MergedRecord& record : sync::SignaturesOf(id, std::move(records))) {
    signatures.push_back(std::move(views.at(record.id())));
  }
  return signatures;
}

absl::StatusOr<RecordId> Notebook::Sign(const RecordView& seen,
                                        const absl::optional<RecordId>& standing,
                                        const std::string& type_name,
                                        const std::vector<Edit>& edits, bool read_again) {
  const sync::RecordType* const type = schema().Find(type_name);
  if (type == nullptr || type->signing == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("records of type ", type_name, " sign nothing"));
  }
  const sync::MergedRecord& object = seen.record;
  sync::RecordWish own;
  for (const Edit& edit : edits) {
    SOTAY_ASSIGN_OR_RETURN(sync::FieldEdit read, ReadEdit(schema(), *type, edit));
    own.fields.push_back(std::move(read));
  }
  if (sync::SaysUnknown(object) || Signs(*type->signing, own)) {
    const std::string why_not = sync::WhyNotToSign(object);
    if (!why_not.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("record ", object.id().Short(), " cannot be signed: ", why_not));
    }
    if (sync::HasSentencesToReadAgain(object) && !read_again) {
      return absl::FailedPreconditionError(absl::StrCat(
          "record ", object.id().Short(),
          " has sentences nobody ever read as they stand; read them, and say that you did"));
    }
  }
  if (Signs(*type->signing, own)) SOTAY_RETURN_IF_ERROR(impl_->CheckFilesSent(object));
  std::array<char, RecordId::kSize> chance = {};
  impl_->desk.random_bytes(chance.data(), chance.size());
  sync::SigningWords words;
  words.id = RecordId(chance);
  words.read_again = read_again;
  words.supersedes = standing;
  sync::RecordWish wish = sync::WishToSign(*type, object, words, seal::HashContent);
  std::move(own.fields.begin(), own.fields.end(), std::back_inserter(wish.fields));
  std::vector<Event> events;
  {
    absl::MutexLock lock(&impl_->desk.mutex);
    SOTAY_ASSIGN_OR_RETURN(
        events, impl_->Write(std::move(wish), {nullptr, object.unit_id(), object.dossier()}, ""));
  }
  impl_->Told(std::move(events));
  return words.id;
}

}  // namespace sotay::sdk
