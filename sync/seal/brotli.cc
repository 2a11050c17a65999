#include "sync/seal/brotli.h"

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sync/seal/openssl.h"
#include "sync/seal/packed.h"

namespace sotay::seal {
namespace {

constexpr int kWindowBitsUnknown = 99;

// As the stream's first bits say (RFC 7932, 9.1).  What they are not used for there is a window of
// up to 1 GiB to some libraries.
int WindowBits(absl::string_view packed) {
  const unsigned char first = packed.empty() ? 0 : Bytes(packed)[0];
  if ((first & 1) == 0) return 16;
  if (const int more = first >> 1 & 7; more != 0) return 17 + more;
  const int less = first >> 4 & 7;
  if (less == 1) return kWindowBitsUnknown;
  return less == 0 ? 17 : 8 + less;
}

}  // namespace

std::string PackBrotli(absl::string_view raw) {
  std::string packed(BrotliEncoderMaxCompressedSize(raw.size()), '\0');
  size_t size = packed.size();
  const int quality = raw.size() <= kBrotliBestBytesMax ? BROTLI_MAX_QUALITY : 8;
  const BROTLI_BOOL done =
      BrotliEncoderCompress(quality, kBrotliWindowBitsMax, BROTLI_MODE_TEXT, raw.size(), Bytes(raw),
                            &size, reinterpret_cast<uint8_t*>(packed.data()));
  if (done == BROTLI_FALSE) Fatal("out of memory for packing");
  packed.resize(size);
  return packed;
}

absl::StatusOr<std::string> UnpackBrotli(absl::string_view packed, size_t size) {
  if (size > uint64_t{kPackedRatioMax} * packed.size()) {
    return absl::InvalidArgumentError(absl::StrCat("declared size ", size, " bytes is over ",
                                                   kPackedRatioMax, " times the ", packed.size(),
                                                   " bytes of brotli; send it plain"));
  }
  if (WindowBits(packed) > kBrotliWindowBitsMax) {
    return absl::InvalidArgumentError(absl::StrCat("brotli window over 2^", kBrotliWindowBitsMax,
                                                   " bytes; pack with a smaller one"));
  }
  const std::unique_ptr<BrotliDecoderState, Freer<BrotliDecoderDestroyInstance>> decoder(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
  if (decoder == nullptr) Fatal("out of memory for unpacking");
  std::string raw(size, '\0');
  size_t in_left = packed.size();
  const uint8_t* in = Bytes(packed);
  size_t out_left = size;
  auto* out = reinterpret_cast<uint8_t*>(raw.data());
  const BrotliDecoderResult result =
      BrotliDecoderDecompressStream(decoder.get(), &in_left, &in, &out_left, &out, nullptr);
  if (result != BROTLI_DECODER_RESULT_SUCCESS || out_left != 0 || in_left != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("brotli stream of ", packed.size(), " bytes does not unpack to the declared ",
                     size, " bytes or is followed by more: ",
                     BrotliDecoderErrorString(BrotliDecoderGetErrorCode(decoder.get()))));
  }
  return raw;
}

}  // namespace sotay::seal
