// SPDX-License-Identifier: Apache-2.0
#include "daemon/model/pod.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Pod, limit_is_none_unless_every_container_has_one) {
    Pod pod;
    EXPECT_EQ(pod.cpuLimit(), std::nullopt) << "no containers known";
    pod.containers = {{.name = "a", .cpuLimit = Millicores{500}}, {.name = "b"}};
    EXPECT_EQ(pod.cpuLimit(), std::nullopt);
    pod.containers[1].cpuLimit = Millicores{250};
    EXPECT_EQ(pod.cpuLimit(), Millicores{750});
}

TEST(Pod, request_counts_what_is_there) {
    Pod pod;
    pod.containers = {{.name = "a", .cpuRequest = Millicores{500}}, {.name = "b"}};
    EXPECT_EQ(pod.cpuRequest(), Millicores{500});
}

TEST(Pod, starting_may_take_more_than_running) {
    Pod pod;
    pod.containers = {{.name = "a",
                       .cpuRequest = Millicores{500},
                       .cpuLimit = Millicores{500},
                       .memoryRequest = Bytes{100},
                       .memoryLimit = Bytes{100},
                       .elasticCpu = Millicores{1000}}};
    pod.startup = {.name = {},
                   .cpuRequest = Millicores{700},
                   .cpuLimit = Millicores{900},
                   .memoryRequest = Bytes{50},
                   .elasticCpu = Millicores{2000}};
    EXPECT_EQ(pod.cpuRequest(), Millicores{700});
    EXPECT_EQ(pod.cpuLimit(), Millicores{900});
    EXPECT_EQ(pod.elasticCpu(), Millicores{2000});
    EXPECT_EQ(pod.memoryRequest(), Bytes{100});
    EXPECT_EQ(pod.memoryLimit(), std::nullopt) << "an init container may take all there is";
}

TEST(Pod, its_own_resources_count_in_place_of_its_containers) {
    Pod pod;
    pod.containers = {{.name = "a", .cpuRequest = Millicores{500}, .memoryRequest = Bytes{7}}};
    pod.startup = {.name = {}, .cpuRequest = Millicores{900}};
    pod.podLevel = {.name = {}, .cpuRequest = Millicores{200}, .cpuLimit = Millicores{400}};
    EXPECT_EQ(pod.cpuRequest(), Millicores{200});
    EXPECT_EQ(pod.cpuLimit(), Millicores{400}) << "although the container has none";
    EXPECT_EQ(pod.memoryRequest(), Bytes{7}) << "only what is there";
    EXPECT_EQ(pod.memoryLimit(), std::nullopt);
}

TEST(QosClassName, goes_back_and_forth) {
    for (const auto value : {QosClass::bestEffort, QosClass::burstable, QosClass::guaranteed}) {
        EXPECT_EQ(qosClassFromName(name(value)), value);
    }
    EXPECT_EQ(qosClassFromName("besteffort"), std::nullopt);
}

} // namespace
} // namespace plimsoll
