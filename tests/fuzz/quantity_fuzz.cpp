// SPDX-License-Identifier: Apache-2.0
#include "kube/quantity.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <cmath>
#include <string>

namespace plimsoll::fuzz {

void fuzzQuantity(std::string_view text) {
    const auto value = kube::parseQuantity(text);
    if (!value) {
        require(!value.error().what.empty(), "a refusal says why");
        return;
    }
    require(std::abs(*value) <= kube::kLargestQuantity, "a quantity is a number within 2^63");
    require(text.find_first_of(" \t\n,_%") == std::string_view::npos, "nothing is skipped");
    require(!kube::parseQuantity(std::string(text) + "x"), "nothing may follow");
    const bool isSigned = text.starts_with('-') || text.starts_with('+');
    const std::string magnitude(text.substr(isSigned ? 1 : 0));
    const auto negative = kube::parseQuantity("-" + magnitude);
    require(negative ? *negative == -std::abs(*value) : magnitude.size() == 64,
            "the sign changes the sign and nothing else, where there is room for one");
}

} // namespace plimsoll::fuzz
