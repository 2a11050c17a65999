// Early return for absl::Status; the Abseil of our platform does not bring these yet.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function when `expr` is not OK.
#define SOTAY_RETURN_IF_ERROR(expr)                               \
  do {                                                            \
    if (absl::Status sotay_status = (expr); !sotay_status.ok()) { \
      return sotay_status;                                        \
    }                                                             \
  } while (false)

// Declares or assigns `lhs` from a StatusOr, or returns its status.
#define SOTAY_ASSIGN_OR_RETURN(lhs, expr) \
  SOTAY_ASSIGN_OR_RETURN_(SOTAY_CONCAT_(sotay_or_, __LINE__), lhs, expr)
#define SOTAY_ASSIGN_OR_RETURN_(var, lhs, expr)  \
  auto var = (expr);                             \
  if (!var.ok()) return std::move(var).status(); \
  lhs = *std::move(var)
#define SOTAY_CONCAT_(a, b) SOTAY_CONCAT_INNER_(a, b)
#define SOTAY_CONCAT_INNER_(a, b) a##b
