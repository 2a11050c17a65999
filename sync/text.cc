#include "sync/text.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sync/limits.h"
#include "sync/text_scan.h"

namespace sotay::sync {
namespace {

constexpr char kSpanUtf8[] = "\xEF\xBF\xBC";

// Byte offset of scalar `position` from byte `from`; text.size() when past the end.
// `text` is known to be UTF-8.
size_t Advance(absl::string_view text, size_t from, size_t count) {
  size_t at = from;
  while (count > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) ++at;
    --count;
  }
  return at;
}

bool IsTail(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// A text in which positions are found without walking from its beginning.  The text is UTF-8
// and outlives it.  Most texts are taken whole, and cost nothing here.
class Indexed {
 public:
  Indexed(absl::string_view text, size_t count) : text_(text), count_(count) {}

  absl::string_view Slice(size_t from, size_t count) const {
    const size_t begin = ByteOf(from);
    return text_.substr(begin, ByteOf(from + count) - begin);
  }

 private:
  static constexpr size_t kStride = 64;

  size_t ByteOf(size_t position) const {
    if (position == 0) return 0;
    if (position >= count_) return text_.size();
    if (marks_.empty()) {
      for (size_t at = 0; at < text_.size(); at = Advance(text_, at, kStride)) {
        marks_.push_back(at);
      }
    }
    const size_t mark = position / kStride;
    return mark < marks_.size() ? Advance(text_, marks_[mark], position % kStride) : text_.size();
  }

  absl::string_view text_;
  size_t count_;                       // scalar values
  mutable std::vector<size_t> marks_;  // the byte at which every kStride-th scalar begins
};

// A text under edit, as pieces of what was there and what was typed.  A splice costs a walk over
// the pieces, not over the text: thousands of splices in a long text are a hostile change, and
// must not be an expensive one.
class Pieces {
 public:
  Pieces(absl::string_view text, size_t count) : count_(count), bytes_(text.size()) {
    sources_.emplace_back(text, count);
    if (count > 0) pieces_.push_back({&sources_.back(), 0, count});
  }

  size_t count() const { return count_; }  // scalar values
  size_t bytes() const { return bytes_; }

  // What is replaced lies within the text; `inserted` is UTF-8 of `added` scalar values and
  // outlives this.
  void Replace(size_t position, size_t deleted, absl::string_view inserted, size_t added) {
    const auto first = static_cast<std::ptrdiff_t>(Cut(position));
    const auto last = static_cast<std::ptrdiff_t>(Cut(position + deleted));
    for (auto at = pieces_.begin() + first; at != pieces_.begin() + last; ++at) {
      bytes_ -= at->text().size();
    }
    pieces_.erase(pieces_.begin() + first, pieces_.begin() + last);
    if (added > 0) {
      sources_.emplace_back(inserted, added);
      pieces_.insert(pieces_.begin() + first, {&sources_.back(), 0, added});
    }
    count_ = count_ - deleted + added;
    bytes_ += inserted.size();
  }

  std::string Joined() const {
    std::string text;
    text.reserve(bytes_);
    for (const Piece& piece : pieces_) {
      const absl::string_view part = piece.text();
      text.append(part.data(), part.size());
    }
    return text;
  }

 private:
  struct Piece {
    const Indexed* source;
    size_t from;
    size_t count;

    absl::string_view text() const { return source->Slice(from, count); }
  };

  // The index of the piece that begins at `position`, which is made to begin there.
  size_t Cut(size_t position) {
    size_t i = 0;
    while (i < pieces_.size() && position >= pieces_[i].count) position -= pieces_[i++].count;
    if (position == 0) return i;
    const Piece tail = {pieces_[i].source, pieces_[i].from + position, pieces_[i].count - position};
    pieces_[i].count = position;
    pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(i + 1), tail);
    return i + 1;
  }

  std::deque<Indexed> sources_;  // where its elements are, they stay
  std::vector<Piece> pieces_;
  size_t count_;
  size_t bytes_;
};

}  // namespace

bool DecodeUtf8(absl::string_view text, std::u32string* scalars) {
  const size_t before = scalars->size();
  scalars->resize(before + text.size());  // no text has more
  char32_t* to = &(*scalars)[before];
  for (size_t at = 0; at < text.size(); ++to) {
    if (static_cast<uint8_t>(text[at]) < 0x80) {  // most of every text
      *to = static_cast<uint8_t>(text[at++]);
      continue;
    }
    const int length = DecodeScalar(text, at, to);
    if (length == 0) {
      scalars->resize(before);
      return false;
    }
    at += static_cast<size_t>(length);
  }
  const auto size = static_cast<size_t>(to - scalars->data());
  if (size < scalars->size()) scalars->resize(size);
  return true;
}

namespace {

// Four bytes have room there; returns their end.
char* WriteScalar(char32_t scalar, char* to) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (scalar >> shift & 0x3F)); };
  if (scalar < 0x80) {
    *to++ = static_cast<char>(scalar);
  } else if (scalar < 0x800) {
    *to++ = static_cast<char>(0xC0 | scalar >> 6);
    *to++ = tail(0);
  } else if (scalar < 0x10000) {
    *to++ = static_cast<char>(0xE0 | scalar >> 12);
    *to++ = tail(6);
    *to++ = tail(0);
  } else {
    *to++ = static_cast<char>(0xF0 | scalar >> 18);
    *to++ = tail(12);
    *to++ = tail(6);
    *to++ = tail(0);
  }
  return to;
}

}  // namespace

void AppendScalar(char32_t scalar, std::string* text) { AppendScalars(&scalar, 1, text); }

void AppendScalars(const char32_t* scalars, size_t count, std::string* text) {
  constexpr size_t kPart = 64;
  char part[4 * kPart];
  for (; count >= kPart; count -= kPart, scalars += kPart) {
    char32_t all = 0;
    for (size_t i = 0; i < kPart; ++i) all |= scalars[i];
    char* end = part + kPart;
    if (all < 0x80) {  // most of every text; of a known length, so that it becomes vectors
      for (size_t i = 0; i < kPart; ++i) part[i] = static_cast<char>(scalars[i]);
    } else {
      end = part;
      for (size_t i = 0; i < kPart; ++i) end = WriteScalar(scalars[i], end);
    }
    text->append(part, static_cast<size_t>(end - part));
  }
  char* end = part;
  for (size_t i = 0; i < count; ++i) end = WriteScalar(scalars[i], end);
  text->append(part, static_cast<size_t>(end - part));
}

size_t Utf8Prefix(absl::string_view text) { return ScanText(text).good; }

absl::optional<size_t> ScalarCount(absl::string_view text) {
  const Scan scan = ScanText(text);
  if (scan.good != text.size()) return absl::nullopt;
  return scan.scalars;
}

bool MarksWithinLimit(absl::string_view text) { return ScanText(text).marks_within_limit; }

absl::optional<size_t> Utf16Offset(absl::string_view text, size_t position) {
  size_t units = 0;
  size_t at = 0;
  for (; position > 0 && at < text.size(); --position) {
    const size_t next = Advance(text, at, 1);
    units += next - at == 4 ? 2 : 1;
    at = next;
  }
  if (position > 0) return absl::nullopt;
  return units;
}

absl::optional<size_t> ScalarPosition(absl::string_view text, size_t units) {
  size_t position = 0;
  for (size_t at = 0; units > 0; ++position) {
    if (at >= text.size()) return absl::nullopt;
    const size_t next = Advance(text, at, 1);
    const size_t width = next - at == 4 ? 2 : 1;
    if (width > units) return absl::nullopt;
    units -= width;
    at = next;
  }
  return position;
}

uint64_t TypedIn(const v1::TextEdit& edit) {
  uint64_t typed = 0;
  for (const v1::TextSplice& splice : edit.splices()) {
    for (char c : splice.inserted()) typed += IsTail(c) ? 0u : 1u;
  }
  return typed;
}

absl::StatusOr<std::string> ApplyTextEdit(absl::string_view text, const v1::TextEdit& edit) {
  const absl::optional<size_t> length = ScalarCount(text);
  if (!length.has_value()) return absl::InvalidArgumentError("text: base is not UTF-8");
  if (*length != edit.length_before()) {
    return absl::InvalidArgumentError(absl::StrCat("text: made on ", edit.length_before(),
                                                   " characters, the version has ", *length));
  }
  if (edit.splices_size() > kSplicesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("text: ", edit.splices_size(), " splices, limit ", kSplicesMax));
  }
  Pieces pieces(text, *length);
  bool whole_within = edit.splices_size() == 0;  // the whole text was found to be within limits
  for (int i = 0; i < edit.splices_size(); ++i) {
    const v1::TextSplice& splice = edit.splices(i);
    const Scan added = ScanText(splice.inserted());
    if (added.good != splice.inserted().size()) {
      return absl::InvalidArgumentError(absl::StrCat("text: splice ", i, ": byte ", added.good,
                                                     " of the insertion is not UTF-8"));
    }
    if (absl::StrContains(splice.inserted(), kSpanUtf8)) {
      return absl::InvalidArgumentError(
          absl::StrCat("text: splice ", i, ": U+FFFC stands for a conflict, nobody can type it"));
    }
    if (splice.position() > pieces.count() ||
        splice.deleted() > pieces.count() - splice.position()) {
      return absl::InvalidArgumentError(absl::StrCat("text: splice ", i, ": ", splice.position(),
                                                     "+", splice.deleted(), " is past the end, ",
                                                     pieces.count()));
    }
    whole_within =
        added.marks_within_limit && added.scalars > 0 && splice.deleted() == pieces.count();
    pieces.Replace(splice.position(), splice.deleted(), splice.inserted(), added.scalars);
    if (pieces.bytes() > kTextBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("text: ", pieces.bytes(), " bytes, limit ", kTextBytesMax));
    }
  }
  std::string result = pieces.Joined();
  if (!whole_within && !MarksWithinLimit(result)) {
    return absl::InvalidArgumentError(
        absl::StrCat("text: more than ", kMarksPerLetterMax, " combining marks on one letter"));
  }
  return result;
}

}  // namespace sotay::sync
