// SPDX-License-Identifier: Apache-2.0
#include "cgroup/layout.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <cerrno>
#include <gtest/gtest.h>

namespace plimsoll::cgroup {
namespace {

using test::FakeTree;

const std::string kId = "18b5e7a9c1f04d2e8a6b3c5d7f9012345678abcdef0123456789abcdef012345";

Hierarchy unified(const std::string&) {
    return Hierarchy::unified;
}

Result<Layout> discover(const FakeTree& tree, std::optional<CgroupPath> cgroupRoot = std::nullopt) {
    return discoverLayout(tree.root(), cgroupRoot, unified);
}

// --- names -------------------------------------------------------------------------------------

struct PodName {
    const char* directory;
    QosClass parentClass;
    std::optional<std::pair<const char*, QosClass>> expected;
};
void PrintTo(const PodName& name, std::ostream* out) {
    *out << name.directory;
}

class PodDirectoryName : public testing::TestWithParam<PodName> {};

TEST_P(PodDirectoryName, tells_uid_and_class) {
    const auto& [directory, parentClass, expected] = GetParam();
    const auto found = parsePodDirectory(directory, parentClass);
    ASSERT_EQ(found.has_value(), expected.has_value());
    if (found) {
        EXPECT_EQ(found->uid.value, expected->first);
        EXPECT_EQ(found->qosClass, expected->second);
    }
}

constexpr auto kGuaranteed = QosClass::guaranteed;
constexpr auto kBurstable = QosClass::burstable;
constexpr auto kBestEffort = QosClass::bestEffort;
constexpr auto kUid = "04e51234-5678-49ab-8cde-f0123456789a";
constexpr auto kStaticUid = "0123456789abcdef0123456789abcdef"; // a hash, for static pods
using Expected = std::pair<const char*, QosClass>;

INSTANTIATE_TEST_SUITE_P(
    Kubelet, PodDirectoryName,
    testing::Values(PodName{"kubepods-besteffort-pod04e51234_5678_49ab_8cde_f0123456789a.slice",
                            kBestEffort, Expected{kUid, kBestEffort}},
                    PodName{"kubepods-burstable-pod04e51234_5678_49ab_8cde_f0123456789a.slice",
                            kGuaranteed, Expected{kUid, kBurstable}},
                    PodName{"kubepods-pod04e51234_5678_49ab_8cde_f0123456789a.slice", kGuaranteed,
                            Expected{kUid, kGuaranteed}},
                    PodName{
                        "kubelet-kubepods-besteffort-pod04e51234_5678_49ab_8cde_f0123456789a.slice",
                        kBestEffort, Expected{kUid, kBestEffort}},
                    PodName{"kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice",
                            kBurstable, Expected{kStaticUid, kBurstable}},
                    PodName{"pod04e51234-5678-49ab-8cde-f0123456789a", kBestEffort,
                            Expected{kUid, kBestEffort}},
                    PodName{"pod04e51234-5678-49ab-8cde-f0123456789a", kGuaranteed,
                            Expected{kUid, kGuaranteed}},
                    PodName{"pod0123456789abcdef0123456789abcdef", kBurstable,
                            Expected{kStaticUid, kBurstable}}));

INSTANTIATE_TEST_SUITE_P(
    NoPod, PodDirectoryName,
    testing::Values(PodName{"", kGuaranteed, {}}, PodName{".slice", kGuaranteed, {}},
                    PodName{"pod", kGuaranteed, {}}, PodName{"pod-", kGuaranteed, {}},
                    PodName{"pod1b--2c", kGuaranteed, {}}, PodName{"pod1b_2c", kGuaranteed, {}},
                    PodName{"pod1b-2c.scope", kGuaranteed, {}},
                    PodName{"podman.service", kGuaranteed, {}},
                    PodName{"kubepods.slice", kGuaranteed, {}},
                    PodName{"kubepods-besteffort.slice", kGuaranteed, {}},
                    PodName{"kubepods-pod.slice", kGuaranteed, {}},
                    PodName{"kubepods-pod_1b.slice", kGuaranteed, {}},
                    PodName{"kubepods-other-pod1b.slice", kGuaranteed, {}},
                    PodName{"notkubepods-besteffort-pod1b.slice", kGuaranteed, {}},
                    PodName{"user-pod1b.slice", kGuaranteed, {}},
                    PodName{"kubepods-besteffort-pod1b/2c.slice", kGuaranteed, {}}));

struct ContainerName {
    std::string directory;
    std::optional<std::string> expected;
};
void PrintTo(const ContainerName& name, std::ostream* out) {
    *out << name.directory;
}

class ContainerDirectoryName : public testing::TestWithParam<ContainerName> {};

TEST_P(ContainerDirectoryName, tells_the_id) {
    const auto found = parseContainerDirectory(GetParam().directory);
    EXPECT_EQ(found ? std::optional(found->value) : std::nullopt, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Runtimes, ContainerDirectoryName,
    testing::Values(ContainerName{"cri-containerd-" + kId + ".scope", kId},
                    ContainerName{"crio-" + kId + ".scope", kId},
                    ContainerName{"docker-" + kId + ".scope", kId},
                    ContainerName{"libpod-" + kId + ".scope", kId},
                    ContainerName{"crio-" + kId, kId}, // CRI-O under the cgroupfs driver
                    ContainerName{kId, kId},
                    ContainerName{"cri-containerd-0123abcd.scope", "0123abcd"}));

INSTANTIATE_TEST_SUITE_P(
    NoContainer, ContainerDirectoryName,
    testing::Values(ContainerName{"", {}}, ContainerName{".scope", {}},
                    ContainerName{"crio-conmon-" + kId + ".scope", {}},
                    ContainerName{"crio-conmon-" + kId, {}}, ContainerName{"crio-.scope", {}},
                    ContainerName{"init.scope", {}}, ContainerName{"container", {}},
                    ContainerName{"system.slice", {}},
                    ContainerName{"cri-containerd-" + kId + ".service", {}},
                    ContainerName{"pod" + kId, {}},
                    ContainerName{"docker-" + std::string(300, 'a') + ".scope", {}}));

TEST(ClassDirectoryName, is_besteffort_or_burstable) {
    EXPECT_EQ(parseClassDirectory("besteffort"), kBestEffort);
    EXPECT_EQ(parseClassDirectory("kubepods-burstable.slice"), kBurstable);
    EXPECT_EQ(parseClassDirectory("kubelet-kubepods-besteffort.slice"), kBestEffort);
    EXPECT_EQ(parseClassDirectory("kubepods.slice"), std::nullopt);
    EXPECT_EQ(parseClassDirectory("guaranteed"), std::nullopt);
    EXPECT_EQ(parseClassDirectory("system-besteffort.slice"), std::nullopt);
}

// --- the tree ----------------------------------------------------------------------------------

TEST(Discovery, finds_nothing_before_kubelet_started) {
    const FakeTree tree{{"system.slice/", ""}, {"user.slice/", ""}};
    const auto layout = discover(tree);
    ASSERT_FALSE(layout);
    EXPECT_EQ(layout.error().code, ENOENT);
}

struct Found {
    const char* name;
    std::vector<std::string> directories;
    std::optional<std::string> cgroupRoot;
    std::string kubepods;
    Driver driver;
};
void PrintTo(const Found& found, std::ostream* out) {
    *out << found.name;
}

class DiscoveryOf : public testing::TestWithParam<Found> {};

TEST_P(DiscoveryOf, finds_kubepods_and_driver) {
    FakeTree tree;
    for (const std::string& directory : GetParam().directories) {
        tree.makeDirectory(directory);
    }
    std::optional<CgroupPath> root;
    if (GetParam().cgroupRoot) {
        root = CgroupPath(*GetParam().cgroupRoot);
    }
    const auto layout = discover(tree, root);
    ASSERT_TRUE(layout) << layout.error().what;
    EXPECT_EQ(layout->kubepods.value, GetParam().kubepods);
    EXPECT_EQ(layout->driver, GetParam().driver);
    EXPECT_EQ(layout->mount, tree.root());
}

INSTANTIATE_TEST_SUITE_P(
    Trees, DiscoveryOf,
    testing::Values(
        Found{"systemd",
              {"kubepods.slice/kubepods-besteffort.slice"},
              {},
              "/kubepods.slice",
              Driver::systemd},
        Found{"cgroupfs", {"kubepods/besteffort/pod1b-2c"}, {}, "/kubepods", Driver::cgroupfs},
        Found{"systemd below a root that is not told",
              {"kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice"},
              {},
              "/kubelet.slice/kubelet-kubepods.slice",
              Driver::systemd},
        Found{"systemd, root as kubelet takes it",
              {"kubelet.slice/kubelet-kubepods.slice", "kubepods.slice/kubepods-pod1b.slice"},
              "/kubelet",
              "/kubelet.slice/kubelet-kubepods.slice",
              Driver::systemd},
        Found{"systemd, root as its slice",
              {"kubelet.slice/kubelet-kubepods.slice"},
              "/kubelet.slice",
              "/kubelet.slice/kubelet-kubepods.slice",
              Driver::systemd},
        Found{"systemd, root of two levels with a dash",
              {"my_node.slice/my_node-k8s.slice/my_node-k8s-kubepods.slice"},
              "/my-node/k8s",
              "/my_node.slice/my_node-k8s.slice/my_node-k8s-kubepods.slice",
              Driver::systemd},
        Found{"cgroupfs, root given",
              {"kubelet/kubepods/burstable"},
              "/kubelet/",
              "/kubelet/kubepods",
              Driver::cgroupfs},
        Found{"cgroupfs below a root that is not told",
              {"kubelet/kubepods/burstable"},
              {},
              "/kubelet/kubepods",
              Driver::cgroupfs},
        Found{"the root of all", {"kubepods.slice"}, "/", "/kubepods.slice", Driver::systemd},
        Found{"driver changed to systemd: cgroupfs left its classes",
              {"kubepods/besteffort", "kubepods/burstable",
               "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b.slice"},
              {},
              "/kubepods.slice",
              Driver::systemd},
        Found{"driver changed to cgroupfs",
              {"kubepods.slice/kubepods-besteffort.slice", "kubepods/pod1b-2c"},
              {},
              "/kubepods",
              Driver::cgroupfs},
        Found{"a node within a container is not ours",
              {"kubepods/besteffort", "docker/" + kId + "/kubelet/kubepods/besteffort/pod1b-2c",
               "system.slice/docker-" + kId +
                   ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1b.slice"},
              {},
              "/kubepods",
              Driver::cgroupfs}));

TEST(Discovery, says_when_the_cpu_controller_does_not_reach_kubepods) {
    FakeTree tree{{"kubepods.slice/cgroup.controllers", "cpuset io memory pids\n"}};
    auto layout = discover(tree);
    ASSERT_TRUE(layout);
    EXPECT_FALSE(layout->cpuController);
    EXPECT_TRUE(layout->memoryController);
    EXPECT_NE(layout->limitation().find("cpu controller"), std::string::npos);
    EXPECT_NE(layout->limitation().find("cgroup.subtree_control"), std::string::npos);

    tree.write("kubepods.slice/cgroup.controllers", "cpuset cpu io memory pids\n");
    layout = discover(tree);
    ASSERT_TRUE(layout);
    EXPECT_TRUE(layout->cpuController);
    EXPECT_EQ(layout->limitation(), "");
}

TEST(Discovery, refuses_cgroup_v1_and_hybrid_and_says_what_to_change) {
    const FakeTree tree{{"kubepods/", ""}};
    for (const auto probe : {+[](const std::string&) { return Hierarchy::legacy; },
                             +[](const std::string&) { return Hierarchy::hybrid; }}) {
        const auto layout = discoverLayout(tree.root(), std::nullopt, probe);
        ASSERT_FALSE(layout);
        EXPECT_EQ(layout.error().code, ENOTSUP);
        EXPECT_NE(layout.error().what.find("systemd.unified_cgroup_hierarchy=1"),
                  std::string::npos);
        EXPECT_EQ(layout.error().what.find('\n'), std::string::npos);
    }
}

TEST(Discovery, refuses_a_directory_that_is_no_cgroup_mount) {
    const FakeTree tree{{"kubepods/", ""}};
    const auto layout = discoverLayout(tree.root(), std::nullopt);
    ASSERT_FALSE(layout);
    EXPECT_EQ(layout.error().code, ENOTSUP);
    EXPECT_NE(layout.error().what.find(tree.root()), std::string::npos);
}

} // namespace
} // namespace plimsoll::cgroup
