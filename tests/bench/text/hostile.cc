#include "tests/bench/text/hostile.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/limits.h"
#include "sync/status_macros.h"
#include "sync/text_history.h"
#include "sync/text_splices.h"
#include "tests/bench/text/hostile_crowds.h"
#include "tests/bench/text/hostile_writer.h"

namespace sotay::bench {
namespace {

// People who write by turns, each knowing all but the last round of the others.
HostileText PingPong(std::string name, std::string what, const std::string& words, size_t people,
                     bool one_place) {
  HostileWriter writer(std::move(name), std::move(what));
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
sync::VersionVector WriteChain(HostileWriter* writer) {
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
  HostileWriter writer("chain", "2^16 runs in a chain and 4,096 siblings");
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
  HostileWriter writer("siblings",
                       "2^16 runs in a chain and 2^16 siblings, 4,095 in each of 16 places");
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
  HostileWriter writer("crowd", "everybody changes the same word");
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

// Two agree again and again; a third, who has seen the beginning alone, then writes one more, and
// what was settled is the middle of a long quarrel.
HostileText Latecomer() {
  HostileWriter writer("latecomer", "two who agree, and a third who never saw it, by turns");
  const sync::VersionVector beginning = writer.Write(0, {}, [](v1::TextEdit* edit, uint32_t) {
    Splice(edit, 0, 0, Repeated("Vết phanh dài 4,2 m. ", 40'000));
  });
  sync::VersionVector together = beginning;
  sync::VersionVector late = beginning;
  const auto insert = [](uint32_t at) {
    return [at](v1::TextEdit* edit, uint32_t length) { Splice(edit, at % length, 0, " x "); };
  };
  for (uint32_t turn = 0; !writer.full(); ++turn) {
    for (uint32_t i = 0; i < 30; ++i) {
      const sync::VersionVector before = together;
      together = writer.Write(1, before, insert(1'000 + 97 * (turn + i)));
      together.Join(writer.Write(2, before, insert(20'000 + 89 * (turn + i))));
    }
    late = writer.Write(3, late, insert(7 * turn));
    together.Join(late);
  }
  return writer.Done();
}

HostileText DeleteAll() {
  HostileWriter writer("delete-all", "many delete the whole text, one changes all its words");
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
  HostileWriter writer("spans", "4,000 conflicts, and people who go on beside them");
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
  HostileWriter writer("same", "two paste the same text and change it");
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
  std::vector<HostileText (*)()> all = {
      &ChainAndSiblings,
      &ChainAndAllSiblings,
      [] { return PingPong("turns", "two by turns, anywhere", "Vết phanh dài 4,2 m. ", 2, false); },
      [] { return PingPong("place", "two by turns, at one place", "Vết phanh. ", 2, true); },
      [] { return PingPong("forty", "forty by turns, anywhere", "Vết phanh. ", 40, false); },
      [] { return PingPong("word", "two by turns in one word", "x", 2, false); },
      [] { return PingPong("sentence", "two by turns in one sentence", "ab ", 2, false); },
      &Crowd,
      &Latecomer,
      &DeleteAll,
      &ManySpans,
      &SamePaste,
  };
  const std::vector<HostileText (*)()> crowds = HostileCrowds();
  all.insert(all.end(), crowds.begin(), crowds.end());
  return all;
}

absl::StatusOr<sync::TextMerged> MergeAll(const HostileText& text) {
  sync::TextHistory merge;
  sync::VersionVector all;
  for (const HostileEdit& one : text.edits) {
    SOTAY_ASSIGN_OR_RETURN(sync::TextSplices splices, sync::TextSplices::Read({&one.edit}));
    SOTAY_RETURN_IF_ERROR(merge.Add(one.sequence, HostileChange(one.sequence), one.device,
                                    one.sequence, one.seen, std::move(splices)));
    all.Add(one.device, one.sequence);
  }
  return merge.At(all);
}

}  // namespace sotay::bench
