// The merge of words: what several people typed, in two orders of arrival, as a whole and in eras.
// Whatever they did, all show the same at every version, every place has an author, and conflicts
// have readings.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sync/text.h"
#include "sync/text_history.h"
#include "sync/text_merge.h"
#include "sync/text_splices.h"
#include "sync/text_words.h"
#include "tests/fuzz/require.h"

namespace {

using namespace sotay;
using fuzz::Require;

constexpr size_t kEditsMax = 12;
constexpr size_t kDevices = 4;

struct Bytes {
  uint8_t Next() { return at < end ? *at++ : 0; }
  const uint8_t* at;
  const uint8_t* end;
};

sync::DeviceId DeviceOf(size_t device) {
  return *sync::DeviceId::From(std::string(16, static_cast<char>('A' + device)));
}

struct Typed {
  size_t device = 0;
  size_t sequence = 0;
  sync::ChangeId change;
  sync::VersionVector seen;
  v1::TextEdit edit;
};

std::string Words(Bytes* bytes) {
  static constexpr const char* kWords[] = {"ab", "4,5", " ",      ". ", "đỏ", "7",  ",", "\n",
                                           "c",  "-",   "\u0301", ".",  "x ", "1/", "🇻", "\u200D"};
  std::string words;
  for (int count = bytes->Next() % 5; count > 0; --count) words += kWords[bytes->Next() % 16];
  return words;
}

template <typename Merge>
void Add(const Typed& typed, Merge* merge) {
  const auto splices = sync::TextSplices::Read({&typed.edit});
  fuzz::RequireOk(splices.status(), "an edit is text");
  fuzz::RequireOk(merge->Add(typed.sequence, typed.change, DeviceOf(typed.device), typed.sequence,
                             typed.seen, *splices),
                  "an edit of what its author saw fits");
}

template <typename Merge>
std::string Told(const sync::VersionVector& version, Merge* merge) {
  const sync::TextMerged merged = merge->At(version);
  std::u32string text;
  Require(sync::DecodeUtf8(merged.text, &text), "what is shown is text");
  size_t spans = 0;
  for (char32_t scalar : text) spans += scalar == sync::kSpanScalar ? 1 : 0;
  Require(spans == merged.spans.size(), "a conflict has one place");
  std::string told = merged.text;
  for (const auto& span : merged.spans) {
    Require(span.size() >= 2, "a conflict has two sides");
    for (const sync::TextReading& reading : span) absl::StrAppend(&told, "|", reading.text);
  }
  for (const sync::TextAgain& again : merged.again) {
    absl::StrAppend(&told, "~", again.position, "+", again.length, "/", again.edits.size());
  }
  uint32_t covered = 0;
  for (const sync::TextBlame& run : merge->BlameAt(version)) {
    Require(run.position == covered && run.length > 0, "every character has one author");
    covered += run.length;
    absl::StrAppend(&told, " ", run.edit);
  }
  Require(covered == text.size(), "and none is without");
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes = {data, data + size};
  std::vector<Typed> past;
  std::vector<sync::VersionVector> known(kDevices);
  std::vector<sync::VersionVector> versions;
  sync::TextMerge first;
  sync::TextHistory eras(1);  // as short as they get
  while (past.size() < kEditsMax && bytes.at < bytes.end) {
    Typed typed;
    const uint8_t who = bytes.Next();
    typed.device = past.empty() ? 0 : who % kDevices;
    if ((who & 0x10) != 0) known[typed.device].Join(known[(who >> 5) % kDevices]);
    typed.seen = known[typed.device];
    typed.sequence = past.size() + 1;
    typed.change = *sync::ChangeId::From(
        absl::StrCat(std::string(1, static_cast<char>(bytes.Next())), std::string(29, 'c'),
                     std::string(2, static_cast<char>('a' + past.size()))));
    std::u32string shown;
    sync::DecodeUtf8(first.At(typed.seen).text, &shown);
    auto length = static_cast<uint32_t>(shown.size());
    typed.edit.set_length_before(length);
    for (int splices = 1 + who / 128; splices > 0; --splices) {
      v1::TextSplice* splice = typed.edit.add_splices();
      splice->set_position(bytes.Next() % (length + 1));
      splice->set_deleted(bytes.Next() % (length - splice->position() + 1));
      splice->set_inserted(Words(&bytes));
      length = length - splice->deleted() +
               static_cast<uint32_t>(sync::ScalarCount(splice->inserted()).value_or(0));
    }
    Add(typed, &first);
    Add(typed, &eras);
    known[typed.device].Add(DeviceOf(typed.device), typed.sequence);
    versions.push_back(known[typed.device]);
    past.push_back(std::move(typed));
  }
  // As late as each may come.
  sync::TextHistory second(2);
  std::vector<bool> there(past.size(), false);
  for (size_t added = 0; added < past.size(); ++added) {
    for (size_t i = past.size(); i-- > 0;) {
      bool ready = !there[i];
      for (size_t j = 0; j < past.size(); ++j) {
        ready = ready && (there[j] || !past[i].seen.Has(DeviceOf(past[j].device), j + 1));
      }
      if (!ready) continue;
      Add(past[i], &second);
      there[i] = true;
      break;
    }
  }
  sync::VersionVector all;
  for (const sync::VersionVector& version : versions) all.Join(version);
  versions.push_back(all);
  for (const sync::VersionVector& version : versions) {
    const std::string told = Told(version, &first);
    Require(told == Told(version, &second), "both orders show the same");
    Require(told == Told(version, &eras), "eras show the same as the whole");
  }
  return 0;
}
