#include "tests/bench/stage.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/link.h"
#include "sync/status_macros.h"

namespace sotay::bench {

absl::StatusOr<std::unique_ptr<sdk::Notebook>> Premises::NewNotebook() {
  const std::string name = absl::StrCat("nguoi-doc-", ++notebooks);
  SOTAY_RETURN_IF_ERROR(office->PutUser(name, absl::StrCat("Người đọc ", notebooks),
                                        fleet->unit_id(), options::v1::ROLE_PROSECUTOR));
  SOTAY_ASSIGN_OR_RETURN(std::string invitation, office->Invite(name));
  SOTAY_ASSIGN_OR_RETURN(invitation, InvitationAt(invitation, proxy->address()));
  const std::string path = absl::StrCat(dir, "/", name);
  SOTAY_RETURN_IF_ERROR(sdk::Notebook::Enroll(path, invitation, name));
  return sdk::Notebook::Open(path);
}

absl::StatusOr<std::unique_ptr<Premises>> Stage::NewPremises(size_t phones,
                                                             const std::string& above) {
  auto premises = std::make_unique<Premises>();
  premises->dir = absl::StrCat(dir_, "/premises-", ++premises_);
  SOTAY_ASSIGN_OR_RETURN(premises->server, ServerProcess::Start(premises->dir));
  premises->office = std::make_unique<Office>(premises->server->administrator());
  Say(absl::StrCat("enrolling ", phones, " phones"));
  if (!above.empty()) SOTAY_RETURN_IF_ERROR(premises->office->PutUnit(above, above));
  SOTAY_ASSIGN_OR_RETURN(premises->fleet,
                         Fleet::Enrol(premises->office.get(), &prose_, phones, above));
  SOTAY_ASSIGN_OR_RETURN(premises->proxy, CountingProxy::Start(premises->server->port()));
  return premises;
}

absl::StatusOr<Premises*> Stage::FilledPremises(size_t records) {
  std::unique_ptr<Premises>& premises = filled_[records];
  if (premises != nullptr) return premises.get();
  constexpr size_t kPhones = 10;
  SOTAY_ASSIGN_OR_RETURN(std::unique_ptr<Premises> made, NewPremises(kPhones));
  Say(absl::StrCat("filling an office with ", records, " records"));
  // In portions, so that memory stays small.
  constexpr size_t kPortion = 500;
  for (size_t left = records / kPhones; left > 0;) {
    Round round;
    round.notes = std::min(left, kPortion);
    round.push_notes = kPortion;
    round.note_bytes = kNoteBytes;
    SOTAY_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries, made->fleet->Write(round));
    const DeliveryReport report = Deliver(deliveries, kPhones);
    SOTAY_RETURN_IF_ERROR(report.first_error);
    left -= round.notes;
  }
  premises = std::move(made);
  return premises.get();
}

}  // namespace sotay::bench
