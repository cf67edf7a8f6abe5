// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/api_server.hpp"

#include "tests/apiserver/frontend.hpp"
#include "tests/apiserver/node_files.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace plimsoll::test {

using namespace std::chrono_literals;
using apiserver::Json;

namespace {

namespace fs = std::filesystem;

std::string ownDirectory() {
    std::string name = (fs::temp_directory_path() / "test-apiserver.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("cannot make a directory for the certificates");
    return name;
}

std::string contentOf(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

apiserver::Authority authorityIn(const fs::path& directory) {
    const fs::path certificate = directory / "ca.crt";
    const fs::path key = directory / "ca.key";
    if (fs::exists(certificate) && fs::exists(key))
        return apiserver::Authority({.certificate = contentOf(certificate), .key = contentOf(key)});
    apiserver::Authority authority("kubernetes");
    apiserver::writeFile(certificate.string(), authority.pem().certificate, 0644);
    apiserver::writeFile(key.string(), authority.pem().key, 0600);
    return authority;
}

std::vector<std::string> serverNames(const ApiServer::Options& options) {
    std::vector<std::string> names{"IP:127.0.0.1", "DNS:localhost", "DNS:kubernetes.default.svc"};
    names.insert(names.end(), options.names.begin(), options.names.end());
    return names;
}

Json nodeObject(const std::string& name) {
    return {{"kind", "Node"},
            {"apiVersion", "v1"},
            {"metadata",
             {{"name", name},
              {"labels", {{"kubernetes.io/hostname", name}, {"kubernetes.io/os", "linux"}}}}},
            {"spec", Json::object()},
            {"status", {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}};
}

Json definition(const apiserver::Kind& kind) {
    return {{"kind", "CustomResourceDefinition"},
            {"apiVersion", "apiextensions.k8s.io/v1"},
            {"metadata", {{"name", kind.plural + "." + kind.group}}},
            {"spec",
             {{"group", kind.group},
              {"scope", "Cluster"},
              {"names", {{"plural", kind.plural}, {"kind", kind.kind}}}}}};
}

constexpr const char* kRole = "plimsoll-node";

apiserver::Key keyAt(const std::string& path) {
    apiserver::Request request{.method = "GET", .path = path};
    apiserver::readPath(request);
    return apiserver::keyOf(request);
}

} // namespace

struct ApiServer::Impl {
    explicit Impl(Options wanted)
        : options(std::move(wanted)), isOwnDirectory(options.directory.empty()),
          directory(isOwnDirectory ? ownDirectory() : options.directory),
          authority((fs::create_directories(directory), authorityIn(directory))),
          frontend(rooms, authority.server(serverNames(options)), authority.pem().certificate) {}
    ~Impl() {
        isEnding = true;
        if (janitor.joinable())
            janitor.join();
        frontend.stop();
        if (isOwnDirectory)
            fs::remove_all(directory);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    /// What the kubelets would do.
    void removePods() {
        while (!isEnding) {
            rooms.cluster.removePodsPastTheirGrace();
            std::this_thread::sleep_for(50ms);
        }
    }

    Options options;
    bool isOwnDirectory;
    fs::path directory;
    apiserver::Authority authority;
    apiserver::Rooms rooms;
    apiserver::Frontend frontend;
    int port = 0;
    std::mutex mutex; ///< of stopping and starting
    bool isRunning = false;
    std::atomic<bool> isEnding = false;
    std::thread janitor;
};

ApiServer::ApiServer() : ApiServer(Options{}) {}

ApiServer::ApiServer(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {
    impl_->port = impl_->frontend.start(impl_->options.host, impl_->options.port);
    impl_->isRunning = true;
    const std::string ca = impl_->authority.pem().certificate;
    for (const std::string& node : impl_->options.nodes) {
        apply(nodeObject(node));
        apiserver::NodeFiles(directory(), node).writeKubeconfig(url(), ca);
        rotate(node, impl_->options.lifetime);
    }
    const auto admin = impl_->authority.client("kubernetes-admin", "system:masters", 240h);
    apiserver::writeFile(adminKubeconfig(), apiserver::inlineKubeconfig(url(), ca, admin), 0600);
    impl_->janitor = std::thread([impl = impl_.get()] { impl->removePods(); });
}

ApiServer::~ApiServer() = default;

std::string ApiServer::url() const {
    return "https://127.0.0.1:" + std::to_string(impl_->port);
}
std::string ApiServer::directory() const {
    return impl_->directory.string();
}
std::string ApiServer::caFile() const {
    return (impl_->directory / "ca.crt").string();
}
std::string ApiServer::adminKubeconfig() const {
    return (impl_->directory / "admin.conf").string();
}
std::string ApiServer::kubeconfig(const std::string& node) const {
    return apiserver::NodeFiles(directory(), node).kubeconfig();
}
std::string ApiServer::clientPem(const std::string& node) const {
    return apiserver::NodeFiles(directory(), node).currentPem();
}
const apiserver::Authority& ApiServer::authority() const {
    return impl_->authority;
}

void ApiServer::rotate(const std::string& node, std::chrono::seconds lifetime) {
    apiserver::NodeFiles(directory(), node)
        .rotate(impl_->authority.client("system:node:" + node, "system:nodes", lifetime));
}

std::string ApiServer::kubeconfigWithToken(const std::string& token, const std::string& user,
                                           const std::vector<std::string>& groups) {
    apiserver::Identity identity{.user = user, .groups = groups};
    identity.groups.emplace_back("system:authenticated");
    impl_->rooms.tokens.add(token, std::move(identity));
    const std::string path = (impl_->directory / "token.conf").string();
    apiserver::writeFile(
        path, apiserver::kubeconfigWithToken(url(), impl_->authority.pem().certificate, token),
        0600);
    return path;
}

void ApiServer::forgetToken(const std::string& token) {
    impl_->rooms.tokens.remove(token);
}

void ApiServer::stop() {
    const std::scoped_lock lock(impl_->mutex);
    impl_->frontend.stop();
    impl_->isRunning = false;
}

void ApiServer::start() {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->isRunning)
        return;
    compact();
    impl_->frontend.start(impl_->options.host, impl_->port);
    impl_->isRunning = true;
}

void ApiServer::cutWatches() {
    impl_->frontend.cutWatches();
}
void ApiServer::compact() {
    cluster().store().compact();
}

void ApiServer::installDefinitions() {
    for (const apiserver::Kind& kind : apiserver::allKinds())
        if (kind.isCustom)
            apply(definition(kind));
}

void ApiServer::removeDefinitions() {
    for (const apiserver::Kind& kind : apiserver::allKinds())
        if (kind.isCustom)
            cluster().erase({.plural = "customresourcedefinitions",
                             .space = "",
                             .name = kind.plural + "." + kind.group});
}

void ApiServer::installNodeRole() {
    apply({{"kind", "ClusterRole"},
           {"apiVersion", "rbac.authorization.k8s.io/v1"},
           {"metadata", {{"name", kRole}}},
           {"rules",
            {{{"apiGroups", {"ensurance.crane.io"}},
              {"resources", {"nodeqoss", "podqoss", "avoidanceactions"}},
              {"verbs", {"get", "list", "watch"}}}}}});
    apply({{"kind", "ClusterRoleBinding"},
           {"apiVersion", "rbac.authorization.k8s.io/v1"},
           {"metadata", {{"name", kRole}}},
           {"roleRef", {{"kind", "ClusterRole"}, {"name", kRole}}},
           {"subjects", {{{"kind", "Group"}, {"name", "system:nodes"}}}}});
}

void ApiServer::removeNodeRole() {
    cluster().erase({.plural = "clusterrolebindings", .space = "", .name = kRole});
}

Json ApiServer::apply(const Json& object) {
    const auto applied = cluster().apply(object);
    if (!applied)
        throw std::runtime_error("no object that this server can keep: " + object.dump());
    return *applied;
}

Json ApiServer::get(const std::string& path) const {
    return impl_->rooms.cluster.store().get(keyAt(path)).value_or(Json());
}

bool ApiServer::erase(const std::string& path) {
    return cluster().erase(keyAt(path));
}

Json ApiServer::addPod(const std::string& node, const std::string& space, const std::string& name,
                       const Json& labels) {
    Json pod = {{"kind", "Pod"},
                {"apiVersion", "v1"},
                {"metadata", {{"name", name}, {"namespace", space}}},
                {"spec",
                 {{"nodeName", node},
                  {"terminationGracePeriodSeconds", 30},
                  {"containers", {{{"name", "main"}, {"image", "example"}}}}}},
                {"status", {{"phase", "Running"}, {"qosClass", "BestEffort"}}}};
    if (!labels.empty())
        pod["metadata"]["labels"] = labels;
    return apply(pod);
}

void ApiServer::fault(const Json& json) {
    auto fault = apiserver::faultOf(json);
    if (!fault)
        throw std::runtime_error("no fault: " + json.dump());
    faults().add(std::move(*fault));
}

apiserver::Faults& ApiServer::faults() {
    return impl_->rooms.faults;
}
apiserver::AccessLog& ApiServer::log() {
    return impl_->rooms.log;
}
apiserver::Cluster& ApiServer::cluster() {
    return impl_->rooms.cluster;
}

} // namespace plimsoll::test
