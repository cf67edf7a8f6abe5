// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/documents.hpp"

#include "kube/yaml_tree.hpp"

#include <fstream>
#include <iterator>
#include <map>

namespace plimsoll::conformance {
namespace {

using Json = nlohmann::json;
using kube::YamlNode;

Json toJson(const YamlNode& node) {
    switch (node.kind) {
    case YamlNode::Kind::null: return nullptr;
    case YamlNode::Kind::boolean: return node.boolean;
    case YamlNode::Kind::integer: return node.integer;
    case YamlNode::Kind::number: return node.number;
    case YamlNode::Kind::text: return node.text;
    case YamlNode::Kind::list: {
        Json list = Json::array();
        for (const YamlNode& item : node.items)
            list.push_back(toJson(item));
        return list;
    }
    case YamlNode::Kind::map: {
        Json object = Json::object();
        for (const auto& member : node.members)
            object[member.key] = toJson(member.value);
        return object;
    }
    }
    return nullptr;
}

} // namespace

Result<std::vector<Json>> objectsIn(const std::string& file) {
    std::ifstream stream(file);
    if (!stream)
        return fail(errno, "cannot read " + file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto read = kube::parseYaml(text);
    if (read.problem)
        return fail(0,
                    file + ":" + std::to_string(read.problem->line) + ": " + read.problem->reason);
    std::vector<Json> objects;
    for (const YamlNode& document : read.documents) {
        Json object = toJson(document);
        if (object.is_object() && object.value("kind", "") == "List")
            objects.insert(objects.end(), object["items"].begin(), object["items"].end());
        else
            objects.push_back(std::move(object));
    }
    return objects;
}

Result<std::string> collectionOf(const Json& object) {
    static const std::map<std::string, std::string> kPlurals{
        {"ClusterRole", "clusterroles"},
        {"ClusterRoleBinding", "clusterrolebindings"},
        {"CustomResourceDefinition", "customresourcedefinitions"},
        {"ServiceAccount", "serviceaccounts"},
        {"Secret", "secrets"},
        {"NodeQOS", "nodeqoss"},
        {"PodQOS", "podqoss"},
        {"AvoidanceAction", "avoidanceactions"}};
    const std::string kind = object.value("kind", "");
    const auto plural = kPlurals.find(kind);
    if (plural == kPlurals.end())
        return fail(0, "a " + kind + " is nothing that is known here");
    const std::string version = object.value("apiVersion", "");
    const std::string space = object.at("metadata").value("namespace", "");
    return (version == "v1" ? "/api/" : "/apis/") + version + "/" +
           (space.empty() ? "" : "namespaces/" + space + "/") + plural->second;
}

} // namespace plimsoll::conformance
