// SPDX-License-Identifier: Apache-2.0
// What a kind is to the API server, and the paths that ask for it. Pure.
#pragma once

#include "kube/mirror/object_store.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace plimsoll::kube {

/// "v1", "ensurance.crane.io/v1alpha1".
std::string_view apiVersionOf(Kind kind);
/// It comes with a CRD, which may be missing.
bool isCustom(Kind kind);

/// Pods and the Node always with their field selector: nothing else is allowed to a node, and
/// nothing else is needed.
class ResourcePath {
public:
    ResourcePath(Kind kind, std::string_view nodeName);

    /// From the server's cache, which answers also when etcd does not. The cache heeds no limit,
    /// servers without one do.
    [[nodiscard]] std::string anyList() const;
    /// As new as etcd.
    [[nodiscard]] std::string newestList(bool inPages) const;
    [[nodiscard]] std::string listNotOlderThan(std::string_view version) const;
    [[nodiscard]] std::string page(std::string_view continueToken) const;
    [[nodiscard]] std::string watch(std::string_view version, std::chrono::seconds longest) const;
    /// A watch that begins with everything that is there, no older than the version ("0": from the
    /// cache, whatever its age).
    [[nodiscard]] std::string streamingList(std::string_view version,
                                            std::chrono::seconds longest) const;

private:
    [[nodiscard]] std::string with(const std::string& query) const;

    std::string path_;     ///< "/api/v1/pods"
    std::string selector_; ///< "fieldSelector=…"; empty: none
};

} // namespace plimsoll::kube
