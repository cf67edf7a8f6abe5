// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/kubeconfig.hpp"

#include "kube/credentials/base64.hpp"
#include "kube/credentials/token.hpp"
#include "kube/field.hpp"
#include "kube/yaml_tree.hpp"

#include <algorithm>
#include <filesystem>

namespace plimsoll::kube {
namespace {

constexpr std::string_view kExecGroup = "client.authentication.k8s.io/";
/// More than any plugin has.
constexpr std::size_t kMostArguments = 256;

/// As Field::text(), but a wrong value is not quoted: it may be a secret.
std::string textOf(const Field& field) {
    if (!field.present()) {
        return {};
    }
    if (field.kind() != YamlNode::Kind::text) {
        field.error("must be a string; write it in quotes");
        return {};
    }
    auto text = field.text().value_or("");
    if (text.find('\0') != std::string::npos) {
        field.error("must not contain a null byte");
        return {};
    }
    return text;
}

bool isMap(const Field& field, std::string_view what) {
    if (field.kind() == YamlNode::Kind::map) {
        return true;
    }
    field.error((field.present() ? "must be a map: " : "is missing: ") + std::string(what));
    return false;
}

std::vector<Field> itemsOf(const Field& list) {
    if (list.present() && list.kind() != YamlNode::Kind::list) {
        list.error("must be a list");
        return {};
    }
    return list.items();
}

/// The named entry of a list of {name, KEY}.
std::optional<Field> entryNamed(const Field& list, const std::string& name, std::string_view key) {
    for (const Field& item : itemsOf(list)) {
        const Field itsName = item.at("name");
        if (itsName.kind() == YamlNode::Kind::text && itsName.text() == name) {
            return item.at(key);
        }
    }
    return std::nullopt;
}

std::string absolute(const std::string& file, const std::string& kubeconfig) {
    return file.empty() || file.starts_with('/')
               ? file
               : (std::filesystem::path(kubeconfig).parent_path() / file).string();
}

class Reader {
public:
    Reader(const std::string& path, Report& report) : path_(path), report_(report) {}

    Kubeconfig read(const Field& file);

private:
    [[nodiscard]] std::string placeOf(const Field& parent, std::string_view key) const;
    [[nodiscard]] std::string fileOf(const Field& field) const {
        return absolute(textOf(field), path_);
    }
    [[nodiscard]] Material material(const Field& parent, const std::string& key) const;
    void readCluster(const Field& cluster);
    void readUser(const Field& user);
    [[nodiscard]] ExecCommand command(const Field& user) const;
    [[nodiscard]] static std::vector<std::pair<std::string, std::string>>
    environment(const Field& list);

    const std::string& path_;
    Report& report_;
    Kubeconfig result_;
};

Kubeconfig Reader::read(const Field& file) {
    const std::string current = textOf(file.at("current-context"));
    if (current.empty() && !report_.failed()) {
        file.at("current-context").error("is missing: the name of one of the contexts");
    }
    if (report_.failed()) {
        return {};
    }
    const auto context = entryNamed(file.at("contexts"), current, "context");
    if (!context) {
        file.at("current-context").error("names a context that is not in contexts");
        return {};
    }
    if (!isMap(*context, "the cluster and the user")) {
        return {};
    }
    const auto cluster = entryNamed(file.at("clusters"), textOf(context->at("cluster")), "cluster");
    const auto user = entryNamed(file.at("users"), textOf(context->at("user")), "user");
    if (!cluster) {
        context->at("cluster").error("must be the name of one of the clusters");
    } else if (isMap(*cluster, "where the API server is")) {
        readCluster(*cluster);
    }
    if (!user) {
        context->at("user").error("must be the name of one of the users");
    } else if (isMap(*user, "how to log in")) {
        readUser(*user);
    }
    return std::move(result_);
}

std::string Reader::placeOf(const Field& parent, std::string_view key) const {
    const Field field = parent.at(key);
    return Refusal{.file = path_, .line = field.line(), .path = field.path()}.text();
}

Material Reader::material(const Field& parent, const std::string& key) const {
    const Field data = parent.at(key + "-data");
    const std::string encoded = textOf(data);
    if (encoded.empty()) {
        return {.field = placeOf(parent, key), .file = fileOf(parent.at(key))};
    }
    auto decoded = decodeBase64(encoded);
    if (!decoded || decoded->empty()) {
        data.error("must be base64");
        return {};
    }
    return {.field = placeOf(parent, key + "-data"), .data = *std::move(decoded)};
}

void Reader::readCluster(const Field& cluster) {
    const Field server = cluster.at("server");
    auto url = serverUrl(textOf(server));
    if (!url) {
        server.error(url.error());
        return;
    }
    result_.server = *std::move(url);
    result_.tlsServerName = textOf(cluster.at("tls-server-name"));
    result_.proxy = textOf(cluster.at("proxy-url"));
    const bool known = result_.proxy.starts_with("http://") ||
                       result_.proxy.starts_with("https://") ||
                       result_.proxy.starts_with("socks5://");
    if (!result_.proxy.empty() && !known) {
        cluster.at("proxy-url").error("must begin with http://, https:// or socks5://");
    }
    const Field insecure = cluster.at("insecure-skip-tls-verify");
    if (insecure.present() && insecure.boolean().value_or(false)) {
        insecure.error("is refused: the API server is always verified; give "
                       "certificate-authority or certificate-authority-data instead");
    }
    result_.ca = material(cluster, "certificate-authority");
}

void Reader::readUser(const Field& user) {
    for (const auto* key : {"username", "password"}) {
        if (user.at(key).present()) {
            user.at(key).error("is not supported, nor by any API server since Kubernetes 1.19; "
                               "give a client certificate, a token or exec");
        }
    }
    if (user.at("auth-provider").present()) {
        user.at("auth-provider").error("is not supported; give exec instead");
    }
    result_.certificate = material(user, "client-certificate");
    result_.key = material(user, "client-key");
    if (result_.certificate.given() != result_.key.given() && !report_.failed()) {
        const bool noKey = !result_.key.given();
        user.at(noKey ? "client-key" : "client-certificate")
            .error("is missing: it belongs to the " +
                   std::string(noKey ? "client-certificate" : "client-key") + " that is given");
    }
    result_.token = textOf(user.at("token"));
    if (!isToken(result_.token)) {
        user.at("token").error("must be one word");
    }
    result_.tokenFile = {.field = placeOf(user, "tokenFile"), .file = fileOf(user.at("tokenFile"))};
    if (result_.certificate.given() || !result_.token.empty() || result_.tokenFile.given()) {
        return;
    }
    if (user.at("exec").present()) {
        result_.exec = command(user);
    } else if (!report_.failed()) {
        user.error("says no way to log in: give client-certificate and client-key, token, "
                   "tokenFile or exec");
    }
}

ExecCommand Reader::command(const Field& user) const {
    const Field exec = user.at("exec");
    ExecCommand result;
    if (!isMap(exec, "apiVersion and command")) {
        return result;
    }
    result.field = placeOf(user, "exec");
    result.apiVersion = textOf(exec.at("apiVersion"));
    if (result.apiVersion != std::string(kExecGroup) + "v1" &&
        result.apiVersion != std::string(kExecGroup) + "v1beta1") {
        exec.at("apiVersion")
            .error("must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1"
                   "; v1alpha1 has gone with Kubernetes 1.24");
    }
    result.program = textOf(exec.at("command"));
    if (result.program.empty()) {
        exec.at("command").error("is missing: the program to run");
    } else if (result.program.find('/') != std::string::npos) {
        result.program = absolute(result.program, path_);
    }
    for (const Field& item : itemsOf(exec.at("args"))) {
        result.arguments.push_back(textOf(item));
    }
    if (result.arguments.size() > kMostArguments) {
        exec.at("args").error("must not be more than " + std::to_string(kMostArguments));
    }
    result.environment = environment(exec.at("env"));
    result.provideClusterInfo = exec.at("provideClusterInfo").boolean().value_or(false);
    const auto mode = textOf(exec.at("interactiveMode"));
    if (mode == "Always") {
        exec.at("interactiveMode").error("must not be Always: nobody sits at a daemon's terminal");
    } else if (!mode.empty() && mode != "Never" && mode != "IfAvailable") {
        exec.at("interactiveMode").error("must be Never or IfAvailable");
    }
    return result;
}

std::vector<std::pair<std::string, std::string>> Reader::environment(const Field& list) {
    std::vector<std::pair<std::string, std::string>> result;
    for (const Field& item : itemsOf(list)) {
        if (!isMap(item, "name and value")) {
            continue;
        }
        auto name = textOf(item.at("name"));
        if (name.empty() || name.find('=') != std::string::npos) {
            item.at("name").error("must be the name of an environment variable");
        }
        result.emplace_back(std::move(name), textOf(item.at("value")));
    }
    if (result.size() > kMostArguments) {
        list.error("must not be more than " + std::to_string(kMostArguments));
    }
    return result;
}

Kubeconfig readDocument(const YamlNode& document, const std::string& path, Report& report) {
    const Field file(document, report);
    if (!isMap(file, "a kubeconfig has clusters, users and contexts")) {
        return {};
    }
    const auto kind = textOf(file.at("kind"));
    if (!isKubeconfigKind(kind)) {
        file.at("kind").error("must be Config: this is " +
                              (kind == "KubeletConfiguration"
                                   ? std::string("the kubelet's configuration (--config), not its "
                                                 "kubeconfig (--kubeconfig)")
                                   : "another kind of file"));
    }
    const auto version = textOf(file.at("apiVersion"));
    if (!version.empty() && version != "v1" && !report.failed()) {
        file.at("apiVersion").error("must be v1");
    }
    return report.failed() ? Kubeconfig{} : Reader(path, report).read(file);
}

} // namespace

bool isKubeconfigKind(std::string_view kind) {
    return kind.empty() || kind == "Config";
}

std::string kindOf(std::string_view text) {
    const auto yaml = parseYaml(text.substr(0, kMaxCredentialBytes));
    const auto* kind = yaml.documents.empty() ? nullptr : yaml.documents.front().find("kind");
    return kind == nullptr ? "" : kind->text;
}

std::expected<std::string, std::string> serverUrl(std::string url) {
    constexpr std::string_view kScheme = "https://";
    const auto isOdd = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '?' || c == '#';
    };
    if (!url.starts_with(kScheme)) {
        return std::unexpected("must be a URL that begins with https://");
    }
    while (url.ends_with('/') && url.size() > kScheme.size()) {
        url.pop_back();
    }
    const auto authority =
        url.substr(kScheme.size(), url.find('/', kScheme.size()) - kScheme.size());
    if (authority.empty() || authority.find('@') != std::string::npos ||
        std::ranges::any_of(url, isOdd)) {
        return std::unexpected("must be https://HOST:PORT, with a path at most");
    }
    return url;
}

Result<Kubeconfig> parseKubeconfig(std::string_view text, const std::string& path) {
    if (text.size() > kMaxCredentialBytes) {
        return fail(0, path + ": is larger than 1 MiB: that is no kubeconfig");
    }
    const auto yaml = parseYaml(text);
    if (yaml.problem) {
        return fail(
            0, Refusal{.file = path, .line = yaml.problem->line, .reason = yaml.problem->reason}
                   .text());
    }
    if (yaml.documents.size() != 1) {
        return fail(0, path + ": must hold one YAML document, not " +
                           std::to_string(yaml.documents.size()));
    }
    std::vector<Refusal> told;
    Report report(told, path);
    auto result = readDocument(yaml.documents.front(), path, report);
    const auto wrong = std::ranges::find(told, Refusal::Severity::error, &Refusal::severity);
    if (wrong != told.end()) {
        return fail(0, wrong->text());
    }
    return result;
}

} // namespace plimsoll::kube
