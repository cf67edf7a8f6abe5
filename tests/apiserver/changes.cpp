// SPDX-License-Identifier: Apache-2.0
// What the server keeps of a change, and what it finds wrong with it.
#include "tests/apiserver/authorizer.hpp"
#include "tests/apiserver/cluster.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <set>

namespace plimsoll::test::apiserver {

namespace {

const Json::json_pointer kVersionPath("/metadata/resourceVersion");

/// What the types of the real server leave out: empty and false.
void leaveOutDefaults(Json& object) {
    if (object["metadata"].is_object())
        for (const char* map : {"labels", "annotations"})
            if (object["metadata"].contains(map) && object["metadata"][map].empty())
                object["metadata"].erase(map);
    if (object.value("kind", "") != "Node" || !object.contains("spec"))
        return;
    if (object["spec"].value("unschedulable", Json()) == false)
        object["spec"].erase("unschedulable");
    static const std::set<std::string> kKnown{"podCIDR", "podCIDRs",      "providerID",
                                              "taints",  "unschedulable", "configSource"};
    std::erase_if(object["spec"].get_ref<Json::object_t&>(),
                  [](const auto& field) { return !kKnown.contains(field.first); });
    if (object["spec"].contains("taints") && object["spec"]["taints"].empty())
        object["spec"].erase("taints");
}

/// An extended resource is counted in whole pieces.
std::string problemOfQuantity(const std::string& quantity) {
    if (quantity.starts_with('-'))
        return "must be greater than or equal to 0";
    const auto unit =
        std::ranges::find_if_not(quantity, [](unsigned char c) { return std::isdigit(c) != 0; });
    const std::string suffix(unit, quantity.end());
    static const std::set<std::string> kWhole{"",   "k",  "M",  "G",  "T", "P",
                                              "Ki", "Mi", "Gi", "Ti", "Pi"};
    return kWhole.contains(suffix) && unit != quantity.begin() ? "" : "must be an integer";
}

Json wrongExtendedResources(Json& status) {
    Json causes = Json::array();
    for (const char* list : {"capacity", "allocatable"}) {
        if (!status.contains(list) || !status[list].is_object())
            continue;
        for (auto& [name, value] : status[list].items()) {
            if (value.is_number_integer())
                value = std::to_string(value.get<long>());
            const bool isExtended = name.contains('/') && !name.contains("kubernetes.io/");
            const std::string problem =
                isExtended && value.is_string() ? problemOfQuantity(value) : "";
            if (!problem.empty())
                causes.push_back(
                    invalidCause(fmt::format("status.{}.{}", list, name), "FieldValueInvalid",
                                 fmt::format("Invalid value: {}: {}", value.dump(), problem)));
        }
    }
    return causes;
}

Reply invalidNode(const Request& request, const Json& causes) {
    std::string problems;
    for (const Json& cause : causes)
        problems += fmt::format("{}{}: {}", problems.empty() ? "" : ", ", cause.value("field", ""),
                                cause.value("message", ""));
    return failure(422, "Invalid",
                   fmt::format("Node \"{}\" is invalid: [{}]", request.name, problems),
                   {{"name", request.name}, {"kind", "Node"}, {"causes", causes}});
}

std::optional<Reply> wrongVersion(const Request& request, const Json& before, const Json& after) {
    const Kind& kind = *kindOf(request.group, request.plural);
    const std::string wanted = after.value(kVersionPath, "");
    if (wanted.empty() && kind.isCustom)
        return failure(
            422, "Invalid",
            fmt::format("{} \"{}\" is invalid: metadata.resourceVersion: Invalid value: "
                        "0: must be specified for an update",
                        request.qualifiedPlural(), request.name),
            {{"name", request.name},
             {"kind", request.plural},
             {"group", kind.group},
             {"causes", Json::array({invalidCause("metadata.resourceVersion", "FieldValueInvalid",
                                                  "Invalid value: 0: must be specified for an "
                                                  "update")})}});
    return wanted.empty() || wanted == before.value(kVersionPath, "")
               ? std::nullopt
               : std::optional(conflict(request));
}

} // namespace

Outcome<Json> settled(const Request& request, const Json& before, Json after) {
    const Kind& kind = *kindOf(request.group, request.plural);
    if (auto refused = wrongVersion(request, before, after))
        return std::unexpected(*refused);
    Json& metadata = after["metadata"];
    if (metadata.value("name", request.name) != request.name)
        return std::unexpected(failure(
            400, "BadRequest", "the name of the object does not match the name on the URL"));
    const Json& had = before.at("metadata");
    if (metadata.contains("uid") && metadata["uid"] != had["uid"])
        return std::unexpected(invalidField(
            kind.kind, request.name, "metadata.uid", "FieldValueInvalid",
            fmt::format("Invalid value: {}: field is immutable", metadata["uid"].dump())));
    for (const char* kept : {"name", "namespace", "uid", "creationTimestamp", "resourceVersion"})
        if (had.contains(kept))
            metadata[kept] = had[kept];
    for (const char* kept : {"kind", "apiVersion"})
        after[kept] = before.value(kept, "");
    leaveOutDefaults(after);
    if (auto refused = restriction(request, before, after))
        return std::unexpected(*refused);
    // Each of the two resources keeps the other's half, silently.
    if (!kind.isCustom && kind.plural != "events") {
        const char* other = request.subresource == "status" ? "spec" : "status";
        after.erase(other);
        if (before.contains(other))
            after[other] = before[other];
    }
    if (kind.kind == "Node" && after.contains("status"))
        if (const Json causes = wrongExtendedResources(after["status"]); !causes.empty())
            return std::unexpected(invalidNode(request, causes));
    return after;
}

std::optional<Reply> invalidEvent(const Request& request, const Json& event) {
    static const std::set<std::string> kSpaces{"default", "kube-system", "kube-public",
                                               "kube-node-lease"};
    const Json about = event.value("involvedObject", Json::object());
    const std::string space = about.value("namespace", "");
    const bool isKnown = kSpaces.contains(request.space) || space == request.space;
    if (!isKnown)
        return failure(404, "NotFound", fmt::format("namespaces \"{}\" not found", request.space),
                       {{"name", request.space}, {"kind", "namespaces"}});
    const bool fits = space == request.space || (space.empty() && request.space == "default");
    if (fits)
        return std::nullopt;
    return invalidField(
        "Event", request.name, "involvedObject.namespace", "FieldValueInvalid",
        fmt::format("Invalid value: \"{}\": does not match event.namespace", space));
}

} // namespace plimsoll::test::apiserver
