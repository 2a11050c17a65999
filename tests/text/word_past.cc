#include "tests/text/word_past.h"

#include <algorithm>
#include <cstdio>

#include "sync/text.h"

namespace sotay::tests {
namespace {

using laws::Chance;

NaiveSplice MakeSplice(size_t length, bool first, Vocabulary vocabulary, Chance* chance) {
  static const auto* const kFew =
      new std::vector<std::u32string>{U"a", U"b", U"4", U"5", U",", U"a", U"4", U" "};
  static const auto* const kMany = new std::vector<std::u32string>{
      U"ab", U"c", U" ",  U". ", U"4,5",     U"7",  U",",      U" xy ",
      U"a",  U"-", U"đỏ", U".",  U"ab cd. ", U"\n", U"\u0301", U"🇻🇳"};
  NaiveSplice splice;
  splice.position = static_cast<uint32_t>(chance->Below(length + 1));
  if (chance->Below(4) != 0) {
    splice.deleted = static_cast<uint32_t>(std::min(chance->Below(5), length - splice.position));
  }
  if (chance->Below(8) == 0) {
    splice.position = 0;
    splice.deleted = static_cast<uint32_t>(length);
  }
  const size_t words = first ? 3 : chance->Below(4);
  for (size_t i = 0; i < words; ++i)
    splice.inserted += chance->Pick(vocabulary == Vocabulary::kFew ? *kFew : *kMany);
  return splice;
}

}  // namespace

WordPast MakeWordPast(Chance* chance, size_t edits_max, Vocabulary vocabulary, Company company) {
  WordPast past;
  const size_t devices = 2 + chance->Below(3);
  const size_t edits = 2 + chance->Below(edits_max - 1);
  std::vector<std::set<size_t>> known(devices);
  for (size_t i = 0; i < edits; ++i) {
    const size_t device = i == 0 ? 0 : chance->Below(devices);
    std::set<size_t>& seen = known[device];
    if (company == Company::kTogether && chance->Below(3) != 0) {
      for (size_t other = 0; other < i; ++other) seen.insert(other);
    } else if (i > 0 && chance->Below(3) == 0) {
      const std::set<size_t>& others = known[chance->Below(devices)];
      seen.insert(others.begin(), others.end());
    }
    if (i == 1 || (i > 0 && seen.empty() && chance->Below(2) == 0)) seen.insert(0);
    MergeEdit edit;
    edit.device = std::string(1, static_cast<char>('A' + device)) + std::string(15, 'd');
    char id[33];
    std::snprintf(id, sizeof(id), "%08x%024zu", static_cast<unsigned>(chance->Next()), i);
    edit.id = id;
    edit.seen = seen;
    size_t length = NaiveMerge(past.edits).At(seen).text.size();
    v1::TextEdit travels;
    travels.set_length_before(static_cast<uint32_t>(length));
    for (size_t splices = 1 + chance->Below(2); splices > 0; --splices) {
      const NaiveSplice splice = MakeSplice(length, i == 0, vocabulary, chance);
      length = length - splice.deleted + splice.inserted.size();
      v1::TextSplice* out = travels.add_splices();
      out->set_position(splice.position);
      out->set_deleted(splice.deleted);
      out->set_inserted(Utf8Of(splice.inserted));
      edit.splices.push_back(splice);
    }
    past.edits.push_back(std::move(edit));
    past.splices.push_back(std::move(travels));
    seen.insert(i);
  }
  return past;
}

std::vector<size_t> CausalOrder(const std::vector<MergeEdit>& edits, Chance* chance) {
  std::vector<size_t> order;
  std::set<size_t> done;
  while (order.size() < edits.size()) {
    std::vector<size_t> ready;
    for (size_t i = 0; i < edits.size(); ++i) {
      if (done.count(i) == 0 &&
          std::includes(done.begin(), done.end(), edits[i].seen.begin(), edits[i].seen.end())) {
        ready.push_back(i);
      }
    }
    order.push_back(chance->Pick(ready));
    done.insert(order.back());
  }
  return order;
}

std::string Utf8Of(const std::u32string& scalars) {
  std::string utf8;
  for (char32_t scalar : scalars) sync::AppendScalar(scalar, &utf8);
  return utf8;
}

}  // namespace sotay::tests
