// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/pod_tree.hpp"

#include <cstdio>
#include <utility>

namespace plimsoll::bench {
namespace {

std::string containerName(int pod, int container) {
    char text[65];
    std::snprintf(text, sizeof text, "%032x%032x", pod, container);
    return "cri-containerd-" + std::string(text) + ".scope";
}

std::string podPath(int number) {
    static const char* const kClasses[] = {"besteffort", "burstable", ""};
    return test::systemdPodPath(kClasses[number % 3], podUid(number));
}

collector::Sources sourcesAt(const std::string& mount) {
    return {.layout = {.mount = mount,
                       .kubepods = CgroupPath("/kubepods.slice"),
                       .driver = cgroup::Driver::systemd}};
}

} // namespace

std::string podUid(int number) {
    char text[37];
    std::snprintf(text, sizeof text, "%08x-0000-4000-8000-000000000000", number);
    return text;
}

PodTree plainTree(int pods) {
    PodTree tree{.plain = std::make_unique<test::FakeTree>()};
    for (int pod = 0; pod < pods; ++pod) {
        tree.plain->writeCgroup(podPath(pod));
        for (int container = 0; container < kContainersPerPod; ++container) {
            tree.plain->writeCgroup(podPath(pod) + "/" + containerName(pod, container));
        }
    }
    tree.sources = sourcesAt(tree.plain->root());
    return tree;
}

std::unique_ptr<PodTree> realTree(int pods) {
    auto tree = std::make_unique<PodTree>();
    tree->real = std::make_unique<test::RealCgroup>();
    if (!tree->real->usable()) {
        return nullptr;
    }
    for (const char* group : {"", "kubepods.slice", "kubepods.slice/kubepods-besteffort.slice",
                              "kubepods.slice/kubepods-burstable.slice"}) {
        tree->real->make(group);
        tree->real->enableControllers(group);
    }
    for (int pod = 0; pod < pods; ++pod) {
        tree->real->make(podPath(pod));
        tree->real->enableControllers(podPath(pod));
        for (int container = 0; container < kContainersPerPod; ++container) {
            tree->real->make(podPath(pod) + "/" + containerName(pod, container));
        }
    }
    tree->sources = sourcesAt(tree->real->root());
    return tree;
}

} // namespace plimsoll::bench
