// SPDX-License-Identifier: Apache-2.0
// Paths as the recorded requests have them, and names that must not get into one.
#include "kube/api/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Paths, are_those_of_the_recorded_requests) {
    EXPECT_EQ(path::node("node-a"), "/api/v1/nodes/node-a");
    EXPECT_EQ(path::nodeStatus("ip-10-0-0-1.ec2.internal"),
              "/api/v1/nodes/ip-10-0-0-1.ec2.internal/status");
    EXPECT_EQ(path::onlyNode("node-a"), "/api/v1/nodes?fieldSelector=metadata.name%3Dnode-a");
    EXPECT_EQ(path::podsOfNode("node-a"), "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a");
    EXPECT_EQ(path::eviction("default", "web-1"), "/api/v1/namespaces/default/pods/web-1/eviction");
    EXPECT_EQ(path::events("default"), "/api/v1/namespaces/default/events");
    EXPECT_EQ(path::event("default", "node-a.17ab"),
              "/api/v1/namespaces/default/events/node-a.17ab");
    EXPECT_EQ(path::ensurance("nodeqoss"), "/apis/ensurance.crane.io/v1alpha1/nodeqoss");
}

TEST(Paths, do_not_take_a_name_that_kubernetes_does_not_allow) {
    for (const auto& bad :
         {std::string(), std::string("a/b"), std::string(".."), std::string("."),
          std::string("a/../../secrets"), std::string("a?watch=1"), std::string("a#b"),
          std::string("a%2fb"), std::string("Node"), std::string("a b"),
          std::string("a\r\nHost: x"), std::string("a\0b", 3), std::string("ä"), std::string("-a"),
          std::string("a."), std::string(254, 'a')}) {
        EXPECT_FALSE(path::node(bad)) << bad;
        EXPECT_FALSE(path::nodeStatus(bad)) << bad;
        EXPECT_FALSE(path::onlyNode(bad)) << bad;
        EXPECT_FALSE(path::podsOfNode(bad)) << bad;
        EXPECT_FALSE(path::eviction(bad, "pod")) << bad;
        EXPECT_FALSE(path::eviction("default", bad)) << bad;
        EXPECT_FALSE(path::events(bad)) << bad;
        EXPECT_FALSE(path::event(bad, "event")) << bad;
        EXPECT_FALSE(path::event("default", bad)) << bad;
        EXPECT_FALSE(path::ensurance(bad)) << bad;
    }
}

TEST(Paths, take_a_dot_in_a_pod_but_not_in_a_namespace) {
    EXPECT_TRUE(path::eviction("kube-system", "etcd-node.a"));
    EXPECT_FALSE(path::eviction("kube.system", "etcd"));
}

TEST(Paths, say_which_name_is_bad_in_one_line) {
    EXPECT_EQ(path::node("").error().what,
              "'' is no name of a Node: it must be lower-case letters, digits, '-' and '.', "
              "at most 253");
    EXPECT_THAT(path::eviction("a/b", "pod").error().what, StartsWith("'a%2Fb' is no namespace: "));
    const auto hostile = path::event("default", std::string(100'000, '\n')).error().what;
    EXPECT_LE(hostile.size(), 250U);
    EXPECT_EQ(hostile.find('\n'), std::string::npos);
}

TEST(Paths, get_their_parameters_encoded) {
    const auto list = path::with(*path::ensurance("nodeqoss"), "limit", "50");
    EXPECT_EQ(list, "/apis/ensurance.crane.io/v1alpha1/nodeqoss?limit=50");
    EXPECT_THAT(path::with(list, "continue", "ey+/=&x"),
                HasSubstr("?limit=50&continue=ey%2B%2F%3D%26x"));
    EXPECT_EQ(path::percentEncoded("aZ09-._~ ä"), "aZ09-._~%20%C3%A4");
}

} // namespace
} // namespace plimsoll::kube
