// A stream of numbers: every number comes back under every context, what is likely costs next to
// nothing, and no stream is read that the writer would not have written.
#include "sync/number_coder.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "tests/laws/chance.h"

namespace sotay::sync {
namespace {

using laws::Chance;

struct Number {
  size_t model = 0;
  size_t context = 0;
  uint64_t value = 0;
};

std::string Written(const std::vector<Number>& numbers) {
  NumberWriter writer;
  for (const Number& number : numbers) writer.Put(number.model, number.context, number.value);
  EXPECT_EQ(writer.count(), numbers.size());
  return writer.Finish();
}

// Under the models and contexts of `numbers`; false when they fail.
bool Read(absl::string_view stream, std::vector<Number>* numbers) {
  bool failed = false;
  NumberReader reader(stream, numbers->size(), &failed);
  for (Number& number : *numbers) number.value = reader.Get(number.model, number.context);
  reader.Finish();
  return !failed;
}

std::vector<uint64_t> ValuesOf(const std::vector<Number>& numbers) {
  std::vector<uint64_t> values;
  for (const Number& number : numbers) values.push_back(number.value);
  return values;
}

void ExpectBack(const std::vector<Number>& numbers) {
  std::vector<Number> read = numbers;
  for (Number& number : read) number.value = 77;
  ASSERT_TRUE(Read(Written(numbers), &read));
  EXPECT_EQ(ValuesOf(read), ValuesOf(numbers));
}

// Nothing, or what the writer would have made of it.
void ExpectOwnOrNothing(const std::string& stream, std::vector<Number> numbers) {
  if (!Read(stream, &numbers)) return;
  EXPECT_EQ(Written(numbers), stream);
}

std::vector<Number> Random(Chance* chance, size_t count) {
  std::vector<Number> numbers;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t value = chance->Next() >> chance->Below(64);
    numbers.push_back(
        {chance->Below(3), chance->Below(4), chance->Percent(60) ? value % 4 : value});
  }
  return numbers;
}

TEST(NumberCoder, EveryMagnitudeComesBack) {
  std::vector<Number> numbers = {{0, 0, 0}, {0, 0, UINT64_MAX}, {0, 0, UINT64_MAX - 1}};
  for (int round = 0; round < 3; ++round) {
    for (size_t bit = 0; bit < 64; ++bit) {
      for (const uint64_t more : {uint64_t{0}, uint64_t{1}, UINT64_MAX}) {
        numbers.push_back({bit % 2, bit % 3, (uint64_t{1} << bit) + more});
      }
    }
  }
  ExpectBack(numbers);
}

TEST(NumberCoder, AnySequenceComesBack) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Chance chance(seed);
    ExpectBack(Random(&chance, chance.Below(200)));
  }
}

TEST(NumberCoder, NothingTakesNothing) { EXPECT_EQ(Written({}), ""); }

// Every machine and every build writes this; a change of it is another version of the form.
TEST(NumberCoder, WritesTheseBytes) {
  std::vector<Number> numbers;
  for (uint64_t i = 0; i < 40; ++i) numbers.push_back({0, i % 2, i * i % 23});
  numbers.push_back({1, 0, UINT64_MAX});
  EXPECT_EQ(absl::BytesToHexString(Written(numbers)),
            "b1d291ef744a3a8b9bc2c71029a9b5f409ff5a3b24418bc5399abc887e0000000001ceffffffffffffff");
}

TEST(NumberCoder, WhatIsLikelyCostsLittle) {
  Chance chance(1);
  std::vector<Number> numbers;
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t context = chance.Below(2);
    numbers.push_back({0, context, context == 0 ? 3 : 5 + chance.Below(2)});
  }
  // Half of them have one bit to tell.
  EXPECT_LT(Written(numbers).size(), 20'000u / 2 / 8 * 11 / 10);
}

// No less likely bit costs more than a bit and a half for long: HistoryPart counts on it.
TEST(NumberCoder, SurprisesCostNoMoreThanIsCountedOn) {
  for (const size_t calm : {0, 1, 2, 8, 60, 300}) {
    std::vector<Number> numbers;
    uint64_t bits = 0;
    for (size_t i = 0; numbers.size() < 3'000; ++i) {
      for (size_t still = 0; still < calm; ++still) numbers.push_back({0, 0, 0});
      numbers.push_back({0, 0, UINT64_MAX});
      bits += calm * 6 + 64 + 68 * 3 / 2;
    }
    EXPECT_LE(Written(numbers).size() * 8, bits) << calm;
  }
}

TEST(NumberCoder, AMillionLikelyNumbersArePaidFor) {
  std::vector<Number> numbers(1'000'000);
  const std::string stream = Written(numbers);
  EXPECT_EQ(stream.size(), 1'000'000 / kNumbersPerByte);
  ASSERT_TRUE(Read(stream, &numbers));
  EXPECT_EQ(numbers.back().value, 0u);
  EXPECT_FALSE(Read(stream.substr(0, stream.size() - 1), &numbers));
  EXPECT_FALSE(Read(stream + '\0', &numbers));
  numbers.emplace_back();
  bool failed = false;
  NumberReader reader(stream, numbers.size(), &failed);
  EXPECT_TRUE(failed);
}

TEST(NumberCoder, WhatIsCutOrLengthenedOrChangedIsNothingOrItsOwn) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Chance chance(seed);
    const std::vector<Number> numbers = Random(&chance, 60);
    const std::string stream = Written(numbers);
    for (size_t size = 0; size < stream.size(); ++size) {
      ExpectOwnOrNothing(stream.substr(0, size), numbers);
    }
    for (int more = 0; more < 256; ++more) {
      ExpectOwnOrNothing(stream + static_cast<char>(more), numbers);
    }
    std::vector<Number> read = numbers;
    EXPECT_FALSE(Read(stream + std::string(1, '\0'), &read));
    EXPECT_FALSE(Read(stream + std::string(5, 'x'), &read));
    for (size_t bit = 0; bit < stream.size() * 8; ++bit) {
      std::string flipped = stream;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      ExpectOwnOrNothing(flipped, numbers);
    }
  }
}

TEST(NumberCoder, AnyBytesAreNothingOrTheirOwn) {
  for (uint64_t seed = 0; seed < 3'000; ++seed) {
    Chance chance(seed);
    ExpectOwnOrNothing(chance.Bytes(chance.Below(6)), Random(&chance, chance.Below(5)));
  }
}

TEST(NumberCoder, AllNumbersAreReadAndNoMore) {
  const std::string stream = Written({{0, 0, 5}, {0, 0, 6}});
  {
    bool failed = false;
    NumberReader reader(stream, 2, &failed);
    EXPECT_EQ(reader.Get(0, 0), 5u);
    reader.Finish();
    EXPECT_TRUE(failed);
  }
  bool failed = false;
  NumberReader reader(stream, 2, &failed);
  reader.Get(0, 0);
  EXPECT_EQ(reader.Get(0, 0), 6u);
  EXPECT_FALSE(failed);
  EXPECT_EQ(reader.Get(0, 0), 0u);
  EXPECT_TRUE(failed);
}

TEST(NumberCoder, NoNumberHasMoreThan64Bits) {
  // All ones, as a one is the lower part of the range.
  const std::string stream(20, '\0');
  bool failed = false;
  NumberReader reader(stream, 1, &failed);
  EXPECT_FALSE(failed);
  EXPECT_EQ(reader.Get(0, 0), 0u);
  EXPECT_TRUE(failed);
}

TEST(NumberCoder, BeyondTheRangeIsNothing) {
  bool failed = false;
  NumberReader reader("\xff\xff\xff\xff", 1, &failed);
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace sotay::sync
