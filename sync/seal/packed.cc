#include "sync/seal/packed.h"

#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "sync/seal/openssl.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

// Made once a thread: setting one up costs more than packing a note.
ZSTD_CCtx* Packer() {
  thread_local const std::unique_ptr<ZSTD_CCtx, Freer<ZSTD_freeCCtx>> packer(ZSTD_createCCtx());
  if (packer == nullptr) Fatal("out of memory for packing");
  return packer.get();
}

ZSTD_DCtx* Unpacker() {
  thread_local const std::unique_ptr<ZSTD_DCtx, Freer<ZSTD_freeDCtx>> unpacker(ZSTD_createDCtx());
  if (unpacker == nullptr) Fatal("out of memory for unpacking");
  return unpacker.get();
}

// What a frame asks for before it gives anything (RFC 8878, 3.1.1.1).  Read by ourselves: given
// the whole frame, the library never looks at its window limit, and it would take frames of
// zstd's first years as well.
struct FrameHeader {
  bool dictionary = false;
  uint64_t window_bytes = 0;
  absl::optional<uint64_t> content_bytes;
};

uint64_t LittleEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;) number = number << 8 | Bytes(bytes)[i];
  return number;
}

absl::StatusOr<FrameHeader> ReadFrameHeader(absl::string_view data) {
  const absl::Status truncated = absl::InvalidArgumentError(absl::StrCat(
      "packed data of ", data.size(), " bytes does not begin with a whole zstd frame header"));
  if (data.size() < 5 || LittleEndian(data.substr(0, 4)) != ZSTD_MAGICNUMBER) return truncated;
  const unsigned char descriptor = Bytes(data)[4];
  data.remove_prefix(5);

  FrameHeader header;
  const bool single_segment = (descriptor & 0x20) != 0;
  if (!single_segment) {
    if (data.empty()) return truncated;
    const unsigned char window = Bytes(data)[0];
    const uint64_t base = uint64_t{1} << (10 + (window >> 3));
    header.window_bytes = base + base / 8 * (window & 7);
    data.remove_prefix(1);
  }
  static constexpr size_t kDictionaryIdBytes[] = {0, 1, 2, 4};
  const size_t dictionary_bytes = kDictionaryIdBytes[descriptor & 3];
  header.dictionary = dictionary_bytes != 0;
  if (data.size() < dictionary_bytes) return truncated;
  data.remove_prefix(dictionary_bytes);

  static constexpr size_t kContentSizeBytes[] = {0, 2, 4, 8};
  const int content_flag = descriptor >> 6;
  const size_t content_bytes =
      content_flag == 0 && single_segment ? 1 : kContentSizeBytes[content_flag];
  if (data.size() < content_bytes) return truncated;
  if (content_bytes > 0) {
    // The two-byte form begins where the one-byte form ends.
    header.content_bytes = LittleEndian(data.substr(0, content_bytes)) +
                           (content_bytes == 2 ? uint64_t{256} : uint64_t{0});
  }
  if (single_segment) header.window_bytes = *header.content_bytes;
  return header;
}

absl::Status CheckFrame(absl::string_view data, size_t size) {
  SOTAY_ASSIGN_OR_RETURN(const FrameHeader header, ReadFrameHeader(data));
  if (header.dictionary) {
    return absl::InvalidArgumentError("zstd frame needs a dictionary; pack without one");
  }
  if (header.window_bytes > kPackedWindowBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("zstd window ", header.window_bytes,
                                                   " bytes, limit ", kPackedWindowBytesMax,
                                                   "; pack with a smaller window"));
  }
  if (header.content_bytes.has_value() && *header.content_bytes != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("zstd frame holds ", *header.content_bytes, " bytes, declared ", size));
  }
  const size_t frame_bytes = ZSTD_findFrameCompressedSize(data.data(), data.size());
  if (ZSTD_isError(frame_bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("zstd frame in ", data.size(),
                     " bytes is malformed or cut short: ", ZSTD_getErrorName(frame_bytes)));
  }
  if (frame_bytes != data.size()) {
    return absl::InvalidArgumentError(absl::StrCat("zstd frame ends after ", frame_bytes, " of ",
                                                   data.size(), " bytes; send one frame only"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> UnpackFrame(absl::string_view data, size_t size,
                                        absl::string_view before) {
  if (size > uint64_t{kPackedRatioMax} * data.size()) {
    return absl::InvalidArgumentError(absl::StrCat("declared size ", size, " bytes is over ",
                                                   kPackedRatioMax, " times the ", data.size(),
                                                   " bytes packed; send it plain"));
  }
  SOTAY_RETURN_IF_ERROR(CheckFrame(data, size));
  std::string raw(size, '\0');
  ZSTD_DCtx* const unpacker = Unpacker();
  const size_t prepared = ZSTD_DCtx_refPrefix(unpacker, before.data(), before.size());
  if (ZSTD_isError(prepared)) return absl::InternalError(ZSTD_getErrorName(prepared));
  const size_t got =
      ZSTD_decompressDCtx(unpacker, raw.data(), raw.size(), data.data(), data.size());
  if (ZSTD_isError(got)) {
    return absl::InvalidArgumentError(absl::StrCat("zstd frame does not unpack to the declared ",
                                                   size, " bytes: ", ZSTD_getErrorName(got)));
  }
  if (got != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("zstd frame unpacks to ", got, " bytes, declared ", size));
  }
  return raw;
}

}  // namespace

v1::Packed PackAfter(absl::string_view before, absl::string_view raw, int level) {
  if (raw.size() > std::numeric_limits<uint32_t>::max()) {
    Fatal("more than 4 GiB were to be packed; the caller passed over its limits");
  }
  v1::Packed packed;
  packed.set_size(static_cast<uint32_t>(raw.size()));
  std::string* const data = packed.mutable_data();
  // Past the window the receiver allows, a single frame would not be taken.
  if (raw.size() <= kPackedWindowBytesMax) {
    data->resize(ZSTD_compressBound(raw.size()));
    ZSTD_CCtx* const packer = Packer();
    ZSTD_CCtx_reset(packer, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_refPrefix(packer, before.data(), before.size());  // for this frame alone
    const size_t size = ZSTD_compress2(packer, data->data(), data->size(), raw.data(), raw.size());
    if (!ZSTD_isError(size) && size < raw.size() && raw.size() <= kPackedRatioMax * size) {
      data->resize(size);
      packed.set_codec(before.empty() ? v1::CODEC_ZSTD : v1::CODEC_ZSTD_AFTER_PUSH);
      return packed;
    }
  }
  data->assign(raw.data(), raw.size());
  packed.set_codec(v1::CODEC_PLAIN);
  return packed;
}

v1::Packed Pack(absl::string_view raw, int level) { return PackAfter({}, raw, level); }

absl::StatusOr<std::string> Unpack(const v1::Packed& packed, size_t size_max,
                                   absl::string_view before) {
  if (packed.size() > size_max) {
    return absl::InvalidArgumentError(absl::StrCat(
        "declared size ", packed.size(), " bytes, limit ", size_max, "; send it in smaller parts"));
  }
  switch (packed.codec()) {
    case v1::CODEC_PLAIN:
      if (packed.data().size() != packed.size()) {
        return absl::InvalidArgumentError(absl::StrCat("plain data of ", packed.data().size(),
                                                       " bytes, declared ", packed.size()));
      }
      return packed.data();
    case v1::CODEC_ZSTD:
      return UnpackFrame(packed.data(), packed.size(), {});
    case v1::CODEC_ZSTD_AFTER_PUSH:
      if (before.empty()) {
        return absl::InvalidArgumentError("packed after a push, and nothing was pushed");
      }
      return UnpackFrame(packed.data(), packed.size(), before);
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "codec ", static_cast<int>(packed.codec()), " is not known; known are ",
          static_cast<int>(v1::CODEC_PLAIN), " (plain), ", static_cast<int>(v1::CODEC_ZSTD),
          " (zstd) and ", static_cast<int>(v1::CODEC_ZSTD_AFTER_PUSH), " (zstd after a push)"));
  }
}

}  // namespace sotay::seal
