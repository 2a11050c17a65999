// Page tokens: where a list goes on, bound to the question it was asked with.  No right: what a
// page shows is guarded anew each time.  But sealed: the place is of the last row that was looked
// at, shown or not, and would tell of those that are kept back.  Under a key of the process: a list
// that was begun before the server's start is begun anew.  Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace sotay::server {

// Bytes of one answer's records or changes; at least one is always sent.
constexpr size_t kPageBytesMax = size_t{2} << 20;

// The place after which the next page begins.
struct PagePlace {
  std::string unit;
  uint64_t number = 0;
  std::string record;
};

// `question` is the request without its page fields, serialised.  Ends the process where OpenSSL
// cannot seal: without a token the list would seem to be at its end.
std::string PageToken(absl::string_view question, const PagePlace& place);
// Nothing for an empty token, the first page.  INVALID_ARGUMENT for one that is malformed or of
// another question.
absl::StatusOr<absl::optional<PagePlace>> ReadPageToken(absl::string_view question,
                                                        absl::string_view token);

// The size asked for, or `usual` when it is 0.  INVALID_ARGUMENT out of 1 to 500.
absl::StatusOr<size_t> PageSize(int32_t asked, size_t usual);

// A request without its page fields.
template <typename Request>
std::string QuestionOf(const Request& request) {
  Request question = request;
  question.clear_page_token();
  question.clear_page_size();
  return question.SerializeAsString();
}

}  // namespace sotay::server
