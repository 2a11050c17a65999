#include "tests/bench/text/hostile.h"

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::bench {
namespace {

// A salt, an id for each parent, a device, names and numbers.
constexpr size_t kChangeBytes = 130;
constexpr size_t kTextBytes = 200'000;

sync::DeviceId Device(size_t number) {
  return *sync::DeviceId::From(absl::StrFormat("%016x", number));
}

sync::ChangeId Change(uint64_t sequence) {
  return *sync::ChangeId::From(absl::StrFormat("%016x%016x", sequence * 0x9E3779B97F4A7C15u, 0));
}

// Writes a history: people, what they have seen, and how long the text is that they see.
class Writer {
 public:
  Writer(std::string name, std::string what) { text_ = {std::move(name), std::move(what), {}}; }

  // One edit of `device`, made on all of `seen` and its own; splices by `splice(edit, length)`.
  // Returns what the device has seen afterwards.
  sync::VersionVector Write(size_t device, sync::VersionVector seen,
                            const std::function<void(v1::TextEdit*, uint32_t)>& splice) {
    const uint64_t sequence = text_.edits.size() + 1;
    HostileEdit one = {Device(device), sequence, std::move(seen), {}};
    const auto length = static_cast<uint32_t>(*sync::ScalarCount(merge_.At(one.seen).text));
    one.edit.set_length_before(length);
    splice(&one.edit, length);
    const absl::Status status =
        merge_.Add(sequence, Change(sequence), one.device, sequence, one.seen, {&one.edit});
    if (!status.ok()) failed_ = status;
    sync::VersionVector after = one.seen;
    after.Add(one.device, sequence);
    bytes_ += kChangeBytes + one.edit.ByteSizeLong();
    text_.edits.push_back(std::move(one));
    return after;
  }

  bool full() const { return bytes_ >= kTextBytes || !failed_.ok(); }
  HostileText Done() { return std::move(text_); }

 private:
  HostileText text_;
  sync::TextMerge merge_;
  size_t bytes_ = 0;
  absl::Status failed_;
};

void Splice(v1::TextEdit* edit, uint32_t position, uint32_t deleted, const std::string& inserted) {
  v1::TextSplice* const splice = edit->add_splices();
  splice->set_position(position);
  splice->set_deleted(deleted);
  splice->set_inserted(inserted);
}

std::string Repeated(const std::string& words, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += words;
  return text;
}

// People who write by turns, each knowing all but the last round of the others.
HostileText PingPong(std::string name, std::string what, const std::string& words, size_t people,
                     bool one_place) {
  Writer writer(std::move(name), std::move(what));
  std::mt19937 random(7);
  const std::string start = Repeated(words, words.size() == 1 ? 60'000 : 90'000);
  std::vector<sync::VersionVector> seen(people);
  seen[0] = writer.Write(0, {}, [&](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, start); });
  std::fill(seen.begin(), seen.end(), seen[0]);
  std::vector<sync::VersionVector> before = seen;
  for (size_t turn = 0; !writer.full(); ++turn) {
    const size_t who = turn % people;
    before[who] = seen[who];
    seen[who].Join(before[(who + 1) % people]);
    seen[who] = writer.Write(who, seen[who], [&](v1::TextEdit* edit, uint32_t length) {
      const uint32_t place = one_place ? std::min<uint32_t>(100, length)
                                       : static_cast<uint32_t>(random() % (length + 1));
      const uint32_t gone = std::min<uint32_t>(static_cast<uint32_t>(random() % 4), length - place);
      Splice(edit, place, gone, one_place ? "7,1 " : "ab ");
    });
  }
  return writer.Done();
}

// A run of 2^16 characters, each typed before the one before it.  Returns what its author has seen.
sync::VersionVector WriteChain(Writer* writer) {
  sync::VersionVector seen;
  for (int part = 0; part < 16; ++part) {
    seen = writer->Write(0, seen, [](v1::TextEdit* edit, uint32_t) {
      for (int i = 0; i < 4'096; ++i) Splice(edit, 0, 0, i % 7 == 0 ? " " : "a");
    });
  }
  return seen;
}

// The chain, and as many people as may write, all at its beginning, none knowing of another.
HostileText ChainAndSiblings() {
  Writer writer("chain", "2^16 runs in a chain and 4,096 siblings");
  WriteChain(&writer);
  for (size_t who = 1; who < sync::kRecordDevicesMax; ++who) {
    writer.Write(who, {}, [](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, "b "); });
  }
  return writer.Done();
}

// The same chain, and 2^16 siblings: a device's own edits follow one another, so that as many
// devices as may write make 4,095 in one place; here each is in sixteen, none knowing of another.
HostileText ChainAndAllSiblings() {
  constexpr uint32_t kPlaces = 16;
  Writer writer("siblings", "2^16 runs in a chain and 2^16 siblings, 4,095 in each of 16 places");
  const sync::VersionVector seen = WriteChain(&writer);
  for (size_t who = 1; who < sync::kRecordDevicesMax; ++who) {
    writer.Write(who, seen, [](v1::TextEdit* edit, uint32_t length) {
      for (uint32_t place = kPlaces; place-- > 0;) {
        Splice(edit, length / kPlaces * place, 0, "b ");
      }
    });
  }
  return writer.Done();
}

HostileText Crowd() {
  Writer writer("crowd", "everybody changes the same word");
  const std::string start = Repeated("dài 4,5 m. ", 2'000);
  const sync::VersionVector seen =
      writer.Write(0, {}, [&](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, start); });
  for (size_t who = 1; !writer.full(); ++who) {
    writer.Write(who, seen, [&](v1::TextEdit* edit, uint32_t) {
      Splice(edit, 4, 3, absl::StrCat("4,", who));
    });
  }
  return writer.Done();
}

HostileText DeleteAll() {
  Writer writer("delete-all", "many delete the whole text, one changes all its words");
  const std::string start = Repeated("ab cd ", 60'000);
  const sync::VersionVector seen =
      writer.Write(0, {}, [&](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, start); });
  sync::VersionVector words = seen;
  for (uint32_t part = 0; part < 3; ++part) {
    words = writer.Write(1, words, [&](v1::TextEdit* edit, uint32_t) {
      for (uint32_t i = 0; i < 4'000; ++i) Splice(edit, part * 12'000 + i * 3, 1, "x");
    });
  }
  for (size_t who = 2; !writer.full(); ++who) {
    writer.Write(who, seen,
                 [](v1::TextEdit* edit, uint32_t length) { Splice(edit, 0, length, ""); });
  }
  return writer.Done();
}

// Two change every second word, each to something else; then they go on beside the conflicts.
HostileText ManySpans() {
  Writer writer("spans", "4,000 conflicts, and people who go on beside them");
  const std::string start = Repeated("ab cd ", 30'000);
  const sync::VersionVector base =
      writer.Write(0, {}, [&](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, start); });
  std::vector<sync::VersionVector> seen;
  for (size_t who = 1; who < 3; ++who) {
    seen.push_back(writer.Write(who, base, [&](v1::TextEdit* edit, uint32_t) {
      for (uint32_t i = 0; i < 4'000; ++i) Splice(edit, i * 6, 1, who == 1 ? "x" : "y");
    }));
  }
  seen[0].Join(seen[1]);
  seen[1] = seen[0];
  std::mt19937 random(7);
  for (size_t turn = 0; !writer.full(); ++turn) {
    const sync::VersionVector other = seen[1 - turn % 2];
    seen[turn % 2] =
        writer.Write(turn % 2 + 1, seen[turn % 2], [&](v1::TextEdit* edit, uint32_t length) {
          Splice(edit, static_cast<uint32_t>(random() % length), 1, "z ");
        });
    if (turn % 3 == 2) seen[turn % 2].Join(other);
  }
  return writer.Done();
}

// Two type the same long text, and change it by turns.
HostileText SamePaste() {
  Writer writer("same", "two paste the same text and change it");
  const std::string start = Repeated("Vết phanh dài 4,5 m. ", 40'000);
  std::vector<sync::VersionVector> seen(2);
  for (size_t who = 0; who < 2; ++who) {
    seen[who] =
        writer.Write(who, {}, [&](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, start); });
  }
  seen[0].Join(seen[1]);
  seen[1] = seen[0];
  std::mt19937 random(7);
  for (size_t turn = 0; !writer.full(); ++turn) {
    const size_t who = turn % 2;
    const sync::VersionVector other = seen[1 - who];
    seen[who] = writer.Write(who, seen[who], [&](v1::TextEdit* edit, uint32_t length) {
      const auto place = static_cast<uint32_t>(random() % (length + 1));
      Splice(edit, place, std::min<uint32_t>(1, length - place), "x");
    });
    if (turn % 4 < 2) seen[who].Join(other);
  }
  return writer.Done();
}

}  // namespace

size_t HostileText::bytes() const {
  size_t bytes = 0;
  for (const HostileEdit& one : edits) bytes += kChangeBytes + one.edit.ByteSizeLong();
  return bytes;
}

std::vector<HostileText (*)()> HostileTexts() {
  return {
      &ChainAndSiblings,
      &ChainAndAllSiblings,
      [] { return PingPong("turns", "two by turns, anywhere", "Vết phanh dài 4,2 m. ", 2, false); },
      [] { return PingPong("place", "two by turns, at one place", "Vết phanh. ", 2, true); },
      [] { return PingPong("forty", "forty by turns, anywhere", "Vết phanh. ", 40, false); },
      [] { return PingPong("word", "two by turns in one word", "x", 2, false); },
      [] { return PingPong("sentence", "two by turns in one sentence", "ab ", 2, false); },
      &Crowd,
      &DeleteAll,
      &ManySpans,
      &SamePaste,
  };
}

absl::StatusOr<sync::TextMerged> MergeAll(const HostileText& text) {
  sync::TextMerge merge;
  sync::VersionVector all;
  for (const HostileEdit& one : text.edits) {
    SOTAY_RETURN_IF_ERROR(merge.Add(one.sequence, Change(one.sequence), one.device, one.sequence,
                                    one.seen, {&one.edit}));
    all.Add(one.device, one.sequence);
  }
  return merge.At(all);
}

}  // namespace sotay::bench
