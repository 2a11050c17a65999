// sign: a leader signs a record as it is shown, or gives it back.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/signatures.h"
#include "sync/freeze.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct SignWords {
  std::string record, reason, capacity;
  bool give_back = false;
  bool read_again = false;
};

absl::Status Sign(const Invocation& run, const SignWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId object, open.notebook->Find(words.record));
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(object));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordView> before,
                         open.notebook->Signatures(object));
  absl::optional<sync::RecordId> standing;
  if (!before.empty()) standing = before.back().record.id();
  if (words.give_back && words.reason.empty()) {
    return absl::InvalidArgumentError("who gives a record back says why: --reason WHY");
  }
  if (!words.give_back && !words.read_again && sync::HasSentencesToReadAgain(view.record)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "record ", object.Short(), " has sentences nobody ever read as they stand; sotay show ",
        object.Short(), " marks them: read them, then sign with --read-again"));
  }
  using Kind = sdk::Edit::Kind;
  std::vector<sdk::Edit> edits = {
      {Kind::kSet, "decision", "", words.give_back ? "return" : "sign"}};
  if (!words.reason.empty()) edits.push_back({Kind::kSet, "reason", "", words.reason});
  if (!words.capacity.empty()) edits.push_back({Kind::kSet, "capacity", "", words.capacity});
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id,
                         open.notebook->Sign(view, standing, "signoff", edits, words.read_again));
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView made, open.notebook->Read(id));
  run.Print({{"id", id.Hex()},
             {"type", made.record.type_name()},
             {"object", object.Hex()},
             {"unit", made.record.unit_id()},
             {"dossier", made.record.dossier().Hex()},
             {"sync", SyncStateName(made.state)}},
            absl::StrCat(words.give_back ? run.voice("Đã trả lại ", "Given back ")
                                         : run.voice("Đã ký ", "Signed "),
                         object.Short(), "\n",
                         SignaturesInWords(open.reader, view.record, {made.record})));
  if (!run.json) {
    run.Remark(run.voice("Có hiệu lực khi máy chủ giữ đúng bản này; nếu không sẽ được trả lại.\n",
                         "It takes effect when the server holds exactly this; otherwise it comes "
                         "back as stale.\n"));
  }
  return absl::OkStatus();
}

}  // namespace

void AddSignCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto sign = std::make_shared<SignWords>();
  Command command = AddCommand(app, run, "sign",
                               voice("Ký một bản ghi như đang hiển thị, hoặc trả lại",
                                     "Sign a record as shown, or return it"),
                               sign, &Sign);
  command
      .AddOption("RECORD", sign->record,
                 voice("mã, từ 4 chữ số đầu", "id, its first 4 digits or more"))
      .Required();
  command.AddFlag("--return", sign->give_back,
                  voice("trả lại để sửa", "give it back, to be written anew"));
  command.AddOption("--reason", sign->reason, voice("lý do", "why")).TypeName("WHY");
  command
      .AddOption("--capacity", sign->capacity,
                 voice("tư cách: head, for_head, by_delegation",
                       "capacity: head, for_head, by_delegation"))
      .TypeName("CAPACITY");
  command.AddFlag("--read-again", sign->read_again,
                  voice("đã đọc lại các câu có dấu đọc lại",
                        "the sentences marked to be read again were read"));
  command.Footer(
      voice("Ký được cả khi không có mạng. Ví dụ:", "Works without a network as well. Examples:") +
      R"(
  sotay sign 7f3a --capacity for_head
  sotay sign 9b20 --return --reason "Bổ sung căn cứ"
)");
}

}  // namespace sotay::cli
