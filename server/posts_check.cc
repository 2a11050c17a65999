#include "server/posts_check.h"

#include "absl/strings/str_cat.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sotay/v1/post.pb.h"

namespace sotay::server {

void PostsCheck::Follow(absl::string_view key, const KeyParts& parts) {
  if (table_ != parts.table || of_ != parts.name) {
    table_ = parts.table;
    of_ = parts.name;
    number_ = 0;
    replaced_.clear();
  }
  if (parts.number != number_ + 1) fault_(key, absl::StrCat("expected number ", number_ + 1));
  number_ = parts.number;
}

void PostsCheck::LookAtPost(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  Follow(key, parts);
  v1::Post post;
  if (!post.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return fault_(key, "cannot be read");
  }
  if (post.user_id() != parts.name || post.number() != parts.number) {
    fault_(key, "holds another post");
  }
  if (post.replaces() == 0) return;
  if (post.replaces() >= post.number() || !replaced_.insert(post.replaces()).second) {
    fault_(key, "replaces what does not stand");
  }
}

void PostsCheck::LookAtTerm(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  Follow(key, parts);
  v1::UnitTerm term;
  if (!term.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return fault_(key, "cannot be read");
  }
  if (term.unit_id() != parts.name || term.number() != parts.number) {
    fault_(key, "holds another term");
  }
}

void PostsCheck::LookAtDossierAct(absl::string_view key, const KeyParts& parts,
                                  absl::string_view value, Store* store) {
  Follow(key, parts);
  v1::DossierAct act;
  if (!act.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return fault_(key, "cannot be read");
  }
  if (act.unit_id() != parts.name || act.number() != parts.number) {
    fault_(key, "holds another act");
  }
  const auto root = sync::RecordId::From(act.dossier_id());
  const auto stored = root.has_value() ? store->LoadRecord(*root) : absl::optional<StoredRecord>();
  const auto secret =
      root.has_value() ? store->Get(SecretKey(*root)) : absl::optional<std::string>();
  if (secret.ok() && secret->has_value()) {
    // It proved to be secret: that act is looked at elsewhere (secrets_check.h).
    if (!stored.ok() || stored->has_value())
      fault_(key, "its dossier was sealed, and is there still");
  } else if (!stored.ok() || !stored->has_value() || (*stored)->unit != act.unit_id()) {
    fault_(key, "its dossier is missing");
  }
}

}  // namespace sotay::server
