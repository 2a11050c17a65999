#include "sync/sign.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "sync/fragment.h"

namespace sotay::sync {

RecordWish WishToSign(const RecordType& type, const MergedRecord& object, const SigningWords& words,
                      ContentHash hash) {
  const Signing& signing = *type.signing;
  RecordWish wish;
  wish.id = words.id;
  wish.type = type.name;
  const auto set = [&wish](uint32_t field, std::string fragment) {
    v1::FieldOp& op = wish.fields.emplace_back().op;
    op.set_field(field);
    op.set_set(std::move(fragment));
  };
  set(signing.object, StringFragment(signing.object, object.id().view()));
  set(signing.version, StringFragment(signing.version, VersionBytes(object.seen())));
  set(signing.content_hash, StringFragment(signing.content_hash, hash(SignedContent(object))));
  if (words.supersedes.has_value()) {
    set(signing.supersedes, StringFragment(signing.supersedes, words.supersedes->view()));
  }
  if (words.read_again) set(signing.read_again, VarintFragment(signing.read_again, 1));
  return wish;
}

std::vector<MergedRecord> SignaturesOf(const RecordId& object, std::vector<MergedRecord> records) {
  std::map<RecordId, absl::optional<RecordId>> follows;
  const auto other = [&](const MergedRecord& record) {
    const auto signature = SignatureOf(record);
    if (!signature.has_value() || signature->object != object) return true;
    follows[record.id()] = signature->supersedes;
    return false;
  };
  records.erase(std::remove_if(records.begin(), records.end(), other), records.end());
  // How many are before it; no longer than there are, whatever they say.
  const auto depth = [&follows](const RecordId& id) {
    size_t before = 0;
    for (auto at = follows.find(id); at != follows.end() && before <= follows.size(); ++before) {
      if (!at->second.has_value()) break;
      at = follows.find(*at->second);
    }
    return before;
  };
  const auto known = [](const MergedRecord& record) {
    return record.Slot(record.type()->signing->revision) != nullptr;
  };
  std::stable_sort(records.begin(), records.end(),
                   [&](const MergedRecord& a, const MergedRecord& b) {
                     const size_t before_a = depth(a.id());
                     const size_t before_b = depth(b.id());
                     return before_a != before_b ? before_a < before_b : known(a) < known(b);
                   });
  return records;
}

bool IsOfWhatItSays(const Signature& signature, const MergedRecord& object, ContentHash hash) {
  return signature.version == object.seen() &&
         signature.content_hash == hash(SignedContent(object));
}

}  // namespace sotay::sync
