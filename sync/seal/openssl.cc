#include "sync/seal/openssl.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace sotay::seal {

absl::Status OpensslFailed(absl::string_view tried) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return absl::InternalError(
      absl::StrCat(tried, " failed: ", reason == nullptr ? "no reason given" : reason));
}

void Fatal(const char* sentence) {
  std::fprintf(stderr, "sotay: %s\n", sentence);
  std::abort();
}

BioPtr ReaderOf(absl::string_view bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string WrittenTo(BIO* bio) {
  char* start = nullptr;
  const long size = BIO_get_mem_data(bio, &start);
  return size > 0 ? std::string(start, static_cast<size_t>(size)) : std::string();
}

int NoPassPhrase(char*, int, int, void*) { return -1; }

}  // namespace sotay::seal
