// Reads a table of rights (matrix.h).  Strict: what it does not know it refuses, saying where,
// what, and what is allowed there.  Lines that say what a type and its dossiers are to the table
// are read in matrix_reader_types.cc, the others in matrix_reader.cc.  One thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "sync/matrix.h"

namespace sotay::sync {

class MatrixReader {
 public:
  MatrixReader(absl::string_view file, const Schema& schema) : file_(file), schema_(schema) {}

  absl::StatusOr<std::shared_ptr<const Matrix>> Read(absl::string_view text);

 private:
  using Words = std::vector<absl::string_view>;

  absl::Status Wrong(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(file_, ":", line_, ": ", what));
  }
  absl::Status ReadLine(absl::string_view line);
  absl::Status ReadVersion(const Words& words);
  absl::Status ReadSince(const Words& words);
  absl::Status ReadField(absl::string_view line, const Words& words);
  absl::Status ReadFieldOf(const Words& words);
  absl::Status ReadSubmitted(const Words& words);
  absl::Status ReadAssigned(const Words& words);
  absl::Status ReadHidden(const Words& words);
  absl::Status ReadNames(const RecordType& type, absl::string_view list, HiddenUntil* hidden) const;
  absl::Status ReadRule(const Words& words);
  absl::Status ReadCondition(absl::string_view word, AccessLine* line) const;
  absl::StatusOr<Kind> KindNamed(absl::string_view name);
  absl::StatusOr<FieldSet> FieldsNamed(absl::string_view list) const;
  absl::StatusOr<const RecordType*> TypeNamed(absl::string_view name) const;
  // A field of the type that holds one of some values.
  absl::StatusOr<const FieldType*> ChoiceNamed(const RecordType& type,
                                               absl::string_view name) const;
  // The states of the type from the word at `from` on.
  absl::StatusOr<std::vector<int32_t>> StatesNamed(const RecordType& type, const Words& words,
                                                   size_t from) const;
  absl::StatusOr<int32_t> ValueNamed(const google::protobuf::EnumDescriptor& of,
                                     absl::string_view name) const;
  void Finish();

  const std::string file_;
  const Schema& schema_;
  int line_ = 0;
  std::shared_ptr<Matrix> matrix_{new Matrix()};
  std::set<std::string, std::less<>> names_;  // of lines
  std::map<std::string, Kind> named_;         // types that lines name, by full name
};

}  // namespace sotay::sync
