// refused: own changes that the server set aside.  Their author's words, so it is never closed.
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/consents.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct NoWords {};

std::string DossierInWords(absl::string_view bytes) {
  const auto dossier = sync::RecordId::From(bytes);
  return dossier.has_value() ? dossier->Short() : "?";
}

absl::Status Refused(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RefusedChange> refused, open.notebook->Refused());
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  json list = json::array();
  std::string text;
  for (const sdk::RefusedChange& change : refused) {
    list.push_back({{"outcome", OutcomeJson(change.outcome)},
                    {"change", ChangeJson(open.reader, change.change, "", status.user_id, nullptr)},
                    {"awaits_consent", WaitsForConsent(status.consents, change.sequence)}});
    if (change.withheld) {
      list.back()["withheld"] = true;
      absl::StrAppend(
          &text, "#", change.sequence, "  ", run.voice("không được nhận", "set aside"), ": ",
          OneLine(change.outcome.message()), "\n  ", run.voice("hồ sơ ", "dossier "),
          DossierInWords(change.change.dossier_id()),
          run.voice(": điều đã ghi không còn ở máy này, cũng không có ở máy chủ; nếu cần giữ, ghi "
                    "vào hồ sơ giấy\n",
                    ": what was written is gone from this device, and the server has not kept it; "
                    "what is to be kept goes into the paper file\n"));
      continue;
    }
    const bool held = change.outcome.verdict() == v1::VERDICT_HELD;
    absl::StrAppend(
        &text, "#", change.sequence, "  ",
        held ? run.voice("đang chờ", "held") : run.voice("không được nhận", "set aside"), ": ",
        OneLine(change.outcome.message()), "\n  ",
        WaitsForConsent(status.consents, change.sequence) ? OwnConsentInWords(run.voice) + "\n  "
                                                          : "",
        ChangeInWords(open.reader, change.change, status.user_id, nullptr, {}));
  }
  if (text.empty()) {
    text = run.voice("Không có gì bị giữ lại.\n", "Nothing of yours is set aside.\n");
  }
  run.Print(list, text);
  return absl::OkStatus();
}

}  // namespace

void AddRefusedCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  AddCommand(app, run, "refused",
             voice("Xem thay đổi của mình mà máy chủ giữ lại",
                   "Show changes of yours that were set aside"),
             std::make_shared<NoWords>(), &Refused);
}

}  // namespace sotay::cli
