// SPDX-License-Identifier: Apache-2.0
#include "cgroup/layout.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <string>

namespace plimsoll::fuzz {
namespace {

bool isPlain(const std::string& id, bool underscores) {
    return !id.empty() && std::ranges::all_of(id, [=](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || (underscores && c == '_');
    });
}

} // namespace

void fuzzLayout(std::string_view text) {
    if (const auto pod = cgroup::parsePodDirectory(text, QosClass::burstable)) {
        require(isPlain(pod->uid.value, false), "a uid is letters, digits and dashes");
        require(pod->qosClass != QosClass::unknown, "the class is known");
        require(!cgroup::parseClassDirectory(text), "a pod is no class");
    }
    if (const auto container = cgroup::parseContainerDirectory(text)) {
        require(isPlain(container->value, true), "an id has no slash and no dot");
        require(!container->value.starts_with("conmon-"), "conmon is no container");
    }
}

} // namespace plimsoll::fuzz
