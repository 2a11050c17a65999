#include "sync/durable/log_reading.h"

#include <algorithm>
#include <array>
#include <string>

#include "sync/durable/crc32c.h"

namespace sotay::durable {
namespace {

constexpr uint64_t kBlockBytes = 32768;
constexpr uint64_t kHeaderBytes = 7;
// Where the checksummed part of a record starts: at its type.
constexpr uint64_t kTypeOffset = 6;
// Sequence and count of a batch.
constexpr uint64_t kBatchHeaderBytes = 12;

static_assert(kBlockBytes == Crc32cOfRanges::kBytesMax, "a block's ranges must be computable");

enum Type : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

bool IsType(uint8_t type) { return type >= kFull && type <= kLast; }

uint64_t LittleEndian(absl::string_view bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i > 0; --i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

// What a header claims.  `room` is the rest of its block, or of the file where that ends first.
struct Header {
  explicit Header(absl::string_view room)
      : stored_crc(static_cast<uint32_t>(LittleEndian(room, 4))),
        length(LittleEndian(room.substr(4), 2)),
        type(static_cast<uint8_t>(room[kTypeOffset])),
        fits(kHeaderBytes + length <= room.size()) {}

  uint32_t stored_crc;
  uint64_t length;
  uint8_t type;
  bool fits;
};

absl::string_view RoomAt(absl::string_view bytes, uint64_t offset) {
  return bytes.substr(offset, kBlockBytes - offset % kBlockBytes);
}

bool IsRecord(absl::string_view room, const Header& header) {
  return header.fits && IsType(header.type) &&
         UnmaskCrc32c(header.stored_crc) == Crc32c(room.substr(kTypeOffset, 1 + header.length));
}

// Whether the record in `room`, which is not one as it stands, becomes one by one flipped bit.
bool OneFlippedBit(absl::string_view room) {
  if (room.size() < kHeaderBytes) return false;
  const Header header(room);
  // In the length: another length that fits and agrees with the checksum.
  for (int bit = 0; bit < 16; ++bit) {
    std::string flipped(room);
    flipped[4 + bit / 8] = static_cast<char>(flipped[4 + bit / 8] ^ (1 << (bit % 8)));
    if (IsRecord(flipped, Header(flipped))) return true;
  }
  if (!header.fits) return false;
  const absl::string_view covered = room.substr(kTypeOffset, 1 + header.length);
  const uint32_t actual = Crc32c(covered);
  // In the checksum itself.
  for (int bit = 0; bit < 32; ++bit) {
    const uint32_t flipped = header.stored_crc ^ (uint32_t{1} << bit);
    if (IsType(header.type) && UnmaskCrc32c(flipped) == actual) return true;
  }
  // In type or payload: a flipped bit changes the checksum by an amount that depends only on
  // the bit and on how many bytes follow it, so walk from the last byte to the first.
  const uint32_t difference = actual ^ UnmaskCrc32c(header.stored_crc);
  std::array<uint32_t, 8> effects;
  for (uint32_t bit = 0; bit < 8; ++bit) effects[bit] = FeedZeroByteCrc32c(uint32_t{1} << bit);
  for (uint64_t byte = covered.size(); byte > 0; --byte) {
    for (uint32_t bit = 0; bit < 8; ++bit) {
      if (effects[bit] == difference) {
        return byte > 1 ? IsType(header.type) : IsType(header.type ^ (1 << bit));
      }
      effects[bit] = FeedZeroByteCrc32c(effects[bit]);
    }
  }
  return false;
}

// The walk from the start, record by record, as LevelDB would replay it.
class Walk {
 public:
  Walk(absl::string_view bytes, LogKind kind) : bytes_(bytes), kind_(kind) {}

  LogReading Take() {
    while (offset_ < bytes_.size()) {
      const absl::string_view room = RoomAt(bytes_, offset_);
      if (kBlockBytes - offset_ % kBlockBytes < kHeaderBytes) {
        offset_ += room.size();  // a trailer
        continue;
      }
      if (room.size() < kHeaderBytes) return Damaged(false);
      const Header header(room);
      if (!IsRecord(room, header)) return Damaged(OneFlippedBit(room));
      if (!Follows(header.type)) return Damaged(false);
      const uint64_t end = offset_ + kHeaderBytes + header.length;
      Add(header.type, room.substr(kHeaderBytes, header.length), end);
      offset_ = end;
    }
    if (inside_) return Damaged(false);
    return reading_;
  }

 private:
  // A FIRST of no bytes may be followed by a fresh record: early writers left such, and
  // LevelDB reads over it.
  bool Follows(uint8_t type) const {
    if (type == kMiddle || type == kLast) return inside_;
    return !inside_ || payload_bytes_ == 0;
  }

  void Add(uint8_t type, absl::string_view payload, uint64_t end) {
    if (type == kFull || type == kFirst) {
      batch_header_.clear();
      payload_bytes_ = 0;
    }
    batch_header_.append(payload.data(),
                         std::min(payload.size(), kBatchHeaderBytes - batch_header_.size()));
    payload_bytes_ += payload.size();
    inside_ = type == kFirst || type == kMiddle;
    if (inside_) return;
    reading_.whole_bytes = end;
    ++reading_.whole_records;
    if (kind_ == LogKind::kWriteAhead && batch_header_.size() == kBatchHeaderBytes) {
      const absl::string_view batch = batch_header_;
      sequence_next_ = LittleEndian(batch, 8) + LittleEndian(batch.substr(8), 4);
    }
  }

  LogReading Damaged(bool one_flipped_bit) {
    reading_.clean = false;
    reading_.damage_offset = offset_;
    reading_.one_flipped_bit = one_flipped_bit;
    reading_.later_record_offset = LaterRecord();
    return reading_;
  }

  // Tries every offset from the damage on: one that was damaged says nothing reliable about
  // where the next one starts.
  absl::optional<uint64_t> LaterRecord() const {
    for (uint64_t offset = offset_; offset < bytes_.size();) {
      const uint64_t block_start = offset - offset % kBlockBytes;
      const absl::string_view block = bytes_.substr(block_start, kBlockBytes);
      const Crc32cOfRanges crcs(block);
      for (; offset + kHeaderBytes <= block_start + block.size(); ++offset) {
        const uint64_t at = offset - block_start;
        const Header header(block.substr(at));
        if (header.type != kFull && header.type != kFirst) continue;
        if (!header.fits) continue;
        const uint32_t actual = crcs.Of(at + kTypeOffset, at + kHeaderBytes + header.length);
        if (UnmaskCrc32c(header.stored_crc) != actual) continue;
        if (!IsStale(block.substr(at + kHeaderBytes, header.length))) return offset;
      }
      offset = block_start + kBlockBytes;
    }
    return absl::nullopt;
  }

  bool IsStale(absl::string_view payload) const {
    // A fragment too short to tell counts as fresh: refusing is the safe mistake.
    return kind_ == LogKind::kWriteAhead && payload.size() >= kBatchHeaderBytes &&
           LittleEndian(payload, 8) < sequence_next_;
  }

  const absl::string_view bytes_;
  const LogKind kind_;
  LogReading reading_;
  uint64_t offset_ = 0;
  // Between a FIRST and its LAST.
  bool inside_ = false;
  // Of the logical record being read: its beginning, and its size so far.
  std::string batch_header_;
  uint64_t payload_bytes_ = 0;
  // The lowest sequence a record after the whole ones can have.
  uint64_t sequence_next_ = 0;
};

}  // namespace

LogReading ReadLog(absl::string_view bytes, LogKind kind) { return Walk(bytes, kind).Take(); }

}  // namespace sotay::durable
