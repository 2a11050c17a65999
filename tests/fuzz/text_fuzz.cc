// Text and edits on it, against a model that is slow and plain: an array of scalar values.
#include <utf8proc.h>

#include <algorithm>
#include <string>

#include "sotay/v1/change.pb.h"
#include "sync/limits.h"
#include "sync/text.h"
#include "sync/text_diff.h"
#include "sync/text_words.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/scripts.pb.h"

namespace {

using namespace sotay;
using fuzz::Require;

// The scalar values up to where strict UTF-8 ends; `good` is that byte.
std::u32string Scalars(const std::string& text, size_t* good) {
  std::u32string scalars;
  *good = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  while (*good < text.size()) {
    utf8proc_int32_t scalar = 0;
    const auto left = static_cast<utf8proc_ssize_t>(text.size() - *good);
    const utf8proc_ssize_t length = utf8proc_iterate(bytes + *good, left, &scalar);
    if (length <= 0) break;
    scalars.push_back(static_cast<char32_t>(scalar));
    *good += static_cast<size_t>(length);
  }
  return scalars;
}

std::string Utf8(const std::u32string& scalars) {
  std::string text;
  for (char32_t scalar : scalars) {
    utf8proc_uint8_t bytes[4];
    const utf8proc_ssize_t size =
        utf8proc_encode_char(static_cast<utf8proc_int32_t>(scalar), bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  return text;
}

void CheckScan(const std::string& text) {
  size_t good = 0;
  const std::u32string scalars = Scalars(text, &good);
  Require(sync::Utf8Prefix(text) == good, "UTF-8 ends where it ends");
  const auto count = sync::ScalarCount(text);
  Require(count.has_value() == (good == text.size()), "only whole UTF-8 is counted");
  Require(!count.has_value() || *count == scalars.size(), "scalar values are counted right");
}

void CheckOffsets(const std::string& text, size_t position) {
  size_t good = 0;
  const std::u32string scalars = Scalars(text, &good);
  if (good != text.size()) return;
  const auto units = sync::Utf16Offset(text, position);
  Require(units.has_value() == (position <= scalars.size()), "UTF-16 offsets end with the text");
  if (!units.has_value()) return;
  Require(sync::ScalarPosition(text, *units) == position, "offsets count there and back");
  if (position < scalars.size() && scalars[position] > 0xFFFF) {
    Require(!sync::ScalarPosition(text, *units + 1).has_value(), "no position is inside a pair");
  }
}

void CheckEdit(const fuzz::TextScript& script) {
  size_t good = 0;
  std::u32string model = Scalars(script.before(), &good);
  bool lawful = good == script.before().size() && script.length_off() == 0;
  v1::TextEdit edit;
  edit.set_length_before(static_cast<uint32_t>(model.size()) +
                         static_cast<uint32_t>(script.length_off()));
  for (const fuzz::Splice& splice : script.splices()) {
    v1::TextSplice* one = edit.add_splices();
    one->set_position(splice.position());
    one->set_deleted(splice.deleted());
    one->set_inserted(splice.inserted());
    const std::u32string inserted = Scalars(splice.inserted(), &good);
    lawful = lawful && good == splice.inserted().size() &&
             inserted.find(sync::kSpanScalar) == inserted.npos &&
             splice.position() <= model.size() &&
             splice.deleted() <= model.size() - splice.position();
    if (lawful) model.replace(splice.position(), splice.deleted(), inserted);
  }
  const std::string expected = Utf8(model);
  lawful = lawful && (edit.splices().empty() || sync::MarksWithinLimit(expected));
  const auto after = sync::ApplyTextEdit(script.before(), edit);
  Require(after.ok() == lawful, "exactly the edits that fit are taken");
  if (after.ok()) Require(*after == expected, "an edit does what its splices say");
}

// Whether a unit of a difference begins at `place`.
bool BeginsUnit(const std::u32string& text, size_t place) {
  return !sync::JoinedAt([&](size_t i) { return text[i]; }, text.size(), place);
}

void CheckDiff(const std::string& before, const std::string& after) {
  size_t good = 0;
  const std::u32string from = Scalars(before, &good);
  if (good != before.size()) return;
  const std::u32string to = Scalars(after, &good);
  if (good != after.size()) return;
  const v1::TextEdit edit = sync::DiffText(before, after);
  Require((edit.splices_size() == 0) == (before == after), "what differs has splices");
  Require(edit.length_before() == from.size(), "a difference names the length it was made on");
  Require(edit.splices_size() <= sync::kSplicesMax, "a difference is not of too many splices");
  const auto spans = [](const std::u32string& text) {
    return std::count(text.begin(), text.end(), sync::kSpanScalar);
  };
  std::u32string text = from;
  size_t shift = 0;  // of positions, by the splices so far; wraps around
  bool conflict_typed = false;
  for (const v1::TextSplice& splice : edit.splices()) {
    const std::u32string inserted = Scalars(splice.inserted(), &good);
    conflict_typed = conflict_typed || spans(inserted) > 0;
    const size_t place = splice.position() - shift;
    Require(place + splice.deleted() <= from.size(), "a difference is of the text it was made on");
    Require(before.size() > sync::kDiffWordBytesMax ||
                (BeginsUnit(from, place) && BeginsUnit(from, place + splice.deleted()) &&
                 BeginsUnit(to, splice.position()) &&
                 BeginsUnit(to, splice.position() + inserted.size())),
            "a difference cuts no unit");
    text.replace(splice.position(), splice.deleted(), inserted);
    shift += inserted.size() - splice.deleted();
  }
  Require(text == to, "a difference leads from one text to the other");
  Require(!conflict_typed || spans(from) < spans(to), "no conflict is typed that was there");
  const auto applied = sync::ApplyTextEdit(before, edit);
  if (conflict_typed) return;
  if (edit.splices().empty() || sync::MarksWithinLimit(after)) {
    fuzz::RequireOk(applied.status(), "a difference can be applied");
    Require(*applied == after, "a difference is applied as it says");
  }
}

}  // namespace

SOTAY_FUZZ_MESSAGE(fuzz::TextScript, script) {
  CheckScan(script.before());
  CheckOffsets(script.before(), script.position());
  CheckEdit(script);
  CheckDiff(script.before(), script.after());
}
