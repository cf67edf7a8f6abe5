// SPDX-License-Identifier: Apache-2.0
// The example policies we ship are good as they are.
#include "decoding.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace plimsoll::kube {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::filesystem::path> examples() {
    std::vector<std::filesystem::path> result;
    for (const auto& entry :
         std::filesystem::directory_iterator(PLIMSOLL_SOURCE_DIR "/conf/examples")) {
        if (entry.path().extension() == ".yaml") {
            result.push_back(entry.path());
        }
    }
    return result;
}

std::string contents(const std::filesystem::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Examples, are_accepted_without_a_word) {
    EXPECT_THAT(examples(), SizeIs(7));
    for (const auto& path : examples()) {
        PolicySet set = decode(contents(path));
        checkReferences(set);
        EXPECT_THAT(told(set), IsEmpty()) << path;
        EXPECT_FALSE(set.actions.empty() && set.pods.empty()) << path;
    }
}

TEST(Examples, can_be_used_together) {
    PolicySet set = loadPolicyDirectory(PLIMSOLL_SOURCE_DIR "/conf/examples");
    checkReferences(set);
    EXPECT_THAT(told(set), IsEmpty());
    EXPECT_THAT(set.nodeQos, SizeIs(6));
    EXPECT_THAT(set.objects, Each(testing::Field(&ObjectStatus::accepted, true)));
    EXPECT_THAT(set.objects, SizeIs(set.nodeQos.size() + set.podQos.size() + set.actions.size()));
}

TEST(Examples, name_every_action_in_a_rule) {
    for (const auto& path : examples()) {
        const PolicySet set = decode(contents(path));
        for (const auto& action : set.actions) {
            const bool used = std::ranges::any_of(set.nodeQos, [&](const NodeQos& policy) {
                return std::ranges::find(policy.rules, action.name, &Rule::actionName) !=
                       policy.rules.end();
            });
            EXPECT_TRUE(used) << path << ": " << action.name;
        }
    }
}

} // namespace
} // namespace plimsoll::kube
