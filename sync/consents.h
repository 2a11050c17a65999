// What a phone and a server say to one another of what waits for a colleague's consent
// (sotay/v1/consents.proto).  Pure; any thread.
#pragma once

#include <string>

#include "absl/types/optional.h"
#include "sotay/v1/consents.pb.h"

namespace sotay::v1 {
class SyncRequest;
class SyncResponse;
}  // namespace sotay::v1

namespace sotay::sync {

// Of either list; records named of one change; bytes of a mark.
constexpr int kConsentsMax = 100;
constexpr int kConsentRecordsMax = 8;
constexpr size_t kConsentsMarkMax = 32;

// A phone that shows `shown` asks whether that is all there is.
void AskForConsents(const v1::Consents& shown, v1::SyncRequest* request);
// The mark of what it shows; nothing: it does not ask.
absl::optional<std::string> ConsentsShown(const v1::SyncRequest& request);

// The server answers with what there is instead.
void TellConsents(const v1::Consents& consents, v1::SyncResponse* response);
// Nothing: what is shown is what there is; also when it tells what cannot be, which is no reason to
// take nothing else of the answer.
absl::optional<v1::Consents> ConsentsTold(const v1::SyncResponse& response);

}  // namespace sotay::sync
