#include "sync/matrix_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

constexpr size_t kTableBytesMax = size_t{256} << 10;
constexpr size_t kNameMax = 63;

std::vector<absl::string_view> WordsOf(absl::string_view line) {
  return absl::StrSplit(line.substr(0, line.find('#')), absl::ByAnyChar(" \t\r"),
                        absl::SkipEmpty());
}

// a-z, 0-9 and what joins them, beginning with a letter.
bool IsName(absl::string_view name, absl::string_view joints) {
  if (name.empty() || name.size() > kNameMax || !absl::ascii_islower(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [joints](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
           joints.find(c) != absl::string_view::npos;
  });
}

template <typename Enum, size_t N>
absl::optional<Enum> Named(absl::string_view name) {
  for (size_t i = 0; i < N; ++i) {
    if (name == NameOf(static_cast<Enum>(i))) return static_cast<Enum>(i);
  }
  return absl::nullopt;
}

}  // namespace

absl::StatusOr<const RecordType*> MatrixReader::TypeNamed(absl::string_view name) const {
  const RecordType* type = schema_.Find(name);
  if (type != nullptr) return type;
  std::vector<std::string> known;
  for (const auto& [full, other] : schema_.types()) known.push_back(other.short_name);
  return Wrong(
      absl::StrCat("no record type ", name, " is loaded; there are ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<int32_t> MatrixReader::ValueNamed(const google::protobuf::EnumDescriptor& of,
                                                 absl::string_view name) const {
  if (const auto* value = of.FindValueByName(std::string(name))) return value->number();
  std::vector<std::string> known;
  for (int i = 0; i < of.value_count(); ++i) known.push_back(of.value(i)->name());
  return Wrong(
      absl::StrCat(of.name(), " has no value ", name, "; it has ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<Kind> MatrixReader::KindNamed(absl::string_view name) {
  for (const Kind kind : {kOtherKind, kDeviceKind, kAuditKind}) {
    if (name == matrix_->kinds_[kind]) return kind;
  }
  const RecordType* type = schema_.Find(name);
  if (type == nullptr) {
    std::vector<std::string> known;
    for (const auto& [full, other] : schema_.types()) known.push_back(other.short_name);
    return Wrong(absl::StrCat("no kind of record ", name, "; there are other, device, audit, ",
                              absl::StrJoin(known, ", ")));
  }
  const auto [at, added] = named_.emplace(type->name, static_cast<Kind>(matrix_->kinds_.size()));
  if (added) matrix_->kinds_.push_back(type->short_name);
  return at->second;
}

absl::StatusOr<FieldSet> MatrixReader::FieldsNamed(absl::string_view list) const {
  FieldSet fields = 0;
  const auto& declared = matrix_->fields_of_work_;
  for (const absl::string_view code : absl::StrSplit(list, ',')) {
    const auto at = std::find_if(declared.begin(), declared.end(),
                                 [code](const FieldOfWork& field) { return field.code == code; });
    if (at == declared.end()) {
      std::vector<std::string> known;
      for (const FieldOfWork& field : declared) known.push_back(field.code);
      return Wrong(absl::StrCat("no field of work ", code, " is declared above; there are ",
                                absl::StrJoin(known, ", ")));
    }
    fields |= FieldSet{1} << (at - declared.begin());
  }
  return fields;
}

absl::Status MatrixReader::ReadVersion(const Words& words) {
  if (!matrix_->version_.empty()) return Wrong("version is said twice");
  if (words.size() != 2 || !IsName(absl::StrCat("v", words[1]), ".-")) {
    return Wrong("expected: version NAME, of a-z, 0-9, '.' and '-'");
  }
  matrix_->version_ = std::string(words[1]);
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadSince(const Words& words) {
  if (matrix_->since_ != 0) return Wrong("since is said twice");
  const Words parts = words.size() == 2 ? Words(absl::StrSplit(words[1], '-')) : Words();
  int year = 0;
  int month = 0;
  int day = 0;
  if (parts.size() == 3 && parts[0].size() == 4 && parts[1].size() == 2 && parts[2].size() == 2 &&
      absl::SimpleAtoi(parts[0], &year) && absl::SimpleAtoi(parts[1], &month) &&
      absl::SimpleAtoi(parts[2], &day) && IsDay(year * 10'000 + month * 100 + day)) {
    matrix_->since_ = year * 10'000 + month * 100 + day;
    return absl::OkStatus();
  }
  return Wrong("expected: since YYYY-MM-DD, a day there is");
}

absl::Status MatrixReader::ReadField(absl::string_view line, const Words& words) {
  const char* const expected = "expected: field CODE TÊN / NAME, the code of a-z, 0-9 and '_'";
  if (words.size() < 4 || !IsName(words[1], "_")) return Wrong(expected);
  for (const FieldOfWork& known : matrix_->fields_of_work_) {
    if (known.code == words[1]) return Wrong(absl::StrCat("field ", words[1], " is said twice"));
  }
  if (matrix_->fields_of_work_.size() == kFieldsOfWorkMax) {
    return Wrong(absl::StrCat("more than ", kFieldsOfWorkMax, " fields of work"));
  }
  const size_t behind = static_cast<size_t>(words[1].data() - line.data()) + words[1].size();
  const std::vector<std::string> labels =
      absl::StrSplit(line.substr(behind, line.find('#') - behind), absl::MaxSplits(" / ", 1));
  if (labels.size() != 2) return Wrong(expected);
  FieldOfWork field;
  field.code = std::string(words[1]);
  field.label_vi = std::string(absl::StripAsciiWhitespace(labels[0]));
  field.label_en = std::string(absl::StripAsciiWhitespace(labels[1]));
  if (field.label_vi.empty() || field.label_en.empty()) return Wrong(expected);
  matrix_->fields_of_work_.push_back(std::move(field));
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadCondition(absl::string_view word, AccessLine* line) const {
  bool* const condition = word == "in-field"    ? &line->in_field
                          : word == "submitted" ? &line->submitted
                          : word == "always"    ? &line->always
                                                : nullptr;
  if (condition == nullptr) {
    return Wrong(absl::StrCat("no condition ", word, "; there are in-field, submitted, always"));
  }
  if (*condition) return Wrong(absl::StrCat("condition ", word, " is said twice"));
  *condition = true;
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadRule(const Words& words) {
  if (words.size() < 6) {
    return Wrong("expected: rule NAME CAPACITY KIND[,KIND] VERB[,VERB] SCOPE [CONDITION ...]");
  }
  auto line = std::make_unique<AccessLine>();
  if (!IsName(words[1], ".-")) {
    return Wrong(absl::StrCat("no name for a rule: ", words[1], "; of a-z, 0-9, '.' and '-'"));
  }
  line->name = std::string(words[1]);
  if (!names_.insert(line->name).second) {
    return Wrong(absl::StrCat("a rule ", line->name, " stands above already"));
  }
  line->capacity = CapacityNamed(words[2]);
  if (line->capacity == v1::CAPACITY_UNSPECIFIED || line->capacity == v1::CAPACITY_ADM) {
    return Wrong(absl::StrCat("no capacity that reads or writes: ", words[2],
                              "; there are HEAD, DEP, DIV, KSV, KTV, CLK, STA, INS"));
  }
  for (const absl::string_view name : absl::StrSplit(words[3], ',')) {
    SOTAY_ASSIGN_OR_RETURN(const Kind kind, KindNamed(name));
    if (std::find(line->kinds.begin(), line->kinds.end(), kind) != line->kinds.end()) {
      return Wrong(absl::StrCat("kind ", name, " is said twice"));
    }
    line->kinds.push_back(kind);
  }
  for (const absl::string_view name : absl::StrSplit(words[4], ',')) {
    const auto verb = Named<Verb, kVerbs>(name);
    if (!verb.has_value()) {
      return Wrong(
          absl::StrCat("no verb ", name,
                       "; there are create, read, edit, submit, approve, numbers, decide, assign, "
                       "seal"));
    }
    if (std::find(line->verbs.begin(), line->verbs.end(), *verb) != line->verbs.end()) {
      return Wrong(absl::StrCat("verb ", name, " is said twice"));
    }
    line->verbs.push_back(*verb);
  }
  const auto scope = Named<Scope, 3>(words[5]);
  if (!scope.has_value()) {
    return Wrong(absl::StrCat("no scope ", words[5], "; there are own, unit, tree"));
  }
  line->scope = *scope;
  for (size_t i = 6; i < words.size(); ++i) {
    SOTAY_RETURN_IF_ERROR(ReadCondition(words[i], line.get()));
  }
  matrix_->lines_.push_back(std::move(line));
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadLine(absl::string_view line) {
  const Words words = WordsOf(line);
  if (words.empty()) return absl::OkStatus();
  if (words[0] == "version") return ReadVersion(words);
  if (words[0] == "since") return ReadSince(words);
  if (words[0] == "field") return ReadField(line, words);
  if (words[0] == "field-of") return ReadFieldOf(words);
  if (words[0] == "submitted") return ReadSubmitted(words);
  if (words[0] == "assigned") return ReadAssigned(words);
  if (words[0] == "hidden") return ReadHidden(words);
  if (words[0] == "rule") return ReadRule(words);
  return Wrong(absl::StrCat("no line begins with ", words[0],
                            "; lines begin with version, since, field, field-of, submitted, "
                            "assigned, hidden, rule"));
}

void MatrixReader::Finish() {
  Matrix& matrix = *matrix_;
  for (const auto& [type, kind] : named_) matrix.types_[type].kind = kind;
  matrix.cells_.resize(kCapacities * matrix.kinds_.size() * kVerbs);
  for (const auto& line : matrix.lines_) {
    for (const Kind kind : line->kinds) {
      for (const Verb verb : line->verbs) {
        matrix.cells_[matrix.CellOf(line->capacity, kind, verb)].push_back(line.get());
      }
    }
  }
}

absl::StatusOr<std::shared_ptr<const Matrix>> MatrixReader::Read(absl::string_view text) {
  matrix_->kinds_ = {"other", "device", "audit"};
  matrix_->text_ = std::string(text);
  if (text.size() > kTableBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_, ": ", text.size(), " bytes, limit ", kTableBytesMax));
  }
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_;
    if (Utf8Prefix(line) != line.size()) return Wrong("not text in UTF-8");
    SOTAY_RETURN_IF_ERROR(ReadLine(line));
  }
  if (matrix_->version_.empty()) return Wrong("the table ends without a line: version NAME");
  if (matrix_->since_ == 0) return Wrong("the table ends without a line: since YYYY-MM-DD");
  if (matrix_->lines_.empty())
    return Wrong("the table ends without a rule: nobody may do anything");
  Finish();
  return std::shared_ptr<const Matrix>(std::move(matrix_));
}

absl::StatusOr<std::shared_ptr<const Matrix>> Matrix::Parse(absl::string_view text,
                                                            absl::string_view file,
                                                            const Schema& schema) {
  return MatrixReader(file, schema).Read(text);
}

}  // namespace sotay::sync
