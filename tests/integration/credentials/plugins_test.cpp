// SPDX-License-Identifier: Apache-2.0
// Credential plugins, which are shell scripts here.
#include "tests/integration/credentials/fixture.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CredentialPlugins : public CredentialsOfANode {
protected:
    void writePlugin(const std::string& script, const std::string& more = "") {
        tree_.makeDirectory("bin");
        const auto path = tree_.path("bin/plugin");
        tree_.write("bin/plugin.new",
                    "#!/bin/sh\ncd '" + tree_.root() + "'\necho >>runs\n" + script);
        fs::permissions(path + ".new", fs::perms::owner_all);
        fs::rename(path + ".new", path);
        writeKubeconfig("exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/plugin" +
                        more + "}");
    }
    static std::string printing(const std::string& status,
                                const std::string& version = "client.authentication.k8s.io/v1") {
        return R"(printf '{"kind":"ExecCredential","apiVersion":")" + version + R"(","status":{)" +
               status + "}}'\n";
    }
    [[nodiscard]] std::string text(const std::string& file) const {
        std::ifstream in(tree_.path(file), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    [[nodiscard]] std::size_t runs() const { return text("runs").size(); }
    [[nodiscard]] std::string place() const {
        return CredentialsOfANode::place(".exec") + tree_.path("bin/plugin");
    }
    static std::size_t openFiles() {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
    }
    static bool hasChildren() { return ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD; }
};

const std::string kToken = R"("token":"abc")";

TEST_F(CredentialPlugins, are_asked_once_and_again_when_they_are_refused) {
    writePlugin(printing(kToken));
    start(0ms); // the files are read each time, and the plugin is not asked for that
    const auto first = good();
    EXPECT_EQ(first->bearerToken, "abc");
    EXPECT_FALSE(first->expires);
    EXPECT_EQ(good(), first);
    EXPECT_EQ(runs(), 1U);
    credentials_->refused();
    EXPECT_EQ(good()->bearerToken, "abc");
    EXPECT_EQ(runs(), 2U);
}

TEST_F(CredentialPlugins, are_asked_again_before_what_they_gave_expires) {
    const auto until = R"("expirationTimestamp":"2027-01-15T08:10:00Z",)" + kToken;
    writePlugin(printing(until));
    start();
    EXPECT_EQ(good()->expires, now_ + 10min);
    now_ += 8min;
    good();
    EXPECT_EQ(runs(), 1U);
    now_ += 70s;
    writePlugin(printing(R"("expirationTimestamp":"2027-01-15T08:30:00Z","token":"new")"));
    EXPECT_EQ(good()->bearerToken, "new");
}

TEST_F(CredentialPlugins, that_fail_leave_the_last_answer_until_it_expires) {
    writePlugin(printing(R"("expirationTimestamp":"2027-01-15T08:10:00Z",)" + kToken));
    start();
    good();
    now_ += 9min + 30s;
    writePlugin("exit 3\n");
    EXPECT_EQ(good()->bearerToken, "abc");
    now_ += 30s;
    EXPECT_EQ(error(), place() + " ended with status 3");
}

TEST_F(CredentialPlugins, that_give_what_has_expired_are_told) {
    writePlugin(printing(R"("expirationTimestamp":"2027-01-15T08:00:00Z",)" + kToken));
    start();
    EXPECT_EQ(error(), place() + " gave a credential that had expired at 2027-01-15T08:00:00Z");
}

TEST_F(CredentialPlugins, may_give_a_certificate) {
    const auto pair = TestAuthority("ca").issue("system:node:n", now_ - 1h, now_ + 1h);
    const auto quoted = [](std::string pem) {
        for (auto at = pem.find('\n'); at != std::string::npos; at = pem.find('\n', at + 2)) {
            pem.replace(at, 1, "\\n");
        }
        return pem;
    };
    tree_.write("answer",
                R"({"kind":"ExecCredential","apiVersion":)"
                R"("client.authentication.k8s.io/v1","status":{"clientCertificateData":")" +
                    quoted(pair.certificate) + R"(","clientKeyData":")" + quoted(pair.key) +
                    R"("}})");
    writePlugin("cat answer\n");
    start();
    const auto access = good();
    EXPECT_EQ(access->clientCertificatePem, pair.certificate);
    EXPECT_EQ(nodeNameOf(*access), "n");
    EXPECT_EQ(access->expires, now_ + 1h);
}

TEST_F(CredentialPlugins, get_arguments_environment_and_an_empty_input) {
    writePlugin(
        "cat >input\nprintf '%s|' \"$@\" >arguments\nprintf '%s' \"$MINE|$PATH\" >mine\n"
        "printf '%s' \"$KUBERNETES_EXEC_INFO\" >info\n" +
            printing(kToken),
        ", args: [get, 'a b'], env: [{name: MINE, value: yours}], provideClusterInfo: true");
    start();
    good();
    EXPECT_EQ(text("input"), "");
    EXPECT_EQ(text("arguments"), "get|a b|");
    EXPECT_EQ(text("mine"), std::string("yours|") + std::getenv("PATH"));
    EXPECT_THAT(text("info"), HasSubstr(R"("cluster":{"server":"https://10.0.0.1"})"));
}

TEST_F(CredentialPlugins, inherit_no_descriptor_and_no_blocked_signal) {
    // One that somebody opened without O_CLOEXEC.
    const int leak = ::fcntl(STDERR_FILENO, F_DUPFD, 100);
    sigset_t blocked{};
    sigset_t before{};
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    writePlugin(
        "ls /proc/$$/fd | tr '\\n' ' ' >descriptors\ngrep SigBlk /proc/$$/status >signals\n" +
        printing(kToken));
    start();
    good();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(leak);
    EXPECT_THAT(text("descriptors"), HasSubstr("2 "));
    EXPECT_THAT(text("descriptors"), Not(HasSubstr(std::to_string(leak))));
    EXPECT_EQ(text("signals"), "SigBlk:\t0000000000000000\n");
}

TEST_F(CredentialPlugins, that_fail_are_quoted_with_the_end_of_what_they_said) {
    writePlugin("i=0; while [ $i -lt 2000 ]; do echo \"line $i\" >&2; i=$((i+1)); done\n"
                "printf 'Unable to\\n  locate \\033credentials\\n' >&2; exit 7\n");
    start();
    const auto said = error();
    EXPECT_THAT(said, StartsWith(place() + " ended with status 7: …"));
    EXPECT_THAT(said, testing::EndsWith(" line 1999 Unable to   locate credentials"));
    EXPECT_LT(said.size(), 700U);
}

TEST_F(CredentialPlugins, that_print_what_is_no_answer_are_told) {
    writePlugin("echo hello\n");
    start();
    EXPECT_EQ(error(), place() + ": must print an ExecCredential as JSON, and printed something "
                                 "else");
    writePlugin(printing(kToken, "client.authentication.k8s.io/v1beta1"));
    EXPECT_EQ(error(), place() + ": apiVersion must be client.authentication.k8s.io/v1 as in the "
                                 "kubeconfig");
}

TEST_F(CredentialPlugins, that_are_not_there_are_told) {
    writeKubeconfig(
        "exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-program}");
    start();
    EXPECT_EQ(error(), CredentialsOfANode::place(".exec") +
                           "no-such-program: cannot be run: No such file or directory");
}

TEST_F(CredentialPlugins, that_print_without_end_are_killed) {
    writePlugin("exec yes\n");
    start();
    EXPECT_EQ(error(), place() + " printed more than 1 MiB");
    EXPECT_FALSE(hasChildren());
}

TEST_F(CredentialPlugins, that_take_too_long_are_killed_with_all_their_children) {
    writePlugin("sleep 1000 & echo $! >child\necho waiting >&2\nwait\n");
    pluginTime_ = 2s;
    start();
    EXPECT_EQ(error(), place() + " has not ended within 2 s and was killed: waiting");
    EXPECT_FALSE(hasChildren());
    const auto child = std::stoi(text("child"));
    EXPECT_TRUE(loop_.runUntil([child] {
        std::ifstream in("/proc/" + std::to_string(child) + "/stat");
        std::string pid;
        std::string name;
        std::string state = "gone";
        in >> pid >> name >> state;
        return state == "gone" || state == "Z"; // whoever inherits it has to reap it
    }));
}

TEST_F(CredentialPlugins, are_not_waited_for_by_what_they_leave_behind) {
    writePlugin("sleep 1000 &\n" + printing(kToken));
    start();
    EXPECT_EQ(good()->bearerToken, "abc");
    EXPECT_FALSE(hasChildren());
}

TEST_F(CredentialPlugins, leave_no_descriptor_and_no_zombie) {
    writePlugin(printing(kToken));
    start();
    good();
    const auto before = openFiles();
    credentials_->refused();
    good();
    EXPECT_EQ(openFiles(), before);
    EXPECT_FALSE(hasChildren());
}

TEST_F(CredentialPlugins, end_with_who_asked_for_them) {
    writePlugin("sleep 1000\n");
    start();
    const auto before = openFiles();
    bool answered = false;
    credentials_->get([&answered](const Outcome&) { answered = true; });
    ASSERT_TRUE(loop_.runUntil([this] { return runs() == 1; }, 60s));
    credentials_.reset();
    EXPECT_FALSE(hasChildren());
    EXPECT_EQ(openFiles(), before);
    EXPECT_FALSE(answered);
}

TEST_F(CredentialPlugins, are_run_one_at_a_time) {
    writePlugin("sleep 0.2\n" + printing(kToken));
    start();
    int answers = 0;
    const auto count = [&answers](const Outcome&) { ++answers; };
    credentials_->get(count);
    ASSERT_TRUE(loop_.runUntil([this] { return runs() == 1; }, 60s));
    credentials_->get(count);
    ASSERT_TRUE(loop_.runUntil([&answers] { return answers == 2; }, 60s));
    EXPECT_EQ(runs(), 1U);
}

} // namespace
} // namespace plimsoll::test
