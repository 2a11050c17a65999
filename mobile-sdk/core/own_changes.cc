#include "mobile-sdk/core/own_changes.h"

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"

namespace sotay::sdk {

absl::Status EachOwn(const Store& store, const Undone& undone, uint64_t first,
                     const std::function<void(uint64_t sequence, const stored::v1::OwnChange& own,
                                              const v1::Change& change)>& take) {
  absl::Status damage;
  SOTAY_RETURN_IF_ERROR(
      store.EachOwnChange(first, [&](uint64_t sequence, const stored::v1::OwnChange& stored) {
        const auto at = undone.own.find(sequence);
        const stored::v1::OwnChange& own = at != undone.own.end() ? at->second : stored;
        if (IsWithheld(own)) return true;
        v1::Change change;
        if (!change.ParseFromString(own.change())) {
          damage = absl::DataLossError(absl::StrCat("own change ", sequence, " cannot be read"));
          return false;
        }
        take(sequence, own, change);
        return true;
      }));
  return damage;
}

sync::RecordId DossierOf(absl::string_view bytes) {
  return sync::RecordId::From(bytes).value_or(sync::RecordId());
}

}  // namespace sotay::sdk
