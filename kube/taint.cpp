// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/taint.hpp"

#include "kube/names.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::kube {
namespace {

constexpr std::array<std::string_view, 3> kEffects{"NoSchedule", "PreferNoSchedule", "NoExecute"};
constexpr std::size_t kLongestName = 63; ///< of a label's value, and of the part behind the '/'

/// What a label's value may be, which is the same for the name part of a key.
bool isQualifiedName(std::string_view text) {
    const auto isLetterOrDigit = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    return !text.empty() && text.size() <= kLongestName && isLetterOrDigit(text.front()) &&
           isLetterOrDigit(text.back()) && std::ranges::all_of(text, [&](char c) {
               return isLetterOrDigit(c) || c == '-' || c == '_' || c == '.';
           });
}

bool isKey(std::string_view key) {
    const auto slash = key.find('/');
    return slash == std::string_view::npos
               ? isQualifiedName(key)
               : isDns1123Subdomain(key.substr(0, slash)) && isQualifiedName(key.substr(slash + 1));
}

} // namespace

Result<TaintSetting> parseTaint(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto front = text.substr(0, colon);
    const auto equals = front.find('=');
    const auto effect = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    const auto key = front.substr(0, equals);
    const auto value =
        equals == std::string_view::npos ? std::string_view() : front.substr(equals + 1);
    if (std::ranges::find(kEffects, effect) == kEffects.end() || !isKey(key) ||
        !(value.empty() || isQualifiedName(value))) {
        return fail(EINVAL, "must be \"key=value:Effect\" with NoSchedule, PreferNoSchedule or "
                            "NoExecute as the effect");
    }
    return TaintSetting{std::string(key), std::string(value), std::string(effect)};
}

} // namespace plimsoll::kube
