// In which order phones meet the server: a story is told in every one, or in as many as there is
// time for.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sotay::tests {

// Of so many phones, the orders to tell a story in, by number: of three all six; of more, six of
// them drawn by SOTAY_SEED, with SOTAY_ORDERS=all up to twenty-four (of four: all).
std::vector<size_t> OrdersOf(size_t phones);

// The names in the order of that number: 0 is the alphabet's, and past the last it begins anew.
std::vector<std::string> InOrder(std::vector<std::string> names, size_t order);

// Whether `one` stands before `other`.
bool Before(const std::vector<std::string>& names, const std::string& one,
            const std::string& other);

}  // namespace sotay::tests
