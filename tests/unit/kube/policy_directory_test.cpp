// SPDX-License-Identifier: Apache-2.0
#include "decoding.hpp"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::kube {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class PolicyDirectory : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "plimsoll-policies-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { fs::remove_all(directory_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return directory_ + "/" + name;
    }

    static std::string action(const std::string& name) {
        return "apiVersion: ensurance.crane.io/v1alpha1\nkind: AvoidanceAction\nmetadata: {name: " +
               name + "}\nspec: {}\n";
    }

    std::string directory_;
};

TEST_F(PolicyDirectory, missing_is_empty_with_a_warning) {
    const std::string missing = directory_ + "/none";
    EXPECT_THAT(told(loadPolicyDirectory(missing)),
                ElementsAre("warning " + missing +
                            ": there is no such directory, so there are no local policies"));
}

TEST_F(PolicyDirectory, that_is_none_is_an_error) {
    write("file", "");
    const PolicySet set = loadPolicyDirectory(path("file"));
    ASSERT_THAT(set.refusals, SizeIs(1));
    EXPECT_EQ(set.refusals[0].severity, Refusal::Severity::error);
}

TEST_F(PolicyDirectory, reads_in_order_of_name_and_the_first_wins) {
    write("20.yml", action("x"));
    write("10.yaml", action("x"));
    PolicySet set = loadPolicyDirectory(directory_);
    checkReferences(set);
    EXPECT_THAT(told(set),
                ElementsAre("error " + path("20.yml") +
                            ":3: AvoidanceAction/x: metadata.name: is defined already at " +
                            path("10.yaml") + ":1"));
    ASSERT_THAT(set.actions, SizeIs(1));
    EXPECT_EQ(set.actions[0].origin, path("10.yaml") + ":1");
}

TEST_F(PolicyDirectory, leaves_alone_what_is_no_policy_file) {
    for (const auto* name : {".hidden.yaml", ".#lock.yaml", "#auto.yaml#", "#auto.yaml", "a.yaml~",
                             ".a.yaml.swp", "a.yaml.swp", "README", "a.json", "a.yaml.dpkg-old"}) {
        write(name, "kind: Nonsense\n");
    }
    fs::create_directory(path("sub.yaml"));
    ASSERT_EQ(::mkfifo(path("fifo.yaml").c_str(), 0600), 0);
    write("good.yaml", action("x"));
    const PolicySet set = loadPolicyDirectory(directory_);
    EXPECT_THAT(told(set), IsEmpty());
    EXPECT_THAT(set.actions, SizeIs(1));
}

TEST_F(PolicyDirectory, tells_of_files_that_cannot_be_read_and_goes_on) {
    fs::create_symlink("nowhere", path("a.yaml"));
    write("b.yaml", action("x"));
    const PolicySet set = loadPolicyDirectory(directory_);
    EXPECT_THAT(told(set), ElementsAre("error " + path("a.yaml") +
                                       ": cannot be read: No such file or directory"));
    EXPECT_THAT(set.actions, SizeIs(1));
}

TEST_F(PolicyDirectory, tells_of_files_that_are_too_large) {
    write("a.yaml", action("x") + std::string(kMaxFileBytes, '#'));
    EXPECT_THAT(told(loadPolicyDirectory(directory_)),
                ElementsAre("error " + path("a.yaml") + ": is larger than 4 MiB"));
}

TEST_F(PolicyDirectory, warns_of_actions_that_are_nowhere) {
    write("a.yaml", nodeQosWithRule("{name: r, actionName: throtle, metricRule: {name: m, value: "
                                    "1}}") +
                        "---\n" + podQosWith("scopeSelector: {}"));
    write("b.yaml", action("throttle"));
    PolicySet set = loadPolicyDirectory(directory_);
    checkReferences(set);
    EXPECT_THAT(told(set), ElementsAre("warning " + path("a.yaml") +
                                           ":1: NodeQOS/nq: spec.rules[0].actionName: there is no "
                                           "AvoidanceAction 'throtle', did you mean 'throttle'?",
                                       "warning " + path("a.yaml") +
                                           ":8: PodQOS/p: spec.allowedActions[0]: there is no "
                                           "AvoidanceAction 'a'"));
    EXPECT_THAT(set.nodeQos, SizeIs(1)) << "the rule is the analyzer's to judge";
}

TEST_F(PolicyDirectory, references_may_lead_to_a_later_file) {
    write("a.yaml", podQosWith("scopeSelector: {}"));
    write("b.yaml", action("a"));
    PolicySet set = loadPolicyDirectory(directory_);
    checkReferences(set);
    EXPECT_THAT(told(set), IsEmpty());
}

} // namespace
} // namespace plimsoll::kube
