#include "mobile-sdk/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace sotay::cli {
namespace {

constexpr int32_t kEmojiStyle = 0xFE0F;

// One scalar value, or one byte that is none (then `scalar` is negative).
struct Piece {
  int32_t scalar = -1;
  absl::string_view bytes;
};

// Takes the first piece off `text`, which is not empty.
Piece TakePiece(absl::string_view* text) {
  Piece piece;
  utf8proc_int32_t scalar = -1;
  // The cast is utf8proc's signature: it reads bytes.
  const auto* data = reinterpret_cast<const utf8proc_uint8_t*>(text->data());
  const utf8proc_ssize_t length =
      utf8proc_iterate(data, static_cast<utf8proc_ssize_t>(text->size()), &scalar);
  const size_t size = length > 0 ? static_cast<size_t>(length) : 1;
  piece.scalar = length > 0 ? scalar : -1;
  piece.bytes = text->substr(0, size);
  text->remove_prefix(size);
  return piece;
}

bool IsFlagLetter(int32_t scalar) { return scalar >= 0x1F1E6 && scalar <= 0x1F1FF; }

size_t ScalarWidth(int32_t scalar) {
  if (scalar < 0) return 1;
  if (IsFlagLetter(scalar) || scalar == kEmojiStyle) return 2;
  return static_cast<size_t>(std::max(0, utf8proc_charwidth(scalar)));
}

// A letter as a person sees it, with its marks.
struct Letter {
  absl::string_view bytes;
  size_t columns = 0;
};

std::vector<Letter> Letters(absl::string_view text) {
  std::vector<Letter> letters;
  utf8proc_int32_t state = 0;
  int32_t before = -1;
  while (!text.empty()) {
    const Piece piece = TakePiece(&text);
    const bool joins = before >= 0 && piece.scalar >= 0 &&
                       !utf8proc_grapheme_break_stateful(before, piece.scalar, &state);
    if (!joins) {
      letters.push_back({piece.bytes, 0});
      state = 0;
    } else {
      Letter& letter = letters.back();
      letter.bytes =
          absl::string_view(letter.bytes.data(), letter.bytes.size() + piece.bytes.size());
    }
    // A letter is as wide as its widest part: marks add nothing, nor do joined emoji.
    letters.back().columns = std::max(letters.back().columns, ScalarWidth(piece.scalar));
    before = piece.scalar;
  }
  return letters;
}

// What a terminal would obey, or hide, instead of showing.
bool IsUnsafe(int32_t scalar) {
  if (scalar < 0x20 || (scalar >= 0x7F && scalar <= 0x9F)) return true;       // C0, DEL, C1
  if (scalar == 0x200E || scalar == 0x200F || scalar == 0x061C) return true;  // direction marks
  if (scalar >= 0x202A && scalar <= 0x202E) return true;  // embeddings and overrides
  if (scalar >= 0x2066 && scalar <= 0x2069) return true;  // isolates
  if (scalar == 0x2028 || scalar == 0x2029) return true;  // other line ends
  if (scalar == 0x200B || scalar == 0x2060 || scalar == 0xFEFF || scalar == 0x00AD) return true;
  return scalar >= 0xE0000 && scalar <= 0xE007F;  // tags
}

// Of a document's bytes those that stand for themselves, and are safe.
bool IsPlain(char byte) { return static_cast<unsigned char>(byte) < 0x7F; }

enum class Lines { kKeep, kShow };

std::string Shown(absl::string_view text, Lines lines) {
  std::string out;
  while (!text.empty()) {
    const Piece piece = TakePiece(&text);
    if (piece.scalar < 0) {
      absl::StrAppendFormat(&out, "\\x{%02X}", static_cast<unsigned char>(piece.bytes[0]));
    } else if (piece.scalar == '\n') {
      out += lines == Lines::kKeep ? "\n" : "⏎";
    } else if (piece.scalar == '\t') {
      out += lines == Lines::kKeep ? "    " : " ";
    } else if (IsUnsafe(piece.scalar)) {
      absl::StrAppendFormat(&out, "\\u{%04X}", piece.scalar);
    } else {
      absl::StrAppend(&out, piece.bytes);
    }
  }
  return out;
}

void WrapLine(absl::string_view line, size_t columns, std::vector<std::string>* lines) {
  std::string row;
  size_t width = 0;
  const auto put = [&](absl::string_view word, size_t word_width) {
    absl::StrAppend(&row, word);
    width += word_width;
  };
  const auto flush = [&] {
    lines->push_back(row);
    row.clear();
    width = 0;
  };
  for (absl::string_view word : absl::StrSplit(line, ' ')) {
    const size_t word_width = DisplayWidth(word);
    if (!row.empty() && width + 1 + word_width > columns) flush();
    if (!row.empty()) put(" ", 1);
    if (word_width <= columns) {
      put(word, word_width);
      continue;
    }
    for (const Letter& letter : Letters(word)) {  // a word wider than the line
      if (width + letter.columns > columns && !row.empty()) flush();
      put(letter.bytes, letter.columns);
    }
  }
  flush();
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  size_t columns = 0;
  for (const Letter& letter : Letters(text)) columns += letter.columns;
  return columns;
}

std::string OneLine(absl::string_view text) { return Shown(text, Lines::kShow); }
std::string Block(absl::string_view text) { return Shown(text, Lines::kKeep); }

std::string SafeJson(absl::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    // Most of it is plain, and is taken at once.
    const auto* const end = std::find_if_not(json.begin(), json.end(), IsPlain);
    const auto plain = static_cast<size_t>(end - json.begin());
    absl::StrAppend(&out, json.substr(0, plain));
    json.remove_prefix(plain);
    if (json.empty()) break;
    const Piece piece = TakePiece(&json);
    // Below 0x20 only the line feeds between the document's own lines are left raw.
    if (piece.scalar < 0x20 || !IsUnsafe(piece.scalar)) {
      absl::StrAppend(&out, piece.bytes);
    } else if (piece.scalar < 0x10000) {
      absl::StrAppendFormat(&out, "\\u%04x", piece.scalar);
    } else {
      const int32_t above = piece.scalar - 0x10000;
      absl::StrAppendFormat(&out, "\\u%04x\\u%04x", 0xD800 + (above >> 10),
                            0xDC00 + (above & 0x3FF));
    }
  }
  return out;
}

std::string Fit(absl::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string out;
  size_t width = 0;
  for (const Letter& letter : Letters(text)) {
    if (width + letter.columns > columns - 1) break;
    absl::StrAppend(&out, letter.bytes);
    width += letter.columns;
  }
  return out + "…";
}

std::string PadRight(absl::string_view text, size_t columns) {
  const size_t width = DisplayWidth(text);
  return absl::StrCat(text, std::string(width < columns ? columns - width : 0, ' '));
}

std::string PadLeft(absl::string_view text, size_t columns) {
  const size_t width = DisplayWidth(text);
  return absl::StrCat(std::string(width < columns ? columns - width : 0, ' '), text);
}

std::vector<std::string> Wrap(absl::string_view text, size_t columns) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (columns == 0) {
      lines.emplace_back(line);
    } else {
      WrapLine(line, columns, &lines);
    }
  }
  return lines;
}

size_t TerminalColumns(int fd) {
  if (isatty(fd) == 0) return 0;
  winsize size = {};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace sotay::cli
