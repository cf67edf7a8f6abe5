// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/base64.hpp"
#include "kube/credentials/kubeconfig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr const char* kPath = "/etc/kubernetes/kubelet.conf";

/// As kubeadm writes it; cluster and user are the lines inside.
std::string kubeconfig(const std::string& cluster, const std::string& user) {
    return "apiVersion: v1\n"                   // 1
           "kind: Config\n"                     // 2
           "current-context: default\n"         // 3
           "contexts:\n"                        // 4
           "- name: other\n"                    // 5
           "  context: {cluster: x, user: y}\n" // 6
           "- name: default\n"                  // 7
           "  context: {cluster: c, user: u}\n" // 8
           "clusters:\n"                        // 9
           "- name: c\n"                        // 10
           "  cluster: {" +
           cluster +
           "}\n"         // 11
           "users:\n"    // 12
           "- name: u\n" // 13
           "  user: {" +
           user + "}\n"; // 14
}
const std::string kServer = "server: 'https://10.0.0.1:6443'";
const std::string kToken = "token: abc";

std::string errorOf(const std::string& text) {
    const auto result = parseKubeconfig(text, kPath);
    return result ? "no error" : result.error().what;
}
Kubeconfig good(const std::string& text) {
    auto result = parseKubeconfig(text, kPath);
    EXPECT_TRUE(result) << result.error().what;
    return result ? *std::move(result) : Kubeconfig{};
}

struct Wrong {
    const char* name;
    std::string text;
    std::string error; ///< after the path
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
    *out << wrong.name;
}
class RefusedKubeconfig : public testing::TestWithParam<Wrong> {};

TEST_P(RefusedKubeconfig, says_line_and_field_and_what_would_be_right) {
    EXPECT_EQ(errorOf(GetParam().text), kPath + GetParam().error);
}

const std::string kExec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, ";
const std::string kExecVersions =
    "must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1; v1alpha1 has "
    "gone with Kubernetes 1.24";

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedKubeconfig,
    testing::Values(
        Wrong{"empty", "", ": must hold one YAML document, not 0"},
        Wrong{"two", "a: 1\n---\nb: 1\n", ": must hold one YAML document, not 2"},
        Wrong{"list", "- a\n", ":1: must be a map: a kubeconfig has clusters, users and contexts"},
        Wrong{"kubelet_configuration",
              "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
              ":2: kind: must be Config: this is the kubelet's configuration (--config), not its "
              "kubeconfig (--kubeconfig)"},
        Wrong{"other_kind", "kind: Pod\n",
              ":1: kind: must be Config: this is another kind of file"},
        Wrong{"version", "kind: Config\napiVersion: v2\n", ":2: apiVersion: must be v1"},
        Wrong{"no_context", "kind: Config\n",
              ":1: current-context: is missing: the name of one of the contexts"},
        Wrong{"foreign_context", "current-context: gone\ncontexts: []\n",
              ":1: current-context: names a context that is not in contexts"},
        Wrong{"context_without_body", "current-context: a\ncontexts:\n- name: a\n",
              ":3: contexts[0].context: is missing: the cluster and the user"},
        Wrong{"no_cluster", "current-context: a\ncontexts:\n- {name: a, context: {user: u}}\n",
              ":3: contexts[0].context.cluster: must be the name of one of the clusters"},
        Wrong{"clusters_no_list",
              "current-context: a\nclusters: 7\ncontexts:\n- {name: a, context: {user: u}}\n",
              ":2: clusters: must be a list"},
        Wrong{"no_server", kubeconfig("tls-server-name: x", kToken),
              ":11: clusters[0].cluster.server: must be a URL that begins with https://"},
        Wrong{"plain_http", kubeconfig("server: 'http://10.0.0.1:8080'", kToken),
              ":11: clusters[0].cluster.server: must be a URL that begins with https://"},
        Wrong{"server_with_user", kubeconfig("server: 'https://me:secret@h'", kToken),
              ":11: clusters[0].cluster.server: must be https://HOST:PORT, with a path at most"},
        Wrong{"server_with_query", kubeconfig("server: 'https://h/?a=b'", kToken),
              ":11: clusters[0].cluster.server: must be https://HOST:PORT, with a path at most"},
        Wrong{"proxy", kubeconfig(kServer + ", proxy-url: 'ftp://x'", kToken),
              ":11: clusters[0].cluster.proxy-url: must begin with http://, https:// or "
              "socks5://"},
        Wrong{"insecure", kubeconfig(kServer + ", insecure-skip-tls-verify: true", kToken),
              ":11: clusters[0].cluster.insecure-skip-tls-verify: is refused: the API server is "
              "always verified; give certificate-authority or certificate-authority-data instead"},
        Wrong{"ca_no_base64", kubeconfig(kServer + ", certificate-authority-data: '%%'", kToken),
              ":11: clusters[0].cluster.certificate-authority-data: must be base64"},
        Wrong{"anonymous", kubeconfig(kServer, ""),
              ":14: users[0].user: says no way to log in: give client-certificate and client-key, "
              "token, tokenFile or exec"},
        Wrong{"no_key", kubeconfig(kServer, "client-certificate: /a"),
              ":14: users[0].user.client-key: is missing: it belongs to the client-certificate "
              "that is given"},
        Wrong{"no_certificate", kubeconfig(kServer, "client-key: /a"),
              ":14: users[0].user.client-certificate: is missing: it belongs to the client-key "
              "that is given"},
        Wrong{"password", kubeconfig(kServer, "password: hunter2"),
              ":14: users[0].user.password: is not supported, nor by any API server since "
              "Kubernetes 1.19; give a client certificate, a token or exec"},
        Wrong{"auth_provider", kubeconfig(kServer, "auth-provider: {name: gcp}"),
              ":14: users[0].user.auth-provider: is not supported; give exec instead"},
        Wrong{"token_of_two_lines", kubeconfig(kServer, R"(token: "a\nb")"),
              ":14: users[0].user.token: must be one word"},
        Wrong{"exec_alpha",
              kubeconfig(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, "
                                  "command: x}"),
              ":14: users[0].user.exec.apiVersion: " + kExecVersions},
        Wrong{"exec_without_command",
              kubeconfig(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1}"),
              ":14: users[0].user.exec.command: is missing: the program to run"},
        Wrong{"exec_interactive", kubeconfig(kServer, kExec + "interactiveMode: Always}"),
              ":14: users[0].user.exec.interactiveMode: must not be Always: nobody sits at a "
              "daemon's terminal"},
        Wrong{"exec_mode", kubeconfig(kServer, kExec + "interactiveMode: Sometimes}"),
              ":14: users[0].user.exec.interactiveMode: must be Never or IfAvailable"},
        Wrong{"exec_variable", kubeconfig(kServer, kExec + "env: [{name: 'A=B', value: c}]}"),
              ":14: users[0].user.exec.env[0].name: must be the name of an environment variable"},
        Wrong{"exec_null_byte", kubeconfig(kServer, kExec + R"(args: ["a\0b"]})"),
              ":14: users[0].user.exec.args[0]: must not contain a null byte"}),
    [](const auto& about) { return std::string(about.param.name); });

TEST(Kubeconfig, never_quotes_what_may_be_secret) {
    const std::string secret = "4711471147114711";
    for (const auto* key : {"token: ", "client-key-data: ", "tokenFile: ", "password: ", "exec: ",
                            "auth-provider: ", "client-certificate-data: "}) {
        EXPECT_THAT(errorOf(kubeconfig(kServer, key + secret)), Not(HasSubstr("4711")));
    }
    EXPECT_THAT(errorOf(kubeconfig(kServer, kExec + "args: [" + secret + "]}")),
                Not(HasSubstr("4711")));
    EXPECT_THAT(errorOf(kubeconfig(kServer, kExec + "env: [" + secret + "]}")),
                Not(HasSubstr("4711")));
    EXPECT_EQ(errorOf(kubeconfig(kServer, "token: " + secret)),
              kPath +
                  std::string(":14: users[0].user.token: must be a string; write it in quotes"));
}

TEST(Kubeconfig, is_bounded) {
    EXPECT_EQ(errorOf(std::string(kMaxCredentialBytes + 1, ' ')),
              kPath + std::string(": is larger than 1 MiB: that is no kubeconfig"));
}

TEST(Kubeconfig, is_read_as_kubeadm_writes_it) {
    const auto config =
        good(kubeconfig(kServer + ", certificate-authority-data: '" + encodeBase64("the CA") + "'",
                        "client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem, "
                        "client-key: /var/lib/kubelet/pki/kubelet-client-current.pem"));
    EXPECT_EQ(config.server, "https://10.0.0.1:6443");
    EXPECT_EQ(config.ca.data, "the CA");
    EXPECT_EQ(config.certificate.file, "/var/lib/kubelet/pki/kubelet-client-current.pem");
    EXPECT_EQ(config.certificate.field,
              "/etc/kubernetes/kubelet.conf:14: users[0].user.client-certificate");
    EXPECT_EQ(config.key.file, config.certificate.file);
    EXPECT_FALSE(config.exec);
}

TEST(Kubeconfig, takes_data_before_the_file) {
    const auto config = good(kubeconfig(
        kServer + ", certificate-authority: /ca, certificate-authority-data: " + encodeBase64("CA"),
        "client-certificate: /c, client-certificate-data: " + encodeBase64("cert") +
            ", client-key: /k, client-key-data: " + encodeBase64("key!!")));
    EXPECT_EQ(config.ca.data, "CA");
    EXPECT_EQ(config.ca.file, "");
    EXPECT_EQ(config.certificate.data, "cert");
    EXPECT_EQ(config.key.data, "key!!");
}

TEST(Kubeconfig, finds_files_in_its_own_folder) {
    const auto config =
        good(kubeconfig(kServer + ", certificate-authority: ca.crt", "tokenFile: ../token"));
    EXPECT_EQ(config.ca.file, "/etc/kubernetes/ca.crt");
    EXPECT_EQ(config.tokenFile.file, "/etc/kubernetes/../token");
}

TEST(Kubeconfig, reads_the_whole_cluster) {
    const auto config = good(kubeconfig("server: 'https://lb.example/k8s/c-1/', tls-server-name: "
                                        "kubernetes, proxy-url: 'socks5://p:1080'",
                                        kToken));
    EXPECT_EQ(config.server, "https://lb.example/k8s/c-1");
    EXPECT_EQ(config.tlsServerName, "kubernetes");
    EXPECT_EQ(config.proxy, "socks5://p:1080");
    EXPECT_EQ(config.token, "abc");
}

TEST(Kubeconfig, reads_a_plugin) {
    const auto config = good(kubeconfig(
        kServer, "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: "
                 "[eks, get-token], env: [{name: AWS_PROFILE, value: node}], provideClusterInfo: "
                 "true, interactiveMode: Never}"));
    ASSERT_TRUE(config.exec);
    EXPECT_EQ(config.exec->field, "/etc/kubernetes/kubelet.conf:14: users[0].user.exec");
    EXPECT_EQ(config.exec->program, "aws");
    EXPECT_THAT(config.exec->arguments, ElementsAre("eks", "get-token"));
    EXPECT_THAT(config.exec->environment, ElementsAre(Pair("AWS_PROFILE", "node")));
    EXPECT_TRUE(config.exec->provideClusterInfo);
}

TEST(Kubeconfig, looks_for_a_plugin_with_a_slash_in_its_own_folder) {
    const auto relative = good(kubeconfig(
        kServer, "exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login}"));
    EXPECT_EQ(relative.exec->program, "/etc/kubernetes/bin/login");
    const auto absolute = good(kubeconfig(
        kServer, "exec: {apiVersion: client.authentication.k8s.io/v1, command: /usr/bin/login}"));
    EXPECT_EQ(absolute.exec->program, "/usr/bin/login");
}

TEST(Kubeconfig, asks_no_plugin_where_a_token_is_given) {
    EXPECT_FALSE(good(kubeconfig(kServer, kToken + ", " + kExec + "}")).exec);
}

TEST(Kubeconfig, may_be_json_and_need_not_say_its_kind) {
    const auto config = good(R"({"current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://h"}}],
        "users": [{"name": "u", "user": {"token": "t"}}]})");
    EXPECT_EQ(config.server, "https://h");
    EXPECT_EQ(config.token, "t");
}

TEST(Base64, is_read_with_the_newlines_of_a_block) {
    EXPECT_EQ(decodeBase64("aGVs\n  bG8=\n"), "hello");
    EXPECT_EQ(decodeBase64(""), "");
    for (const auto* wrong : {"a", "aGVsbG8", "aGV=bG8=", "====", "aG%sbG8=", "aGVsbA===AAA"}) {
        EXPECT_FALSE(decodeBase64(wrong)) << wrong;
    }
    EXPECT_EQ(encodeBase64("hello"), "aGVsbG8=");
    EXPECT_EQ(encodeBase64(""), "");
}

} // namespace
} // namespace plimsoll::kube
