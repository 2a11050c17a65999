#include "tests/text/text_past.h"

#include <algorithm>
#include <string>

#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::tests {
namespace {

using laws::Chance;

struct Writer {
  std::string name;
  NaiveVersion seen;
};

bool Covers(const NaiveVersion& all, const NaiveVersion& part) {
  return std::all_of(part.begin(), part.end(), [&](const auto& entry) {
    const auto at = all.find(entry.first);
    return entry.second == 0 || (at != all.end() && at->second >= entry.second);
  });
}

NaiveSplice MakeSplice(Chance* chance, uint32_t length, char32_t* letter) {
  NaiveSplice splice;
  // Half of all edits are at one of a few places, so that people meet.
  splice.position = chance->Below(2) == 0 ? static_cast<uint32_t>(chance->Below(length + 1))
                                          : std::min<uint32_t>(length, chance->Below(3));
  if (chance->Below(3) == 0) {
    splice.deleted =
        static_cast<uint32_t>(chance->Below(std::min<uint32_t>(length - splice.position, 4) + 1));
  }
  const size_t typed = chance->Below(4);
  for (size_t i = 0; i < typed; ++i) splice.inserted.push_back((*letter)++);
  return splice;
}

}  // namespace

std::vector<NaiveEdit> MakeTextPast(Chance* chance, size_t authors, size_t edits) {
  NaiveText whole;
  std::vector<Writer> writers(authors);
  for (size_t i = 0; i < authors; ++i) writers[i].name = std::string(1, static_cast<char>('a' + i));
  char32_t letter = U'\u1EA0';
  std::vector<NaiveEdit> past;
  while (past.size() < edits) {
    Writer& writer = writers[chance->Below(authors)];
    if (chance->Below(4) == 0) {
      for (const auto& [author, count] : writers[chance->Below(authors)].seen) {
        writer.seen[author] = std::max(writer.seen[author], count);
      }
      continue;
    }
    NaiveEdit edit = {writer.name, writer.seen, {}};
    auto length = static_cast<uint32_t>(whole.TextAt(writer.seen).size());
    const size_t splices = 1 + chance->Below(3);
    for (size_t i = 0; i < splices; ++i) {
      edit.splices.push_back(MakeSplice(chance, length, &letter));
      length = length - edit.splices.back().deleted +
               static_cast<uint32_t>(edit.splices.back().inserted.size());
    }
    whole.Apply(edit);
    writer.seen[writer.name] = whole.version().at(writer.name);
    past.push_back(std::move(edit));
  }
  return past;
}

std::vector<NaiveEdit> Reordered(const std::vector<NaiveEdit>& edits, Chance* chance) {
  std::vector<NaiveEdit> left = edits;
  std::vector<NaiveEdit> order;
  NaiveVersion here;
  while (!left.empty()) {
    const size_t from = chance->Below(left.size());
    for (size_t i = 0; i < left.size(); ++i) {
      const auto at = left.begin() + static_cast<std::ptrdiff_t>((from + i) % left.size());
      const bool first_of_its_author = std::none_of(
          left.begin(), at, [&](const NaiveEdit& edit) { return edit.author == at->author; });
      if (!first_of_its_author || !Covers(here, at->seen)) continue;
      uint32_t& count = here[at->author];
      for (const NaiveSplice& splice : at->splices) {
        count += splice.deleted + static_cast<uint32_t>(splice.inserted.size());
      }
      order.push_back(std::move(*at));
      left.erase(at);
      break;
    }
  }
  return order;
}

sync::TextVersion VersionIn(sync::TextTree* tree, const NaiveVersion& version) {
  sync::TextVersion counts;
  for (const auto& [author, count] : version) {
    const uint32_t number = tree->Author(author);
    counts.resize(std::max<size_t>(counts.size(), number + 1), 0);
    counts[number] = count;
  }
  return counts;
}

absl::Status ApplyTo(sync::TextTree* tree, const NaiveEdit& edit) {
  const sync::TextVersion seen = VersionIn(tree, edit.seen);
  sync::TextTree::Edit open(tree, tree->Author(edit.author), seen);
  for (const NaiveSplice& splice : edit.splices) {
    SOTAY_RETURN_IF_ERROR(open.Splice(splice.position, splice.deleted, ToUtf8(splice.inserted)));
  }
  return absl::OkStatus();
}

std::string ToUtf8(const std::u32string& scalars) {
  std::string text;
  for (char32_t scalar : scalars) sync::AppendScalar(scalar, &text);
  return text;
}

}  // namespace sotay::tests
