#include "tests/bench/prose.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sotay::bench {
namespace {

constexpr size_t kShortestSentence = 6;  // words; shorter ones could not all be different

// "N.V.C." and the like.
bool IsInitials(const std::string& word) {
  return word.size() >= 4 && word[1] == '.' &&
         absl::ascii_isupper(static_cast<unsigned char>(word[0]));
}

bool HasDigit(const std::string& word) {
  return std::any_of(word.begin(), word.end(),
                     [](char letter) { return letter >= '0' && letter <= '9'; });
}

// The letters of ASCII, and Đ, which begins names and sentences often.
std::string Capitalised(std::string word) {
  if (word.rfind("đ", 0) == 0) return absl::StrCat("Đ", word.substr(2));
  word[0] = absl::ascii_toupper(static_cast<unsigned char>(word[0]));
  return word;
}

}  // namespace

absl::StatusOr<Prose> Prose::Load(const std::string& path, uint64_t seed) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read the sample notes: ", path));
  const nlohmann::json samples = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!samples.is_object() || !samples.contains("notes") || !samples.contains("people")) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no sample notes"));
  }
  Prose prose(seed);
  for (const auto& person : samples["people"]) {
    const std::vector<std::string> parts =
        absl::StrSplit(person.value("full_name", ""), ' ', absl::SkipEmpty());
    if (parts.size() < 2) continue;
    prose.family_.push_back(parts.front());
    prose.given_.push_back(parts.back());
    if (parts.size() > 2) prose.middle_.push_back(parts[1]);
  }
  for (const auto& note : samples["notes"]) {
    size_t length = 0;
    const std::string body = note.value("body", "");
    for (const absl::string_view piece : absl::StrSplit(body, ' ', absl::SkipEmpty())) {
      std::string word(piece);
      ++length;
      const bool ends = word.back() == '.' && !IsInitials(word);
      if (ends) word.pop_back();
      if (!word.empty()) prose.words_.push_back(std::move(word));
      if (!ends) continue;
      prose.lengths_.push_back(std::max(length, kShortestSentence));
      length = 0;
    }
  }
  if (prose.words_.size() < 100 || prose.lengths_.empty() || prose.middle_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": too few words or people"));
  }
  prose.dealt_ = prose.words_.size();
  return prose;
}

std::string Prose::Word() {
  if (dealt_ == words_.size()) {
    std::shuffle(words_.begin(), words_.end(), chance_);
    dealt_ = 0;
  }
  std::string word = words_[dealt_++];
  if (IsInitials(word)) {
    for (size_t i = 0; i < word.size(); i += 2) word[i] = static_cast<char>('A' + Below(26));
  } else if (HasDigit(word)) {
    for (char& letter : word) {
      if (letter >= '0' && letter <= '9') letter = static_cast<char>('0' + Below(10));
    }
  }
  return word;
}

std::string Prose::Name() {
  return absl::StrCat(family_[Below(family_.size())], " ", middle_[Below(middle_.size())], " ",
                      given_[Below(given_.size())]);
}

std::string Prose::Sentence(size_t bytes) {
  const size_t length = lengths_[Below(lengths_.size())];
  std::vector<std::string> words;
  size_t taken = 1;  // the full stop
  while (words.size() < length) {
    std::string word = Below(40) == 0 ? Name() : Word();
    if (taken + word.size() + 1 > bytes) break;
    taken += word.size() + 1;
    words.push_back(std::move(word));
  }
  if (words.size() < 2) return "";
  words.front() = Capitalised(std::move(words.front()));
  std::string sentence;
  for (const std::string& word : words)
    absl::StrAppend(&sentence, sentence.empty() ? "" : " ", word);
  while (sentence.back() == ',' || sentence.back() == ';' || sentence.back() == ':') {
    sentence.pop_back();
  }
  return sentence.back() == '.' ? sentence : absl::StrCat(sentence, ".");
}

std::string Prose::Note(size_t bytes) {
  std::string note;
  while (note.size() + 1 < bytes) {
    const std::string sentence = Sentence(bytes - note.size() - (note.empty() ? 0 : 1));
    if (sentence.empty()) break;
    if (!said_.insert(sentence).second) continue;
    absl::StrAppend(&note, note.empty() ? "" : " ", sentence);
  }
  return note;
}

}  // namespace sotay::bench
