// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/discovery.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string words(std::initializer_list<std::string> all) {
    std::string result;
    for (const auto& word : all) {
        result += word + '\0';
    }
    return result;
}

class Discovery : public testing::Test {
protected:
    void run(const std::string& pid, const std::string& commandLine,
             const std::string& uid = "0\t0\t0\t0", const std::string& pids = "",
             const std::string& cgroup = "0::/system.slice/kubelet.service\n") {
        const auto directory = "proc/" + pid;
        tree_.makeDirectory(directory);
        tree_.write(directory + "/cmdline", commandLine);
        tree_.write(directory + "/status",
                    "Name:\tkubelet\nUid:\t" + uid + "\nNSpid:\t" + pid + pids + "\nThreads:\t1\n");
        tree_.write(directory + "/cgroup", cgroup);
    }
    [[nodiscard]] std::string argument() const { return kubeletsKubeconfig(tree_.path("proc")); }
    [[nodiscard]] Result<FoundKubeconfig> find(const std::string& named = "") const {
        return findKubeconfig({.kubeconfig = named},
                              {.root = tree_.root(), .procRoot = tree_.path("proc")});
    }
    void place(const std::string& path, const std::string& text) {
        tree_.makeDirectory(path.substr(0, path.rfind('/')));
        tree_.write(path, text);
    }

    test::FakeTree tree_{{"proc/", ""}, {"proc/meminfo", "MemTotal: 1 kB\n"}};
};

TEST_F(Discovery, reads_the_argument_of_the_running_kubelet) {
    run("1", words({"/sbin/init"}));
    run("700", words({"/usr/bin/kubelet", "--v=2", "--kubeconfig=/etc/k"}));
    EXPECT_EQ(argument(), "/etc/k");
    run("700", words({"kubelet", "--kubeconfig", "/first", "--kubeconfig", "/last"}));
    EXPECT_EQ(argument(), "/last");
    run("700", words({"/hyperkube", "kubelet", "--kubeconfig=/h"}));
    EXPECT_EQ(argument(), "/h");
}

TEST_F(Discovery, takes_no_argument_that_is_none) {
    for (const auto& line :
         {words({"kubelet"}), words({"kubelet", "--kubeconfig"}),
          words({"kubelet", "--kubeconfig="}), words({"kubelet", "--kubeconfig=relative"}),
          words({"kubelet", "--kubeconfigs=/a"}), words({"kubectl", "--kubeconfig=/a"}),
          words({"vim", "kubelet", "--kubeconfig=/a"}), std::string(), std::string("\0\0", 2)}) {
        run("700", line);
        EXPECT_EQ(argument(), "") << line;
    }
}

TEST_F(Discovery, believes_no_kubelet_that_is_not_roots_own_on_the_host) {
    const auto line = words({"kubelet", "--kubeconfig=/evil"});
    run("700", line, "1000\t1000\t1000\t1000");
    EXPECT_EQ(argument(), "") << "of a user";
    run("700", line, "0\t0\t0\t0", "\t1");
    EXPECT_EQ(argument(), "") << "in a container";
    run("700", line, "0\t0\t0\t0", "", "0::/kubepods.slice/kubepods-pod1.slice/cri-1.scope\n");
    EXPECT_EQ(argument(), "") << "in a pod that sees the processes of the host";
    run("700", line);
    EXPECT_EQ(argument(), "/evil") << "otherwise it is believed";
}

TEST_F(Discovery, goes_through_the_usual_places_in_their_order) {
    place("var/lib/rancher/k3s/agent/kubelet.kubeconfig", "kind: Config\n# k3s\n");
    EXPECT_THAT(find()->text, HasSubstr("k3s"));
    place("var/lib/kubelet/kubeconfig", "kind: Config\n# AKS\n");
    EXPECT_EQ(find()->path, tree_.path("var/lib/kubelet/kubeconfig"));
    place("etc/kubernetes/kubelet.conf", "kind: KubeletConfiguration\n");
    EXPECT_THAT(find()->text, HasSubstr("AKS")) << "OpenShift has another file at kubeadm's place";
    place("etc/kubernetes/kubelet.conf", "kind: Config\n");
    EXPECT_EQ(find()->path, tree_.path("etc/kubernetes/kubelet.conf"));
    place("elsewhere/config", "kind: Config\n");
    run("700", words({"kubelet", "--kubeconfig=" + tree_.path("elsewhere/config")}));
    EXPECT_EQ(find()->path, tree_.path("elsewhere/config"));
}

TEST_F(Discovery, goes_on_where_the_kubelets_file_is_not_there_yet) {
    run("700", words({"kubelet", "--kubeconfig=" + tree_.path("not-joined")}));
    EXPECT_EQ(find().error().code, ENOENT);
    place("var/lib/kubelet/kubeconfig", "kind: Config\n");
    EXPECT_EQ(find()->path, tree_.path("var/lib/kubelet/kubeconfig"));
}

TEST_F(Discovery, looks_nowhere_else_when_a_file_is_named) {
    place("etc/kubernetes/kubelet.conf", "kind: Config\n");
    const auto found = find(tree_.path("named"));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ENOENT);
    EXPECT_THAT(found.error().what, StartsWith(tree_.path("named") + ": there is no such file"));
}

TEST_F(Discovery, says_what_cannot_be_read) {
    tree_.makeDirectory("etc/kubernetes/kubelet.conf");
    const auto found = find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, 0) << "there is one, so it is not missing";
    EXPECT_EQ(found.error().what,
              tree_.path("etc/kubernetes/kubelet.conf") + ": is no regular file");
}

TEST_F(Discovery, says_where_none_was_found) {
    const auto found = find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ENOENT);
    EXPECT_THAT(found.error().what, StartsWith("no kubelet runs with --kubeconfig, and none of the "
                                               "usual places has one"));
}

} // namespace
} // namespace plimsoll::kube
