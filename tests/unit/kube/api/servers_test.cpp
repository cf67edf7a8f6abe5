// SPDX-License-Identifier: Apache-2.0
#include "kube/api/servers.hpp"

#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

const std::vector<std::string> kThree{"one", "two", "three"};

TEST(Servers, stay_with_the_one_that_works) {
    Servers servers;
    EXPECT_EQ(servers.chosen(kThree), "one");
    servers.failed(kThree, "one");
    EXPECT_EQ(servers.chosen(kThree), "two");
    servers.answered();
    EXPECT_EQ(servers.chosen(kThree), "two");
}

TEST(Servers, begin_anew_after_the_last_one) {
    Servers servers;
    for (const auto& server : kThree) {
        EXPECT_EQ(servers.chosen(kThree), server);
        EXPECT_FALSE(servers.allFailed(kThree));
        servers.failed(kThree, server);
    }
    EXPECT_TRUE(servers.allFailed(kThree));
    EXPECT_EQ(servers.chosen(kThree), "one");
    servers.answered();
    EXPECT_FALSE(servers.allFailed(kThree));
}

TEST(Servers, take_late_failures_of_one_that_is_not_chosen_any_more_as_no_reason_to_move) {
    Servers servers;
    EXPECT_EQ(servers.chosen(kThree), "one");
    servers.failed(kThree, "one");
    servers.failed(kThree, "one");
    EXPECT_EQ(servers.chosen(kThree), "two");
    EXPECT_FALSE(servers.allFailed(kThree));
}

TEST(Servers, follow_a_list_that_changes) {
    Servers servers;
    EXPECT_EQ(servers.chosen({"old"}), "old");
    servers.failed({"old"}, "old");
    EXPECT_EQ(servers.chosen({"new", "newer"}), "new");
    servers.failed({"new", "newer"}, "old"); // a request from before
    EXPECT_EQ(servers.chosen({"new", "newer"}), "new");
    EXPECT_FALSE(servers.allFailed({"new", "newer"}));
    EXPECT_FALSE(servers.allFailed({"old"})) << "what was said of it is forgotten";
}

} // namespace
} // namespace plimsoll::kube
