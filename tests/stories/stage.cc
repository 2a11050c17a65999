#include "tests/stories/stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace sotay::tests {
namespace {

using nlohmann::json;

namespace fs = std::filesystem;

constexpr char kUnit[] = "vkskv1";

// Values of FIELD=VALUE, FIELD+=VALUE, and of options that take words.
std::vector<std::string> TypedIn(const std::vector<std::string>& words) {
  std::vector<std::string> typed;
  static const std::set<std::string> kTyping = {"new",  "edit",      "resolve",
                                                "sign", "deadlines", "quarantine"};
  static const std::set<std::string> kWords = {"--value",  "--reason", "--document",
                                               "--signer", "--remark", "--subject"};
  if (words.empty() || kTyping.count(words[0]) == 0) return {};
  for (size_t i = 1; i < words.size(); ++i) {
    const bool option = kWords.count(words[i - 1]) != 0;
    const size_t sign = words[i].find('=');
    if (option) typed.push_back(words[i]);
    if (!option && sign != std::string::npos) typed.push_back(words[i].substr(sign + 1));
  }
  return typed;
}

// Whether people could have typed it: ids, hashes and clocks hold every short word somewhere.
bool IsWords(absl::string_view text) {
  const bool hex = std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
  return text.size() < 16 || !hex;
}

// Without the signs around it: where a sentence ends, its last word may have been typed before.
absl::string_view Bare(absl::string_view word) {
  constexpr absl::string_view kSigns = ".,;:!?()";
  while (!word.empty() && absl::StrContains(kSigns, word.front())) word.remove_prefix(1);
  while (!word.empty() && absl::StrContains(kSigns, word.back())) word.remove_suffix(1);
  return word;
}

// Words people typed that a document shows, in lower case.
void AddWords(const json& document, std::set<std::string>* words) {
  constexpr int64_t kClockMin = 1'000'000'000;
  if (document.is_structured()) {
    for (const json& part : document) AddWords(part, words);
  } else if (document.is_number_integer()) {
    const auto number = document.get<int64_t>();
    if (number < kClockMin) words->insert(std::to_string(number));
  } else if (document.is_string()) {
    const std::string text = absl::AsciiStrToLower(document.get<std::string>());
    for (const absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" \n"))) {
      if (IsWords(word)) words->emplace(Bare(word));
    }
  }
}

// Of a choice ("custody_place") the whole name is shown (INSPECTION_KIND_CUSTODY_PLACE).
bool Shows(const std::set<std::string>& words, const std::string& word) {
  return words.count(word) != 0 ||
         std::any_of(words.begin(), words.end(), [&](const std::string& shown) {
           return absl::EndsWith(shown, absl::StrCat("_kind_", word)) ||
                  absl::EndsWith(shown, absl::StrCat("_role_", word)) ||
                  absl::EndsWith(shown, absl::StrCat("_planning_", word)) ||
                  absl::EndsWith(shown, absl::StrCat("_state_", word));
         });
}

// Conflicts in an order of their own, without what each notebook calls people.
json Told(json conflicts) {
  const std::function<void(json&)> clean = [&](json& part) {
    if (part.is_object()) part.erase("name");
    if (part.is_structured()) std::for_each(part.begin(), part.end(), clean);
  };
  clean(conflicts);
  std::sort(conflicts.begin(), conflicts.end());
  return conflicts;
}

// How many changes a `sync` says that it sent.
json SentIn(const Ended& sync) {
  const json said = json::parse(sync.out, nullptr, /*allow_exceptions=*/false);
  return said.is_object() ? said.value("sent", json()) : json();
}

}  // namespace

Stage::Stage(const Words& prosecutors, std::string schema) : schema_(std::move(schema)) {
  office_.StartServer(schema_.empty() ? Words{} : Words{"--schema", schema_});
  office_.MakeUnit(prosecutors);
  PutUser(kLeader, "supervisor");
  Enrol(kLeader, kLeader);
  for (const std::string& user : prosecutors) Enrol(user, user);
}

void Stage::PutUser(const std::string& user, const std::string& role) {
  Words words = {"users", "put", user, "--name", user};
  if (!role.empty()) words.insert(words.end(), {"--member", absl::StrCat(kUnit, ":", role)});
  office_.Administrator(words);
}

void Stage::Enrol(const std::string& phone, const std::string& user) {
  Phone(phone, {"enroll", office_.Invite(user)});
  Phone(phone, {"sync"});
  phones_.push_back(phone);
}

void Stage::SetClock(const std::string& phone, const std::string& faketime) {
  clocks_[phone] = faketime;
}

void Stage::Lose(const std::string& phone) {
  phones_.erase(std::remove(phones_.begin(), phones_.end(), phone), phones_.end());
}

Ended Stage::Run(const std::string& program, const std::string& phone, const Words& words) {
  Words command = {program, "--dir", DirectoryOf(phone), "--lang", "en", "--json"};
  if (!schema_.empty()) command.insert(command.end(), {"--schema", schema_});
  command.insert(command.end(), words.begin(), words.end());
  const auto clock = clocks_.find(phone);
  if (clock == clocks_.end()) return office_.Run(command);
  static const std::map<std::string, std::string> kFaketime = {
      {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}, {"NO_FAKE_STAT", "1"}};
  const auto [hand, made] =
      hands_.try_emplace(clock->second, Words{FAKETIME, "-f", clock->second}, kFaketime);
  return hand->second.Run(command);
}

Ended Stage::Try(const std::string& phone, const Words& words) {
  Ended ended = Run("sotay", phone, words);
  if (ended.exit_code != 0) return ended;
  for (std::string& value : TypedIn(words)) typed_.push_back(std::move(value));
  if (words[0] == "attach") files_[json::parse(ended.out).at("id")] = words[1];
  return ended;
}

json Stage::Phone(const std::string& phone, const Words& words) {
  const Ended ended = Try(phone, words);
  EXPECT_EQ(ended.exit_code, 0) << phone << " " << words.front() << ": " << ended.err;
  return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
}

Ended Stage::Decide(const std::string& phone, const Words& words) {
  Ended ended = Run("sotayctl", phone, words);
  if (ended.exit_code == 0) {
    for (std::string& value : TypedIn(words)) typed_.push_back(std::move(value));
  }
  return ended;
}

json Stage::Console(const std::string& user, const Words& words) {
  const Ended ended = Run("sotayctl", user, words);
  EXPECT_EQ(ended.exit_code, 0) << user << " " << words.front() << ": " << ended.err;
  return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
}

Ended Stage::Exchange(const std::string& phone) {
  const std::string kept = DirectoryOf(phone);
  const std::string copy = absl::StrCat(kept, ".copy");
  fs::copy(kept, copy, fs::copy_options::recursive);
  if (const auto clock = clocks_.find(phone); clock != clocks_.end()) {
    clocks_[phone + ".copy"] = clock->second;
  }
  const Ended first = Run("sotay", phone + ".copy", {"sync"});
  fs::remove_all(copy);
  Ended second = Run("sotay", phone, {"sync"});
  // The second is heard as the first was, and sends as much.
  EXPECT_EQ(first.exit_code, second.exit_code) << phone << ": " << first.err << second.err;
  EXPECT_EQ(SentIn(first), SentIn(second)) << phone;
  return second;
}

Stage::Words Stage::Turns(size_t order) {
  // Another order each time; one comes again when all there are have been.
  constexpr size_t kStep = 7;
  const void* const telling = ::testing::UnitTest::GetInstance()->current_test_info();
  if (std::exchange(telling_, telling) != telling) {
    meetings_ = 0;
    met_.clear();
  }
  return InOrder(phones_, order + kStep * meetings_++);
}

void Stage::Meet(const Words& turns) {
  absl::StrAppend(&met_, met_.empty() ? "met: " : "; ", absl::StrJoin(turns, ", "));
  SCOPED_TRACE(met_);
  for (const std::string& phone : turns) {
    const Ended ended = Exchange(phone);
    EXPECT_EQ(ended.exit_code, 0) << phone << ": " << ended.err;
  }
  for (const std::string& phone : turns) Phone(phone, {"sync"});
}

void Stage::Share(const std::string& phone) {
  Phone(phone, {"sync"});
  for (const std::string& other : phones_) {
    if (other != phone) Phone(other, {"sync"});
  }
}

std::string Stage::Inspection(const Words& fields) {
  Words words = {"new", "inspection", "kind=custody_place"};
  words.insert(words.end(), fields.begin(), fields.end());
  const std::string id = Phone(kDam, words).value("id", "");
  Share(kDam);
  return id;
}

std::string Stage::New(const std::string& phone, const std::string& type,
                       const std::string& inspection, const Words& fields) {
  Words words = {"new", type, "--in", inspection};
  words.insert(words.end(), fields.begin(), fields.end());
  return Phone(phone, words).value("id", "");
}

void Stage::ExpectTogether() {
  SCOPED_TRACE(met_);
  const json digest = Console({"digest", "--unit", kUnit});
  for (const std::string& phone : phones_) EXPECT_EQ(Phone(phone, {"digest"}), digest) << phone;
  if (const json told = Told(Console({"conflicts"})); !told.empty()) {
    for (const std::string& phone : phones_) {
      EXPECT_EQ(Told(Phone(phone, {"conflicts"})), told) << phone;
    }
  }
  ExpectAllSaid();
}

void Stage::ExpectAllSaid() {
  ExpectNothingLost();
  ExpectFiles();
  ExpectConflictsSayWhoAndWhen();
}

void Stage::ExpectNothingLost() {
  std::set<std::string> moved;
  for (const json& line : Console({"records", "--limit", "10000"})) {
    // One that did not move is as it was.
    auto& [position, document] = records_[line["id"]];
    const uint64_t now = line["position"];
    if (std::exchange(position, now) == now) continue;
    moved.insert(line["id"].get<std::string>());
    document = Console({"show", line["id"], "--history", "500"});
  }
  // Only of what moved since this was asked last: what stood there before tells nothing.
  std::set<std::string> found;
  AddWords(Console({"quarantine", "--all"}), &found);
  for (const std::string& id : moved) AddWords(records_[id].second, &found);
  for (const std::string& value : std::exchange(typed_, {})) {
    // How a conflict is written out is no word of anybody's.
    const std::string words = absl::StrReplaceAll(value, {{"⟦", " "}, {" | ", " "}, {"⟧", " "}});
    for (const absl::string_view word : absl::StrSplit(words, ' ', absl::SkipEmpty())) {
      if (!IsWords(word) || Bare(word).empty()) continue;  // the id of a record; a dash
      EXPECT_TRUE(Shows(found, absl::AsciiStrToLower(Bare(word))))
          << "\"" << word << "\" of \"" << value << "\" is nowhere";
    }
  }
}

void Stage::ExpectFiles() {
  const std::string out = office_.space() / "fetched";
  for (const auto& [attachment, source] : files_) {
    Console({"save", attachment, out});
    EXPECT_TRUE(FileContents(out) == FileContents(source)) << source << " is another";
    fs::remove(out);
  }
}

void Stage::ExpectConflictsSayWhoAndWhen() {
  for (const json& conflict : Console({"conflicts"})) {
    std::map<std::string, int64_t> received;
    const bool requested = conflict.contains("request");
    const json& about = requested ? conflict["request"] : conflict;
    for (const json& change : records_[about["record"]].second["history"]) {
      received[change["change"]] = change["admission"]["received_ms"];
    }
    std::set<std::string> values;
    for (const json& reading : requested ? json::array({about}) : about["readings"]) {
      values.insert(reading["value"].dump());
      EXPECT_NE(reading.value("user", ""), "") << conflict;
      EXPECT_NE(reading.value("device", ""), "") << conflict;
      EXPECT_GT(reading["claimed_ms"], 0) << conflict;
      EXPECT_GT(received[reading["change"]], 0) << conflict;
    }
    if (!requested) EXPECT_GE(values.size(), 2u) << conflict;
  }
}

void Stage::TakeTable(const std::function<std::string(std::string)>& change) {
  const std::string rules = office_.space() / "office.rules";
  const std::string settings = office_.space() / "server/sotayd.toml";
  std::ofstream(rules) << change(Console({"rules", "--text"}).value("text", ""));
  const std::string before = FileContents(settings);
  std::ofstream(settings) << "rules = \"" << rules << "\"\n" << before;
  EXPECT_EQ(office_.StopServer(), 0);
  office_.StartServer(schema_.empty() ? Words{} : Words{"--schema", schema_});
}

void Stage::Close() {
  EXPECT_EQ(office_.StopServer(), 0);
  const Ended check = office_.Check(schema_.empty() ? Words{} : Words{"--schema", schema_});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

}  // namespace sotay::tests
