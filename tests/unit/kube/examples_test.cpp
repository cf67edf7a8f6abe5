// SPDX-License-Identifier: Apache-2.0
// The example policies we ship are good as they are.
#include "decoding.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace plimsoll::kube {
namespace {

using testing::IsEmpty;

TEST(Examples, are_accepted_without_a_word) {
    int seen = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(PLIMSOLL_SOURCE_DIR "/conf/examples")) {
        if (entry.path().extension() != ".yaml") {
            continue;
        }
        ++seen;
        std::ifstream stream(entry.path());
        const std::string text(std::istreambuf_iterator<char>(stream), {});
        PolicySet set = decode(text);
        checkReferences(set);
        EXPECT_THAT(told(set), IsEmpty()) << entry.path();
        EXPECT_FALSE(set.actions.empty() && set.pods.empty()) << entry.path();
    }
    EXPECT_GE(seen, 3);
}

} // namespace
} // namespace plimsoll::kube
