// SPDX-License-Identifier: Apache-2.0
#include "cgroup/tree.hpp"
#include "tests/unit/support/fake_tree.hpp"
#include "tests/unit/support/real_cgroup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace plimsoll::cgroup {
namespace {

using test::FakeTree;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kId(64, 'a');
const std::string kOtherId(64, 'b');

Layout layoutOf(const std::string& mount, const std::string& kubepods, Driver driver) {
    return {.mount = mount, .kubepods = CgroupPath(kubepods), .driver = driver};
}

std::vector<std::string> uids(const Tree& tree) {
    std::vector<std::string> found;
    for (const PodNode* pod : tree.pods()) {
        found.push_back(pod->identity->uid.value);
    }
    return found;
}

std::vector<std::string> containers(const PodNode& pod) {
    std::vector<std::string> found;
    for (const auto& container : pod.containers) {
        found.push_back(container->identity->id.value);
    }
    return found;
}

class SystemdTree : public testing::Test {
protected:
    const std::string guaranteed_ = test::systemdPodPath("", "9-9");
    const std::string burstable_ = test::systemdPodPath("burstable", "5-5");
    const std::string bestEffort_ = test::systemdPodPath("besteffort", "1-1");
    FakeTree files_{
        {guaranteed_ + "/cri-containerd-" + kId + ".scope/", ""},
        {burstable_ + "/crio-" + kId + ".scope/container/", ""},
        {burstable_ + "/crio-conmon-" + kOtherId + ".scope/", ""},
        {bestEffort_ + "/docker-" + kId + ".scope/system.slice/docker-" + kOtherId + ".scope/", ""},
        {"kubepods.slice/kubepods-besteffort.slice/other.slice/", ""}};
    Tree tree_{layoutOf(files_.root(), "/kubepods.slice", Driver::systemd)};
};

TEST_F(SystemdTree, has_pods_of_all_classes_ordered_by_path_and_does_not_look_into_containers) {
    EXPECT_TRUE(tree_.refresh());
    ASSERT_THAT(uids(tree_), ElementsAre("1-1", "5-5", "9-9"));
    EXPECT_EQ(tree_.pods()[0]->identity->qosClass, QosClass::bestEffort);
    EXPECT_EQ(tree_.pods()[1]->identity->qosClass, QosClass::burstable);
    EXPECT_EQ(tree_.pods()[2]->identity->qosClass, QosClass::guaranteed);
    EXPECT_EQ(tree_.pods()[0]->identity->cgroup.path.value, "/" + bestEffort_);
    for (const PodNode* pod : tree_.pods()) {
        EXPECT_THAT(containers(*pod), ElementsAre(kId));
    }
    EXPECT_EQ(tree_.pods()[1]->containers[0]->identity->cgroup.path.value,
              "/" + burstable_ + "/crio-" + kId + ".scope");
}

TEST_F(SystemdTree, changes_nothing_while_nothing_changes) {
    EXPECT_TRUE(tree_.refresh());
    const PodNode* const first = tree_.pods().front();
    for (std::uint64_t round = 0; round < 2 * Tree::kRelistEvery; ++round) {
        EXPECT_FALSE(tree_.refresh());
    }
    EXPECT_EQ(tree_.pods().front(), first);
}

TEST_F(SystemdTree, notices_new_and_vanished_pods_and_containers) {
    tree_.refresh();
    const auto stays = tree_.pods()[1]->identity;
    files_.makeDirectory(test::systemdPodPath("burstable", "2-2"));
    files_.remove(bestEffort_);
    EXPECT_TRUE(tree_.refresh());
    EXPECT_THAT(uids(tree_), ElementsAre("2-2", "5-5", "9-9"));
    EXPECT_EQ(tree_.pods()[1]->identity, stays);

    files_.makeDirectory(burstable_ + "/crio-" + kOtherId + ".scope");
    files_.remove(burstable_ + "/crio-" + kId + ".scope");
    EXPECT_TRUE(tree_.refresh());
    EXPECT_THAT(containers(*tree_.pods()[1]), ElementsAre(kOtherId));
}

TEST_F(SystemdTree, group_made_again_under_the_same_path_has_another_identity) {
    tree_.refresh();
    const auto before = tree_.pods()[0]->identity;
    files_.recreateCgroup(bestEffort_);
    EXPECT_TRUE(tree_.refresh());
    ASSERT_THAT(uids(tree_), ElementsAre("1-1", "5-5", "9-9"));
    EXPECT_NE(tree_.pods()[0]->identity, before);
    EXPECT_EQ(tree_.pods()[0]->identity->cgroup.path, before->cgroup.path);
    EXPECT_NE(tree_.pods()[0]->identity->cgroup.inode, before->cgroup.inode);
}

TEST_F(SystemdTree, class_directory_may_go_and_come_back) {
    tree_.refresh();
    files_.remove("kubepods.slice/kubepods-besteffort.slice");
    EXPECT_TRUE(tree_.refresh());
    EXPECT_THAT(uids(tree_), ElementsAre("5-5", "9-9"));
    files_.makeDirectory(bestEffort_);
    EXPECT_TRUE(tree_.refresh());
    EXPECT_THAT(uids(tree_), ElementsAre("1-1", "5-5", "9-9"));
}

TEST_F(SystemdTree, kubepods_itself_may_go_and_come_back) {
    tree_.refresh();
    files_.remove("kubepods.slice");
    tree_.refresh();
    EXPECT_THAT(uids(tree_), IsEmpty());
    files_.makeDirectory(guaranteed_);
    for (std::uint64_t round = 0; round <= Tree::kRelistEvery; ++round) {
        tree_.refresh();
    }
    EXPECT_THAT(uids(tree_), ElementsAre("9-9"));
}

TEST_F(SystemdTree, too_many_open_files_leaves_pods_unopened_and_tries_again) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    // Room for kubepods and its two classes, not for all the pods.
    const int next = ::dup(0);
    ::close(next);
    const rlimit few{.rlim_cur = static_cast<rlim_t>(next) + 4, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    tree_.refresh();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_GT(tree_.unopened().count, 0U);
    EXPECT_EQ(tree_.unopened().error, EMFILE);

    for (std::uint64_t round = 0; round <= Tree::kRelistEvery; ++round) {
        tree_.refresh();
    }
    EXPECT_EQ(tree_.unopened().count, 0U);
    ASSERT_THAT(uids(tree_), ElementsAre("1-1", "5-5", "9-9"));
    EXPECT_THAT(containers(*tree_.pods()[0]), ElementsAre(kId));
}

TEST(CgroupfsTree, takes_the_class_from_the_parent) {
    const FakeTree files{{"kubelet/kubepods/pod9-9/" + kId + "/", ""},
                         {"kubelet/kubepods/burstable/pod5-5/" + kId + "/", ""},
                         {"kubelet/kubepods/besteffort/pod1-1/crio-" + kId + "/", ""},
                         {"kubelet/kubepods/besteffort/pod1-1/crio-conmon-" + kId + "/", ""}};
    Tree tree{layoutOf(files.root(), "/kubelet/kubepods", Driver::cgroupfs)};
    tree.refresh();
    ASSERT_THAT(uids(tree), ElementsAre("1-1", "5-5", "9-9"));
    EXPECT_EQ(tree.pods()[0]->identity->qosClass, QosClass::bestEffort);
    EXPECT_EQ(tree.pods()[1]->identity->qosClass, QosClass::burstable);
    EXPECT_EQ(tree.pods()[2]->identity->qosClass, QosClass::guaranteed);
    for (const PodNode* pod : tree.pods()) {
        EXPECT_THAT(containers(*pod), ElementsAre(kId));
    }
}

TEST(AbsentTree, has_no_pods_and_is_found_when_it_comes) {
    FakeTree files;
    Tree tree{layoutOf(files.root(), "/kubepods", Driver::cgroupfs)};
    EXPECT_FALSE(tree.refresh());
    files.makeDirectory("kubepods/besteffort/pod1-1");
    EXPECT_TRUE(tree.refresh());
    EXPECT_THAT(uids(tree), ElementsAre("1-1"));
}

class RealTree : public testing::Test {
protected:
    test::RealCgroup cgroup_;
    std::unique_ptr<Tree> tree_;

    void SetUp() override {
        if (!cgroup_.usable()) {
            GTEST_SKIP() << "no cgroup2 mount in which groups can be made";
        }
        cgroup_.make("kubepods/besteffort/pod1-1/" + kId);
        tree_ = std::make_unique<Tree>(layoutOf(cgroup_.root(), "/kubepods", Driver::cgroupfs));
        tree_->refresh();
    }
};

TEST_F(RealTree, sees_pods_and_containers_come_and_go) {
    ASSERT_THAT(uids(*tree_), ElementsAre("1-1"));
    EXPECT_THAT(containers(*tree_->pods()[0]), ElementsAre(kId));
    cgroup_.make("kubepods/pod2-2");
    cgroup_.make("kubepods/besteffort/pod1-1/" + kOtherId);
    EXPECT_TRUE(tree_->refresh());
    EXPECT_THAT(uids(*tree_), ElementsAre("1-1", "2-2"));
    EXPECT_THAT(containers(*tree_->pods()[0]), ElementsAre(kId, kOtherId));
    cgroup_.remove("kubepods/besteffort/pod1-1");
    EXPECT_TRUE(tree_->refresh());
    EXPECT_THAT(uids(*tree_), ElementsAre("2-2"));
    EXPECT_FALSE(tree_->refresh());
}

TEST_F(RealTree, replaced_pod_is_noticed_once_its_files_said_that_it_is_gone) {
    const auto before = tree_->pods()[0]->identity;
    cgroup_.remove("kubepods/besteffort/pod1-1");
    cgroup_.make("kubepods/besteffort/pod1-1");
    tree_->pods()[0]->gone = true; // what a reader does on ENODEV
    EXPECT_TRUE(tree_->refresh());
    ASSERT_THAT(uids(*tree_), ElementsAre("1-1"));
    EXPECT_NE(tree_->pods()[0]->identity->cgroup.inode, before->cgroup.inode);
}

TEST_F(RealTree, class_and_kubepods_made_again_are_followed) {
    cgroup_.remove("kubepods/besteffort");
    cgroup_.make("kubepods/besteffort/pod3-3");
    for (int round = 0; round < 3; ++round) {
        tree_->refresh();
    }
    EXPECT_THAT(uids(*tree_), ElementsAre("3-3"));
    cgroup_.remove("kubepods");
    cgroup_.make("kubepods/besteffort/pod4-4");
    for (int round = 0; round < 3; ++round) {
        tree_->refresh();
    }
    EXPECT_THAT(uids(*tree_), ElementsAre("4-4"));
}

} // namespace
} // namespace plimsoll::cgroup
