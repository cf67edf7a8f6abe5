// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/kubeconfig.hpp"

#include "kube/credentials/base64.hpp"
#include "kube/field.hpp"
#include "kube/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

namespace plimsoll::kube {
namespace {

constexpr std::string_view kExecV1 = "client.authentication.k8s.io/v1";
constexpr std::string_view kExecV1beta1 = "client.authentication.k8s.io/v1beta1";

/// A path in a kubeconfig begins at its folder.
std::string fromFolderOf(const std::string& file, const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    return (folder / path).lexically_normal().string();
}

bool isOneLine(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string word(const Field& field) {
    auto text = field.text().value_or("");
    if (!isOneLine(text)) {
        field.error("must be one line");
    }
    return text;
}

/// Whose text must not get into a message.
std::string secret(const Field& field) {
    if (field.present() && field.kind() != YamlNode::Kind::text) {
        field.error("must be a string in quotes");
        return "";
    }
    return word(field);
}

class Reader {
public:
    Reader(const Field& root, Kubeconfig& into) : root_(root), into_(into) {}

    void read() {
        const auto context = named("contexts", "context", root_.at("current-context"));
        if (!context) {
            return;
        }
        const auto cluster = named("clusters", "cluster", context->at("cluster"));
        const auto user = named("users", "user", context->at("user"));
        if (cluster) {
            readCluster(*cluster);
        }
        if (user) {
            readUser(*user);
        }
    }

private:
    /// The entry of this list that has this name.
    [[nodiscard]] std::optional<Field> named(std::string_view list, std::string_view what,
                                             const Field& nameField) const {
        const auto name = nameField.requiredText("the name of an entry of " + std::string(list));
        if (!name) {
            return std::nullopt;
        }
        for (const auto& item : root_.at(list).items()) {
            if (item.at("name").text() == name) {
                const Field entry = item.at(what);
                return entry.requiredMap("it is what " + std::string(list) + " is about")
                           ? std::optional(entry)
                           : std::nullopt;
            }
        }
        nameField.error("is '" + *name + "', and there is no such entry in " + std::string(list));
        return std::nullopt;
    }

    void readCluster(const Field& cluster) {
        readServer(cluster.at("server"));
        into_.tlsServerName = word(cluster.at("tls-server-name"));
        readProxy(cluster.at("proxy-url"));
        readFileOrData(cluster, "certificate-authority", into_.caFile, into_.caPem);
        const Field insecure = cluster.at("insecure-skip-tls-verify");
        if (insecure.boolean().value_or(false)) {
            insecure.error(
                "is not supported: the server's certificate is always verified. Name its "
                "CA in certificate-authority instead");
        }
    }

    void readServer(const Field& field) {
        auto server = field.requiredText("the URL of the API server").value_or("");
        while (server.ends_with('/')) {
            server.pop_back();
        }
        if (!server.empty() && (!server.starts_with("https://") || server.size() == 8 ||
                                server.find_first_of("?#@ ") != std::string::npos)) {
            field.error("must be https://HOST:PORT, without user and query");
        }
        into_.server = server;
    }

    void readProxy(const Field& field) {
        constexpr std::array<std::string_view, 4> kSchemes{"http://", "https://", "socks5://",
                                                           "socks5h://"};
        into_.proxy = word(field);
        if (!into_.proxy.empty() && std::ranges::none_of(kSchemes, [this](std::string_view each) {
                return into_.proxy.starts_with(each);
            })) {
            field.error("must begin with http://, https:// or socks5://");
        }
    }

    /// "x" and "x-data": the data count where both are there.
    void readFileOrData(const Field& owner, const std::string& key, std::string& file,
                        std::string& data) {
        const Field dataField = owner.at(key + "-data");
        if (const auto text = dataField.text(); text && !text->empty()) {
            auto decoded = decodeBase64(*text);
            if (!decoded || decoded->empty()) {
                dataField.error("must be base64");
            }
            data = decoded.value_or("");
            return;
        }
        if (const auto path = word(owner.at(key)); !path.empty()) {
            file = fromFolderOf(into_.path, path);
        }
    }

    void readUser(const Field& user) {
        refuse(user, "auth-provider", "is not supported: use exec instead");
        refuse(user, "username", "is not supported: no API server takes passwords any more");
        refuse(user, "as", "is not supported: Plimsoll acts as the node itself");
        readFileOrData(user, "client-certificate", into_.clientCertificateFile,
                       into_.clientCertificatePem);
        readFileOrData(user, "client-key", into_.clientKeyFile, into_.clientKeyPem);
        into_.token = secret(user.at("token"));
        if (const auto path = word(user.at("tokenFile")); !path.empty()) {
            into_.tokenFile = fromFolderOf(into_.path, path);
        }
        if (const Field exec = user.at("exec"); exec.present() && exec.isMap()) {
            readExec(exec);
        }
        checkUser(user);
    }

    static void refuse(const Field& user, std::string_view key, std::string_view why) {
        if (const Field field = user.at(key); field.present()) {
            field.error(std::string(why));
        }
    }

    void checkUser(const Field& user) const {
        const bool hasCertificate =
            !into_.clientCertificateFile.empty() || !into_.clientCertificatePem.empty();
        const bool hasKey = !into_.clientKeyFile.empty() || !into_.clientKeyPem.empty();
        if (hasCertificate != hasKey) {
            user.at(hasCertificate ? "client-key" : "client-certificate")
                .error("is missing: a certificate and its key go together");
        }
        if (!hasCertificate && into_.token.empty() && into_.tokenFile.empty() && !into_.exec) {
            user.error("has no credentials: client-certificate and client-key, token, tokenFile or "
                       "exec");
        }
    }

    void readExec(const Field& field) {
        ExecPlugin plugin;
        plugin.apiVersion = field.at("apiVersion").requiredText(kExecV1).value_or("");
        if (plugin.apiVersion != kExecV1 && plugin.apiVersion != kExecV1beta1) {
            field.at("apiVersion")
                .error("must be " + std::string(kExecV1) + " or " + std::string(kExecV1beta1));
        }
        plugin.command = field.at("command").requiredText("the plugin").value_or("");
        if (plugin.command.find('/') != std::string::npos) {
            plugin.command = fromFolderOf(into_.path, plugin.command);
        }
        plugin.arguments = field.at("args").texts();
        for (const auto& each : field.at("env").items()) {
            auto name = each.at("name").requiredText("of the variable").value_or("");
            if (name.find('=') != std::string::npos) {
                each.at("name").error("must not have '=' in it");
            }
            plugin.environment.emplace_back(std::move(name), each.at("value").text().value_or(""));
        }
        plugin.provideClusterInfo = field.at("provideClusterInfo").boolean().value_or(false);
        if (const Field mode = field.at("interactiveMode"); mode.text() == "Always") {
            mode.error("is Always, and there is nobody here to ask");
        }
        into_.exec = std::move(plugin);
    }

    const Field& root_;
    Kubeconfig& into_;
};

std::unexpected<Error> firstOf(const std::vector<Refusal>& refusals) {
    const auto first = std::ranges::find(refusals, Refusal::Severity::error, &Refusal::severity);
    return fail(EINVAL, first->text());
}

void readRoot(const Field& root, Kubeconfig& into) {
    const auto kind = root.at("kind").text();
    if (kind && *kind != "Config") {
        root.at("kind").error("is " + *kind + ": this is no kubeconfig, whose kind is Config");
        return;
    }
    root.refuseRepeatedKeys();
    Reader(root, into).read();
}

} // namespace

Result<Kubeconfig> parseKubeconfig(std::string_view text, const std::string& path) {
    if (text.size() > kLargestKubeconfig) {
        return fail(EFBIG, path + ": is larger than 1 MiB");
    }
    const auto yaml = parseYaml(text);
    if (yaml.problem) {
        return fail(EINVAL,
                    path + ":" + std::to_string(yaml.problem->line) + ": " + yaml.problem->reason);
    }
    if (yaml.documents.size() != 1 || yaml.documents[0].kind != YamlNode::Kind::map) {
        return fail(EINVAL, path + ": is no kubeconfig: it must be one map");
    }
    Kubeconfig result{.path = path};
    std::vector<Refusal> refusals;
    Report report(refusals, path);
    readRoot(Field(yaml.documents[0], report), result);
    if (report.failed()) {
        return firstOf(refusals);
    }
    return result;
}

bool isKubeconfig(std::string_view text) {
    if (text.size() > kLargestKubeconfig) {
        return false;
    }
    const auto yaml = parseYaml(text);
    if (yaml.documents.size() != 1) {
        return false;
    }
    const auto* kind = yaml.documents[0].find("kind");
    return kind != nullptr && kind->text == "Config";
}

} // namespace plimsoll::kube
