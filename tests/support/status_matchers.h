// Matchers for absl::Status and absl::StatusOr; the Abseil of our platform does not bring these
// yet.
//
//   EXPECT_THAT(store.Commit(batch), IsOk());
//   EXPECT_THAT(Parse(bytes), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("malformed")));
//   SOTAY_ASSERT_OK_AND_ASSIGN(const Composed composed, Compose(input));
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace sotay::tests {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << StatusOf(arg);
  return StatusOf(arg).ok();
}

// Of that code, with a message that `matches`.
MATCHER_P2(StatusIs, code, matches,
           absl::StrCat(negation ? "is not " : "is ", absl::StatusCodeToString(code),
                        " with a message that ",
                        ::testing::DescribeMatcher<std::string>(matches))) {
  *result_listener << "which is " << StatusOf(arg);
  return StatusOf(arg).code() == code &&
         ::testing::Matches(matches)(std::string(StatusOf(arg).message()));
}

MATCHER_P(StatusIs, code,
          absl::StrCat(negation ? "is not " : "is ", absl::StatusCodeToString(code))) {
  *result_listener << "which is " << StatusOf(arg);
  return StatusOf(arg).code() == code;
}

}  // namespace sotay::tests

// Declares or assigns `lhs` from a StatusOr; ends the test with its status otherwise.
#define SOTAY_ASSERT_OK_AND_ASSIGN(lhs, expr) \
  SOTAY_ASSERT_OK_AND_ASSIGN_(SOTAY_TESTS_CONCAT_(sotay_or_, __LINE__), lhs, expr)
#define SOTAY_ASSERT_OK_AND_ASSIGN_(var, lhs, expr) \
  auto var = (expr);                                \
  ASSERT_TRUE(var.ok()) << var.status();            \
  lhs = *std::move(var)
#define SOTAY_TESTS_CONCAT_(a, b) SOTAY_TESTS_CONCAT_INNER_(a, b)
#define SOTAY_TESTS_CONCAT_INNER_(a, b) a##b
