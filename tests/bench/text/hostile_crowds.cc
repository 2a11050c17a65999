#include "tests/bench/text/hostile_crowds.h"

#include <algorithm>
#include <string>

#include "tests/bench/text/hostile_writer.h"

namespace sotay::bench {
namespace {

// Somebody deletes everything wherever somebody else has changed a word.
HostileText Wall() {
  HostileWriter writer("wall", "many change a word each, as many delete everything");
  constexpr uint32_t kPeople = 720;
  const sync::VersionVector seen = writer.Write(0, {}, [](v1::TextEdit* edit, uint32_t) {
    Splice(edit, 0, 0, Repeated("ab ", 3 * kPeople));
  });
  for (uint32_t who = 0; who < kPeople; ++who) {
    writer.Write(1 + who, seen,
                 [who](v1::TextEdit* edit, uint32_t) { Splice(edit, 3 * who, 1, "x"); });
  }
  for (size_t who = 0; !writer.full(); ++who) {
    writer.Write(1 + kPeople + who, seen,
                 [](v1::TextEdit* edit, uint32_t length) { Splice(edit, 0, length, ""); });
  }
  return writer.Done();
}

// Between each two of many long words are two spaces, and two people of whom each takes one away.
// So all are one word nobody wrote; and two go on behind it, by turns.
HostileText JoinedWords() {
  HostileWriter writer("joined", "260 long words are made one, by two people at each end");
  constexpr uint32_t kWords = 260;
  constexpr uint32_t kLetters = 200;
  const std::string tail = "\n. ";
  const sync::VersionVector base = writer.Write(0, {}, [&](v1::TextEdit* edit, uint32_t) {
    Splice(edit, 0, 0, Repeated(std::string(kLetters, 'x') + "  ", kWords * (kLetters + 2)) + tail);
  });
  sync::VersionVector all = base;
  for (uint32_t i = 0; i < 2 * kWords; ++i) {
    all.Join(writer.Write(1 + i, base, [i](v1::TextEdit* edit, uint32_t) {
      Splice(edit, i / 2 * (kLetters + 2) + kLetters + i % 2, 1, "");
    }));
  }
  sync::VersionVector seen[2] = {all, all};
  sync::VersionVector before[2] = {all, all};
  for (uint32_t turn = 0; !writer.full(); ++turn) {
    const uint32_t who = turn % 2;
    before[who] = seen[who];
    seen[who].Join(before[1 - who]);
    // The word is a conflict, at one place; of what was typed behind it the last is not seen yet.
    const auto length = static_cast<uint32_t>(1 + tail.size()) + 2 * (std::max(turn, 1u) - 1);
    seen[who] =
        writer.WriteOn(length, 1 + 2 * kWords + who, seen[who],
                       [](v1::TextEdit* edit, uint32_t size) { Splice(edit, size, 0, "z "); });
  }
  return writer.Done();
}

// Two change every second word, each to something else; then some settle all of it, each alone.
HostileText Settled() {
  HostileWriter writer("settled",
                       "4,000 conflicts, settled by people who know nothing of each other");
  constexpr uint32_t kConflicts = 4'000;
  const sync::VersionVector base = writer.Write(0, {}, [](v1::TextEdit* edit, uint32_t) {
    Splice(edit, 0, 0, Repeated("ab cd ", 6 * kConflicts));
  });
  sync::VersionVector seen = base;
  for (size_t who = 1; who < 3; ++who) {
    seen.Join(writer.Write(who, base, [who](v1::TextEdit* edit, uint32_t) {
      for (uint32_t i = 0; i < kConflicts; ++i) Splice(edit, 6 * i, 1, who == 1 ? "x" : "y");
    }));
  }
  for (size_t who = 3; !writer.full(); ++who) {
    writer.Write(who, seen, [who](v1::TextEdit* edit, uint32_t) {
      for (uint32_t i = 0; i < kConflicts; ++i) Splice(edit, 5 * i, 1, who % 2 == 0 ? "z" : "w");
    });
  }
  return writer.Done();
}

// Two change every second word to the same; then some change what they wrote, each alone.
HostileText Agreed() {
  HostileWriter writer("agreed", "4,000 words two wrote alike, changed by people apart");
  constexpr uint32_t kWords = 4'000;
  const sync::VersionVector base = writer.Write(0, {}, [](v1::TextEdit* edit, uint32_t) {
    Splice(edit, 0, 0, Repeated("ab cd ", 6 * kWords));
  });
  sync::VersionVector seen = base;
  for (size_t who = 1; who < 3; ++who) {
    seen.Join(writer.Write(who, base, [](v1::TextEdit* edit, uint32_t) {
      for (uint32_t i = 0; i < kWords; ++i) Splice(edit, 6 * i, 1, "x");
    }));
  }
  for (size_t who = 3; !writer.full(); ++who) {
    writer.Write(who, seen, [who](v1::TextEdit* edit, uint32_t) {
      for (uint32_t i = 0; i < kWords; ++i) Splice(edit, 6 * i, 1, who % 2 == 0 ? "z" : "w");
    });
  }
  return writer.Done();
}

// Forty change all words, each to something else; two go on in the first of what is in conflict.
HostileText Grid() {
  HostileWriter writer("grid", "300 conflicts of forty people each, and two who go on");
  constexpr uint32_t kWords = 300;
  const sync::VersionVector base = writer.Write(
      0, {}, [](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, Repeated("ab ", 5 * kWords)); });
  sync::VersionVector all = base;
  for (size_t who = 1; who <= 40; ++who) {
    all.Join(writer.Write(who, base, [who](v1::TextEdit* edit, uint32_t) {
      const std::string letter(1, static_cast<char>('a' + who % 26));
      for (uint32_t i = 0; i < kWords; ++i) Splice(edit, 3 * i, 1, letter);
    }));
  }
  sync::VersionVector seen[2] = {all, all};
  sync::VersionVector before[2] = {all, all};
  for (uint32_t turn = 0; !writer.full(); ++turn) {
    const uint32_t who = turn % 2;
    before[who] = seen[who];
    seen[who].Join(before[1 - who]);
    seen[who] = writer.Write(41 + who, seen[who], [turn](v1::TextEdit* edit, uint32_t length) {
      Splice(edit, 7 * turn % length, 1, "z ");
    });
  }
  return writer.Done();
}

HostileText SameWord() {
  HostileWriter writer("same-word", "a thousand delete the same word of a sentence of 65 kB");
  const sync::VersionVector seen = writer.Write(
      0, {}, [](v1::TextEdit* edit, uint32_t) { Splice(edit, 0, 0, Repeated("ab cd ", 65'000)); });
  for (size_t who = 1; !writer.full(); ++who) {
    writer.Write(who, seen, [](v1::TextEdit* edit, uint32_t) { Splice(edit, 6, 3, ""); });
  }
  return writer.Done();
}

}  // namespace

std::vector<HostileText (*)()> HostileCrowds() {
  return {&Wall, &JoinedWords, &Settled, &Agreed, &Grid, &SameWord};
}

}  // namespace sotay::bench
