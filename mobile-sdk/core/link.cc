#include "mobile-sdk/core/link.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace sotay::sdk {
namespace {

constexpr const char* kNotTheirs[] = {"certificate verify failed", "CERTIFICATE_VERIFY_FAILED"};
// What is left of a handshake that the server ended: it does not say why.
constexpr const char* kNotOurs[] = {"Socket closed", "Connection reset", "Broken pipe", "SETTINGS",
                                    "alert"};

template <typename Words>
bool Says(const absl::Status& failure, const Words& words) {
  return std::any_of(std::begin(words), std::end(words),
                     [&](const char* word) { return absl::StrContains(failure.message(), word); });
}

absl::Status Stranger(const char* whose, const char* what) {
  absl::Status told = absl::UnavailableError(what);
  told.SetPayload(kStrangerUrl, absl::Cord(whose));
  return told;
}

}  // namespace

absl::Status ToldAsStranger(absl::Status failure, const std::function<bool()>& may_be_refused) {
  if (!absl::IsUnavailable(failure)) return failure;
  if (Says(failure, kNotTheirs)) {
    return Stranger(
        kServers,
        "the server's certificate is by no authority this device trusts, or not good by its clock: "
        "either something else answers in its place, or the office replaced its authority while "
        "the device was away, or the clock is wrong; nothing was sent, and everything is kept.  If "
        "the clock is right and it is so in every network, ask for an invitation and run "
        "enroll INVITATION --again");
  }
  if (!Says(failure, kNotOurs) || !may_be_refused()) return failure;
  return Stranger(
      kDevices,
      "whoever answers ends the connection, and this device's certificate has ended, by its clock, "
      "or is by an authority that was replaced: that may be why; nothing was sent, and everything "
      "is kept.  If the clock is right and it is so in every network, ask for an invitation and "
      "run enroll INVITATION --again");
}

}  // namespace sotay::sdk
