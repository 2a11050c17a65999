#include "sync/durable/log_reading.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "leveldb/db.h"
#include "leveldb/env.h"
#include "leveldb/helpers/memenv.h"
#include "tests/sync/durable/log_builder.h"

namespace sotay::durable {
namespace {

LogReading Read(const std::string& bytes) { return ReadLog(bytes, LogKind::kWriteAhead); }

// A log of `count` batches of 1,000 bytes, sequences from 1.
LogBuilder Thousands(int count) {
  LogBuilder log;
  for (int i = 1; i <= count; ++i) log.Add(Batch(i, 1, 1000));
  return log;
}

TEST(LogReading, AnEmptyLogIsClean) {
  const LogReading reading = Read("");
  EXPECT_TRUE(reading.clean);
  EXPECT_EQ(reading.whole_bytes, 0u);
}

TEST(LogReading, ReadsWhatLevelDbWrites) {
  std::unique_ptr<leveldb::Env> env(leveldb::NewMemEnv(leveldb::Env::Default()));
  leveldb::Options options;
  options.env = env.get();
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, "/store", &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  leveldb::WriteOptions sync;
  sync.sync = true;
  // Sizes that end blocks at all distances and span several.
  int count = 0;
  for (size_t size = 1; size < 90000; size = size * 5 / 4 + 1) {
    ASSERT_TRUE(db->Put(sync, "key", std::string(size, 'v')).ok());
    ++count;
  }
  std::string log;
  std::string manifest;
  ASSERT_TRUE(leveldb::ReadFileToString(env.get(), "/store/000003.log", &log).ok());
  ASSERT_TRUE(leveldb::ReadFileToString(env.get(), "/store/MANIFEST-000002", &manifest).ok());
  const LogReading reading = Read(log);
  EXPECT_TRUE(reading.clean);
  EXPECT_EQ(reading.whole_records, static_cast<uint64_t>(count));
  EXPECT_EQ(reading.whole_bytes, log.size());
  const LogReading of_manifest = ReadLog(manifest, LogKind::kManifest);
  EXPECT_TRUE(of_manifest.clean);
  EXPECT_EQ(of_manifest.whole_bytes, manifest.size());
  EXPECT_GE(of_manifest.whole_records, 1u);
}

// Every length a write can be cut to, over block ends, trailers and fragments.
TEST(LogReading, CutAnywhereItKeepsExactlyTheWholeRecords) {
  LogBuilder log;
  std::vector<size_t> ends;
  for (int i = 1; i <= 3; ++i) {
    log.Add(Batch(i, 1, 200));
    ends.push_back(log.size());
  }
  log.Add(Batch(4, 1, kLogBlockBytes - log.size() - kLogHeaderBytes - 3));
  ends.push_back(log.size());  // three bytes of trailer follow
  log.Add(Batch(5, 1, 40000));
  ends.push_back(log.size());  // two fragments
  ASSERT_GT(log.size(), 2 * kLogBlockBytes);
  std::vector<size_t> sizes;
  for (const size_t edge : {size_t{350}, kLogBlockBytes, 2 * kLogBlockBytes, log.size() - 20}) {
    for (size_t size = edge - std::min<size_t>(edge, 350); size <= edge + 350; ++size) {
      if (size <= log.size()) sizes.push_back(size);
    }
  }
  for (const size_t size : sizes) {
    const LogReading reading = Read(log.bytes().substr(0, size));
    size_t records = 0;
    while (records < ends.size() && ends[records] <= size) ++records;
    ASSERT_EQ(reading.whole_records, records) << "cut to " << size;
    const size_t whole = records == 0 ? 0 : ends[records - 1];
    ASSERT_EQ(reading.whole_bytes, whole) << "cut to " << size;
    // Within a trailer nothing of the next record has been written yet.
    const bool in_trailer = whole == ends[3] && size <= kLogBlockBytes;
    ASSERT_EQ(reading.clean, size == whole || in_trailer) << "cut to " << size;
    ASSERT_FALSE(reading.later_record_offset.has_value()) << "cut to " << size;
    ASSERT_FALSE(reading.one_flipped_bit) << "cut to " << size;
  }
}

TEST(LogReading, ATailOfZerosOrGarbageIsTorn) {
  for (const size_t size : {1u, 6u, 7u, 500u, 40000u, 200000u}) {
    LogBuilder log = Thousands(50);
    const size_t whole = log.size();
    log.AddRaw(std::string(size, '\0'));
    const LogReading zeros = Read(log.bytes());
    EXPECT_FALSE(zeros.clean) << size;
    EXPECT_EQ(zeros.whole_bytes, whole) << size;
    EXPECT_EQ(zeros.damage_offset, whole) << size;
    EXPECT_FALSE(zeros.later_record_offset.has_value()) << size;

    LogBuilder other = Thousands(50);
    std::mt19937 random(size);
    std::string garbage;
    while (garbage.size() < size) garbage.push_back(static_cast<char>(random()));
    other.AddRaw(garbage);
    const LogReading noise = Read(other.bytes());
    EXPECT_FALSE(noise.clean) << size;
    EXPECT_EQ(noise.whole_bytes, whole) << size;
    EXPECT_FALSE(noise.later_record_offset.has_value()) << size;
    EXPECT_FALSE(noise.one_flipped_bit) << size;
  }
}

TEST(LogReading, FindsTheNextRecordAfterAZeroedPage) {
  std::string bytes = Thousands(100).bytes();
  bytes.replace(8192, 4096, 4096, '\0');
  const LogReading reading = Read(bytes);
  EXPECT_FALSE(reading.clean);
  // Records are 1,007 bytes long, eight of them whole before the page; the next header after
  // the page is that of the thirteenth.
  EXPECT_EQ(reading.whole_records, 8u);
  EXPECT_EQ(reading.damage_offset, 8u * 1007);
  EXPECT_EQ(reading.later_record_offset, absl::optional<uint64_t>(13 * 1007));
}

TEST(LogReading, FindsTheNextRecordWhenTheRestOfABlockIsZero) {
  // LevelDB reads over this one without a word: a zero header ends a block.
  std::string bytes = Thousands(100).bytes();
  bytes.replace(10 * 1007, kLogBlockBytes - 10 * 1007, kLogBlockBytes - 10 * 1007, '\0');
  const LogReading reading = Read(bytes);
  EXPECT_EQ(reading.whole_records, 10u);
  ASSERT_TRUE(reading.later_record_offset.has_value());
  // The first block holds the beginning of the thirty-third; the thirty-fourth starts afresh.
  EXPECT_EQ(*reading.later_record_offset,
            kLogBlockBytes + 2u * kLogHeaderBytes + 1000 - (kLogBlockBytes - 32u * 1007));
}

// Every bit of every byte of a record that others follow, and of the last one.
TEST(LogReading, EveryFlippedBitIsSeenForWhatItIs) {
  LogBuilder log;
  log.Add(Batch(1, 1, 50));
  const size_t middle = log.Add(Batch(2, 1, 60));
  const size_t last = log.Add(Batch(3, 1, 70));
  for (size_t at = middle; at < log.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = log.bytes();
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      const LogReading reading = Read(bytes);
      ASSERT_FALSE(reading.clean) << "byte " << at << " bit " << bit;
      ASSERT_TRUE(reading.one_flipped_bit) << "byte " << at << " bit " << bit;
      ASSERT_EQ(reading.damage_offset, at < last ? middle : last);
      ASSERT_EQ(reading.later_record_offset.has_value(), at < last);
    }
  }
}

TEST(LogReading, AFlippedBitInALongRecordIsSeenInEveryFragment) {
  LogBuilder log;
  log.Add(Batch(1, 1, 50));
  log.Add(Batch(2, 1, 80000));
  for (const size_t at : {60u, 30000u, 32768u, 32772u, 32774u, 50000u, 65540u, 80000u}) {
    std::string bytes = log.bytes();
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    const LogReading reading = Read(bytes);
    EXPECT_TRUE(reading.one_flipped_bit) << at;
    EXPECT_EQ(reading.whole_records, 1u) << at;
  }
}

TEST(LogReading, TwoFlippedBitsAreNotOne) {
  std::string bytes = Thousands(3).bytes();
  bytes[2500] = static_cast<char>(bytes[2500] ^ 0x11);
  const LogReading reading = Read(bytes);
  EXPECT_FALSE(reading.clean);
  EXPECT_FALSE(reading.one_flipped_bit);
}

// A power cut may keep the end of one long unsynced record and lose its beginning.
TEST(LogReading, TheEndOfATornRecordIsNotALaterRecord) {
  LogBuilder log = Thousands(3);
  const size_t whole = log.size();
  log.Add(Batch(4, 1, 100000));
  std::string bytes = log.bytes();
  bytes.replace(whole, 4096, 4096, '\0');
  const LogReading reading = Read(bytes);
  EXPECT_FALSE(reading.clean);
  EXPECT_EQ(reading.whole_bytes, whole);
  EXPECT_FALSE(reading.later_record_offset.has_value());
}

TEST(LogReading, ARecordBegunInsideAnotherIsDamage) {
  LogBuilder log = Thousands(1);
  const size_t whole = log.size();
  log.AddPhysical(2, Batch(2, 1, 100));
  const size_t next = log.size();
  log.Add(Batch(3, 1, 100));
  const LogReading reading = Read(log.bytes());
  EXPECT_FALSE(reading.clean);
  EXPECT_EQ(reading.whole_bytes, whole);
  EXPECT_EQ(reading.later_record_offset, absl::optional<uint64_t>(next));
}

TEST(LogReading, AnEmptyFirstFragmentOfEarlyWritersIsReadOver) {
  LogBuilder log;
  log.Add(Batch(1, 1, kLogBlockBytes - 2 * kLogHeaderBytes));
  log.AddPhysical(2, "");
  ASSERT_EQ(log.size(), kLogBlockBytes);
  log.Add(Batch(2, 1, 100));
  const LogReading reading = Read(log.bytes());
  EXPECT_TRUE(reading.clean);
  EXPECT_EQ(reading.whole_records, 2u);
}

TEST(LogReading, AnEndWithoutABeginningIsDamage) {
  LogBuilder log = Thousands(1);
  const size_t whole = log.size();
  log.AddPhysical(4, "end");
  const LogReading reading = Read(log.bytes());
  EXPECT_FALSE(reading.clean);
  EXPECT_EQ(reading.whole_bytes, whole);
}

// Disk blocks of a deleted log, showing through where the new one was cut short.
TEST(LogReading, RecordsOfAnOlderLogAreNotLaterOnes) {
  LogBuilder log;
  for (int i = 0; i < 5; ++i) log.Add(Batch(1000 + i, 1, 300));
  const size_t whole = log.size();
  log.AddRaw(std::string(100, '\x5a'));
  LogBuilder older = log;
  older.Add(Batch(17, 1, 300));
  EXPECT_FALSE(Read(older.bytes()).later_record_offset.has_value());
  EXPECT_EQ(Read(older.bytes()).whole_bytes, whole);
  LogBuilder newer = log;
  const size_t at = newer.Add(Batch(1006, 1, 300));
  EXPECT_EQ(Read(newer.bytes()).later_record_offset, absl::optional<uint64_t>(at));
  // A MANIFEST has no sequences: anything sound counts.
  EXPECT_TRUE(ReadLog(older.bytes(), LogKind::kManifest).later_record_offset.has_value());
}

// No input may crash it or make it slow; sanitizers watch the first half, the second is bytes
// chosen so that nearly every offset looks like a long record.
TEST(LogReading, SurvivesAnything) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = Thousands(static_cast<int>(random() % 40)).bytes();
    for (unsigned i = random() % 20; i > 0 && !bytes.empty(); --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    const LogReading reading = Read(bytes);
    ASSERT_LE(reading.whole_bytes, bytes.size());
    ASSERT_TRUE(Read(bytes.substr(0, reading.whole_bytes)).clean);
  }
  std::string hostile;
  while (hostile.size() < (4u << 20)) hostile += std::string("\x01\x3f\x01", 3);
  EXPECT_FALSE(Read(hostile).later_record_offset.has_value());
}

}  // namespace
}  // namespace sotay::durable
