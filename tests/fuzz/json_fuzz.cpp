// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/custom/json_value.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace plimsoll::fuzz {
namespace {

Result<double> numberAt(std::string_view json, std::string_view where) {
    const auto text = collector::JsonText::read(json);
    return text ? text->numberAt(where) : std::unexpected(text.error());
}

} // namespace

/// The first line is where to look, the rest is the JSON.
void fuzzJson(std::string_view text) {
    const std::string_view where = text.substr(0, text.find('\n'));
    const std::string_view json = text.substr(std::min(where.size() + 1, text.size()));
    const auto number = numberAt(json, where);
    require(!number || std::isfinite(*number), "a number is finite");
    require(number || !number.error().what.empty(), "a refusal says why");
    if (number) {
        require(!numberAt(std::string(json) + "}", where), "nothing may follow");
        const std::string deeper = "{\"in\":" + std::string(json) + "}";
        const std::string prefix = where.starts_with('/') ? "/in" : "in.";
        const auto again = numberAt(deeper, prefix + std::string(where));
        require(!again || *again == *number, "one level down it is the same");
    }
}

} // namespace plimsoll::fuzz
