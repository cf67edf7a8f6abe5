// SPDX-License-Identifier: Apache-2.0
#include "dbus/object_path.hpp"

namespace plimsoll::dbus {

namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

std::string encodePathElement(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    if (text.empty())
        return "_";
    std::string out;
    out.reserve(text.size() +
                12); // a uid has four dashes, and a digit in front more often than not
    for (const char c : text) {
        if (isLetter(c) || (isDigit(c) && !out.empty())) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '_';
        out += kHex[byte >> 4U];
        out += kHex[byte & 15U];
    }
    return out;
}

std::string rulePath(const RuleKey& key) {
    return std::string(kRootPath) + "/rule/" + encodePathElement(key.policy) + '/' +
           encodePathElement(key.rule);
}

std::string podPath(const PodUid& uid) {
    return std::string(kRootPath) + "/pod/" + encodePathElement(uid.value);
}

} // namespace plimsoll::dbus
