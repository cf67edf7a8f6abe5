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

TEST(QosClassName, goes_back_and_forth) {
    for (const auto value : {QosClass::bestEffort, QosClass::burstable, QosClass::guaranteed}) {
        EXPECT_EQ(qosClassFromName(name(value)), value);
    }
    EXPECT_EQ(qosClassFromName("besteffort"), std::nullopt);
}

} // namespace
} // namespace plimsoll
