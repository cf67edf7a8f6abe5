// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/resource.hpp"

namespace plimsoll::kube {
namespace {

constexpr std::string_view kPages = "limit=500"; // as client-go

/// For a value in a query.
std::string encoded(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-._~";
    std::string result;
    for (const char c : text) {
        if (kPlain.find(c) != std::string_view::npos) {
            result += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            result += '%';
            result += kHex[byte >> 4U];
            result += kHex[byte & 15U];
        }
    }
    return result;
}

std::string pathOf(Kind kind) {
    const std::string custom = "/apis/ensurance.crane.io/v1alpha1/";
    switch (kind) {
    case Kind::nodeQos: return custom + "nodeqoss";
    case Kind::podQos: return custom + "podqoss";
    case Kind::avoidanceAction: return custom + "avoidanceactions";
    case Kind::pod: return "/api/v1/pods";
    case Kind::node: return "/api/v1/nodes";
    }
    return {};
}

std::string selectorOf(Kind kind, std::string_view nodeName) {
    switch (kind) {
    case Kind::pod: return "fieldSelector=" + encoded("spec.nodeName=" + std::string(nodeName));
    case Kind::node: return "fieldSelector=" + encoded("metadata.name=" + std::string(nodeName));
    default: return {};
    }
}

} // namespace

std::string_view apiVersionOf(Kind kind) {
    return isCustom(kind) ? "ensurance.crane.io/v1alpha1" : "v1";
}

bool isCustom(Kind kind) {
    return kind != Kind::pod && kind != Kind::node;
}

ResourcePath::ResourcePath(Kind kind, std::string_view nodeName)
    : path_(pathOf(kind)), selector_(selectorOf(kind, nodeName)) {}

std::string ResourcePath::anyList() const {
    return with("resourceVersion=0&" + std::string(kPages));
}

std::string ResourcePath::newestList(bool inPages) const {
    return with(inPages ? std::string(kPages) : std::string());
}

std::string ResourcePath::listNotOlderThan(std::string_view version) const {
    return with("resourceVersion=" + encoded(version) + "&resourceVersionMatch=NotOlderThan");
}

std::string ResourcePath::page(std::string_view continueToken) const {
    return with(std::string(kPages) + "&continue=" + encoded(continueToken));
}

std::string ResourcePath::watch(std::string_view version, std::chrono::seconds longest) const {
    return with("watch=1&allowWatchBookmarks=true&resourceVersion=" + encoded(version) +
                "&timeoutSeconds=" + std::to_string(longest.count()));
}

std::string ResourcePath::streamingList(std::string_view version,
                                        std::chrono::seconds longest) const {
    return with("watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersion=" +
                encoded(version) + "&resourceVersionMatch=NotOlderThan&timeoutSeconds=" +
                std::to_string(longest.count()));
}

std::string ResourcePath::with(const std::string& query) const {
    const std::string both = selector_ + (selector_.empty() || query.empty() ? "" : "&") + query;
    return path_ + (both.empty() ? "" : "?") + both;
}

} // namespace plimsoll::kube
