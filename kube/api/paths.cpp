// SPDX-License-Identifier: Apache-2.0
#include "kube/api/paths.hpp"

#include "kube/names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace plimsoll::kube::path {
namespace {

constexpr std::size_t kLongestShown = 80; // bytes; of a bad name, percent-encoded

/// "/collection/name".
Result<std::string> joined(std::string collection, std::string_view what, std::string_view name) {
    if (isDns1123Subdomain(name)) {
        return collection.append("/").append(name);
    }
    return fail(0, "'" + percentEncoded(name).substr(0, kLongestShown) + "' is no name of a " +
                       std::string(what) +
                       ": it must be lower-case letters, digits, '-' and '.', at most 253");
}

/// "/api/v1/namespaces/default/pods".
Result<std::string> collectionIn(std::string_view namespaceName, std::string_view plural) {
    if (isDns1123Label(namespaceName)) {
        return std::string("/api/v1/namespaces/").append(namespaceName).append("/").append(plural);
    }
    return fail(0, "'" + percentEncoded(namespaceName).substr(0, kLongestShown) +
                       "' is no namespace: it must be " + std::string(kLabelRule));
}

/// A list of those whose `field` is the name of a node.
Result<std::string> selected(const std::string& list, std::string_view field,
                             std::string_view nodeName) {
    if (const auto valid = node(nodeName); !valid) {
        return valid;
    }
    return with(list, "fieldSelector", std::string(field).append("=").append(nodeName));
}

bool isUnreserved(char c) {
    constexpr std::string_view kMarks = "-._~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
}

} // namespace

Result<std::string> node(std::string_view name) {
    return joined("/api/v1/nodes", "Node", name);
}

Result<std::string> nodeStatus(std::string_view name) {
    auto path = node(name);
    return path ? Result<std::string>(path->append("/status")) : path;
}

Result<std::string> onlyNode(std::string_view name) {
    return selected("/api/v1/nodes", "metadata.name", name);
}

Result<std::string> podsOfNode(std::string_view nodeName) {
    return selected("/api/v1/pods", "spec.nodeName", nodeName);
}

Result<std::string> eviction(std::string_view namespaceName, std::string_view podName) {
    auto pods = collectionIn(namespaceName, "pods");
    auto pod = pods ? joined(*std::move(pods), "Pod", podName) : pods;
    return pod ? Result<std::string>(pod->append("/eviction")) : pod;
}

Result<std::string> events(std::string_view namespaceName) {
    return collectionIn(namespaceName, "events");
}

Result<std::string> event(std::string_view namespaceName, std::string_view name) {
    auto all = events(namespaceName);
    return all ? joined(*std::move(all), "Event", name) : all;
}

Result<std::string> ensurance(std::string_view plural) {
    return joined("/apis/ensurance.crane.io/v1alpha1", "resource", plural);
}

std::string with(std::string path, std::string_view name, std::string_view value) {
    path += path.find('?') == std::string::npos ? '?' : '&';
    return path.append(percentEncoded(name)).append("=").append(percentEncoded(value));
}

std::string percentEncoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        if (isUnreserved(c)) {
            result += c;
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(c);
        result.append({'%', kDigits[byte >> 4U], kDigits[byte & 0xfU]});
    }
    return result;
}

} // namespace plimsoll::kube::path
