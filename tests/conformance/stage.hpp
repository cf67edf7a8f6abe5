// SPDX-License-Identifier: Apache-2.0
// Who acts where, what was made for it, and how it is taken away again.
#pragma once

#include "kube/mirror/mirror.hpp"
#include "tests/conformance/client.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::conformance {

struct Options {
    std::string kubeconfig;      ///< of system:node:NAME
    std::string adminKubeconfig; ///< empty: what a node may not do is skipped
    std::string node;            ///< empty: the one that the credentials name
    std::string space = "default";
    std::string manifests; ///< folder of crds.yaml and rbac.yaml
    std::string examples;  ///< folder of example policies
    bool isNodeKnown = false;
    /// For what a controller or a cache of the server has to do first.
    std::chrono::seconds patience{60};
};

class Stage {
public:
    explicit Stage(Options wanted);

    Options options;
    Loop loop;
    std::string prefix; ///< of all names here
    Client node;
    std::optional<Client> admin;
    std::string nodeName;
    bool isNodeMade = false;
    std::optional<kube::Mirror> mirror;

    [[nodiscard]] Client& strongest() { return admin ? *admin : node; }
    /// False when it does not hold within `options.patience`.
    bool until(const std::function<bool()>& holds);
    [[nodiscard]] std::string nodePath() const { return "/api/v1/nodes/" + nodeName; }
    [[nodiscard]] std::string podsPath() const {
        return "/api/v1/namespaces/" + options.space + "/pods";
    }
    Json ownNode(); ///< null: it cannot be had
    /// As the mirror has it; null: not there.
    [[nodiscard]] const kube::StoredObject* mirrored(kube::Kind kind,
                                                     const std::string& name) const;
    [[nodiscard]] Json mirroredJson(kube::Kind kind, const std::string& name) const;
    [[nodiscard]] std::string podKey(const std::string& name) const {
        return options.space + "/" + name;
    }

    /// Running and ready, as far as the API server knows. Needs the admin.
    Reply addPod(const std::string& name, const std::string& onNode);
    /// Takes away at the end what is at this path.
    void made(std::string path) { made_.push_back(std::move(path)); }
    /// What could not be taken away; empty: nothing is left.
    std::vector<std::string> cleanUp();

private:
    void releaseNode();

    std::vector<std::string> made_;
};

/// The string or object at a JSON pointer; null: not there.
Json at(const Json& object, const std::string& pointer);

} // namespace plimsoll::conformance
