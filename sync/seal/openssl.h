// Owners for what OpenSSL hands out, and manners towards its per-thread error queue.  Private
// to the files that speak OpenSSL: sync/seal/*.cc and server/authority.cc.  Any thread.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sotay::seal {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* owned) const {
    Free(owned);
  }
};

using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using BnPtr = std::unique_ptr<BIGNUM, Freer<BN_clear_free>>;
using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using X509ReqPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;

// Forgets, at the end of the scope, the errors OpenSSL queued within it.  gRPC's TLS reads the
// same queue on the same threads and would take our refused certificate for its own failure.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ~ErrorScope() { ERR_pop_to_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

// A call that can fail only for want of memory or a broken installation did fail: kInternal
// with what was tried and OpenSSL's own reason.
absl::Status OpensslFailed(absl::string_view tried);

// Ends the process with a sentence on stderr: going on without chance or hashes would be worse.
[[noreturn]] void Fatal(const char* sentence);

inline const unsigned char* Bytes(absl::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* Bytes(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

// The DER of `value`; empty when out of memory.
template <typename T>
std::string DerOf(int (*i2d)(const T*, unsigned char**), const T* value) {
  const int size = i2d(value, nullptr);
  if (size <= 0) return std::string();
  std::string der(static_cast<size_t>(size), '\0');
  unsigned char* at = Bytes(der);
  i2d(value, &at);
  return der;
}

// What all of `der` encodes; null when it is malformed or has bytes after its end.
template <typename Ptr>
Ptr FromDer(typename Ptr::pointer (*d2i)(typename Ptr::pointer*, const unsigned char**, long),
            absl::string_view der) {
  const unsigned char* at = Bytes(der);
  Ptr value(d2i(nullptr, &at, static_cast<long>(der.size())));
  if (value != nullptr && at != Bytes(der) + der.size()) value.reset();
  return value;
}

// A reader over `bytes`, which must outlive it; null when out of memory.
BioPtr ReaderOf(absl::string_view bytes);
// What was written to a memory `bio`.
std::string WrittenTo(BIO* bio);

// For PEM readers: no pass phrase, and above all no question on the terminal.
int NoPassPhrase(char* buffer, int size, int writing, void* context);

}  // namespace sotay::seal
