// SPDX-License-Identifier: Apache-2.0
// The definitions, roles and example policies that are shipped: whether the server takes them.
#include "tests/conformance/check.hpp"
#include "tests/conformance/documents.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <optional>

namespace plimsoll::conformance {
namespace {

constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kConflict = 409;

const char* const kPolicies = "/apis/ensurance.crane.io/v1alpha1/nodeqoss";

std::vector<std::string> yamlFilesIn(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".yaml")
            files.push_back(entry.path().string());
    std::ranges::sort(files);
    return files;
}

/// An example may be for a node without a cluster and bring the Node and Pods that a server has.
bool isOurs(const Json& object) {
    return object.value("apiVersion", "").starts_with("ensurance.crane.io/");
}

/// A server-side dry run validates like a creation, also where the object is there already (409).
Verdict dryRun(Stage& stage, const std::vector<std::string>& files, bool onlyPolicies) {
    std::size_t objects = 0;
    std::size_t unknown = 0;
    for (const std::string& file : files) {
        const auto read = objectsIn(file);
        if (!read)
            return failed(read.error().what);
        for (const Json& object : *read) {
            if (onlyPolicies && !isOurs(object))
                continue;
            const auto path = collectionOf(object);
            if (!path)
                return failed(file + ": " + path.error().what);
            const Reply reply =
                stage.admin->create(*path + "?dryRun=All&fieldValidation=Strict", object);
            ++objects;
            unknown += reply.status == kNotFound ? 1U : 0U;
            if (!reply.isSuccess() && reply.status != kConflict && reply.status != kNotFound)
                return failed(file + ", " + object.value("kind", "") + ": " + reply.text());
        }
    }
    if (unknown > 0)
        return skipped(fmt::format("the server does not have the kinds of {} of {} objects; the "
                                   "others are accepted",
                                   unknown, objects));
    return ok(fmt::format("all {} objects of {} files are accepted", objects, files.size()));
}

Verdict manifests(Stage& stage) {
    return dryRun(stage, yamlFilesIn(stage.options.manifests), false);
}

Verdict examples(Stage& stage) {
    return dryRun(stage, yamlFilesIn(stage.options.examples), true);
}

/// None: all are created.
std::optional<Verdict> createAll(Stage& stage, const std::vector<Json>& objects) {
    for (const Json& object : objects) {
        const auto path = collectionOf(object);
        const Reply reply =
            path ? stage.admin->create(*path, object) : Reply{.problem = path.error().what};
        if (!reply.isSuccess() && reply.status != kConflict)
            return failed(reply.text());
        if (reply.isSuccess())
            stage.made(*path + "/" + object.at("metadata").value("name", ""));
    }
    return std::nullopt;
}

/// Those that are there stay as they are, for they may be somebody's.
Verdict definitions(Stage& stage) {
    if (stage.strongest().get(kPolicies).isSuccess())
        return ok("the kinds are there already");
    const auto objects = objectsIn(stage.options.manifests + "/crds.yaml");
    if (!objects)
        return failed(objects.error().what);
    if (const auto problem = createAll(stage, *objects))
        return *problem;
    // A new definition is served after a moment.
    Reply last;
    const bool isServed = stage.until([&] {
        last = stage.admin->get(kPolicies);
        return last.isSuccess();
    });
    return isServed ? ok("the kinds are served now")
                    : failed("the kinds are not served: " + last.text());
}

/// The shipped role, under a name of its own.
Verdict role(Stage& stage) {
    if (stage.node.get(kPolicies).isSuccess())
        return ok("the node may read the policies already");
    auto objects = objectsIn(stage.options.manifests + "/rbac.yaml");
    if (!objects)
        return failed(objects.error().what);
    for (Json& object : *objects) {
        object["metadata"]["name"] = stage.prefix;
        if (object.contains("roleRef"))
            object["roleRef"]["name"] = stage.prefix;
    }
    if (const auto problem = createAll(stage, *objects))
        return *problem;
    Reply last;
    const bool mayRead = stage.until([&] {
        last = stage.node.get(kPolicies);
        return last.status != kForbidden;
    });
    return mayRead && last.isSuccess() ? ok("with the role the node reads the policies")
                                       : failed("with the role: " + last.text());
}

} // namespace

const std::vector<Check>& manifestChecks() {
    static const std::vector<Check> kChecks{{"manifests accepted", manifests, true},
                                            {"definitions", definitions, true},
                                            {"role", role, true},
                                            {"example policies accepted", examples, true}};
    return kChecks;
}

} // namespace plimsoll::conformance
