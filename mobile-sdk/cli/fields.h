// FIELD=VALUE words of a command line, read into edits.  First step of `sotay new` and `edit`:
// words → edits → Notebook.  Pure but for the sources it is handed; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/notebook.h"
#include "sync/schema.h"

namespace sotay::cli {

// "tallies[hồ sơ]+=3": field, key, sign, value.
struct FieldWord {
  enum class Sign { kIs, kPlus, kMinus };
  std::string field;
  std::string key;
  Sign sign = Sign::kIs;
  std::string value;
};

// Splits FIELD=VALUE, FIELD+=VALUE, FIELD-=VALUE, each also with FIELD[KEY].  The value is what
// follows the first sign and may hold anything.  kInvalidArgument shows the forms.
absl::StatusOr<FieldWord> ParseFieldWord(absl::string_view word);

// "measurements[vết phanh]" without a sign: field and key.
absl::StatusOr<FieldWord> ParseFieldPath(absl::string_view path);

// Where values come from that do not stand in the word itself.
struct ValueSources {
  // Contents of a file, "-" being standard input; fails as the system does.
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_file;
  // The record that begins with these digits; fails as Notebook::Find.
  std::function<absl::StatusOr<sync::RecordId>(const std::string& prefix)> find_record;
  // The text shown in a field before the edit.
  std::function<std::string(const sync::FieldType& field)> shown_text;
  int64_t now_ms = 0;
};

// What `word` asks of a record of `type`.
//   - "@FILE" and "@-" stand for the contents of a file and of standard input, "-" alone for
//     standard input in a TEXT field; "@@" is a plain "@".
//   - "=" sets; a TEXT field takes it as its whole new text.  Where `birth`, it also begins a
//     set, a log or a count; later these want "+=" or "-=".
//   - "+=" adds to a set, appends to a log, counts, and puts a new line under a text.
//   - "-=" takes out of a set, and counts down.
//   - Instants are read as instant.h says, "4,2 m" as a measurement, "7f3a…" as the record
//     whose id begins so.
// kInvalidArgument names the field and what it takes; kNotFound a field the type lacks.
absl::StatusOr<sdk::Edit> ToEdit(const sync::RecordType& type, const FieldWord& word, bool birth,
                                 const ValueSources& sources);

// How a field is first written.
sdk::Edit::Kind FirstWrite(const sync::FieldType& field);

// The running text that is meant: the one named; without a name the title, or the first there is.
absl::StatusOr<const sync::FieldType*> TextField(const sync::RecordType& type,
                                                 const std::string& name);

}  // namespace sotay::cli
