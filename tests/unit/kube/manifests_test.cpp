// SPDX-License-Identifier: Apache-2.0
// The manifests that are applied to a cluster.
#include "decoding.hpp"
#include "schema.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<std::string> words(const YamlNode& list) {
    std::vector<std::string> result(list.items.size());
    std::ranges::transform(list.items, result.begin(), &YamlNode::text);
    return result;
}

// The definitions

TEST(Definitions, are_structural_and_have_no_defaults) {
    for (const auto& kind : kKindsOfPolicies) {
        ASSERT_NE(schemaOf(kind), nullptr) << kind;
        EXPECT_THAT(structuralFaults(*schemaOf(kind)), IsEmpty()) << kind;
    }
}

TEST(Definitions, are_what_a_structural_schema_is_checked_for) {
    for (const auto* bad :
         {"{properties: {a: {type: string}}}", "{type: object, default: {}}",
          "{type: object, $ref: x}", "{type: array}", "{type: string, items: {type: string}}",
          "{type: object, properties: {a: {type: string}}, additionalProperties: {type: string}}",
          "{type: object, required: [a]}", "{type: string, x-kubernetes-int-or-string: true}",
          "{type: object, oneOf: [{properties: {a: {enum: [x]}}}]}",
          "{type: object, properties: {a: {type: string}}, oneOf: [{properties: {a: {type: "
          "string}}}]}",
          "{type: string, allOf: [{type: string}]}", "{type: string, enum: [1]}",
          "{type: array, x-kubernetes-list-map-keys: [n], items: {type: object, properties: {n: "
          "{type: string}}}}",
          "{type: object, properties: {metadata: {type: object, required: [name], properties: "
          "{name: {type: string}}}}}"}) {
        EXPECT_FALSE(structuralFaults(parseYaml(bad).documents.at(0)).empty()) << bad;
    }
}

TEST(Definitions, have_the_names_that_cranes_have) {
    const auto documents = documentsOf("kube/manifests/crds.yaml");
    ASSERT_THAT(documents, SizeIs(3));
    const std::vector<std::vector<std::string>> names{
        {"NodeQOS", "nodeqoss", "nodeqos", "nq"},
        {"PodQOS", "podqoss", "podqos", "pq"},
        {"AvoidanceAction", "avoidanceactions", "avoidanceaction", "avoid"}};
    for (std::size_t i = 0; i < names.size(); ++i) {
        const YamlNode& definition = documents[i];
        EXPECT_EQ(at(definition, {"apiVersion"}).text, "apiextensions.k8s.io/v1");
        EXPECT_EQ(at(definition, {"kind"}).text, "CustomResourceDefinition");
        EXPECT_EQ(at(definition, {"metadata", "name"}).text, names[i][1] + ".ensurance.crane.io");
        const YamlNode& spec = at(definition, {"spec"});
        EXPECT_EQ(at(spec, {"group"}).text, "ensurance.crane.io");
        EXPECT_EQ(at(spec, {"scope"}).text, "Cluster");
        EXPECT_EQ(at(spec, {"names", "kind"}).text, names[i][0]);
        EXPECT_EQ(at(spec, {"names", "listKind"}).text, names[i][0] + "List");
        EXPECT_EQ(at(spec, {"names", "plural"}).text, names[i][1]);
        EXPECT_EQ(at(spec, {"names", "singular"}).text, names[i][2]);
        EXPECT_THAT(words(at(spec, {"names", "shortNames"})), ElementsAre(names[i][3]));
        ASSERT_THAT(at(spec, {"versions"}).items, SizeIs(1));
        const YamlNode& version = at(spec, {"versions"}).items[0];
        EXPECT_EQ(at(version, {"name"}).text, "v1alpha1");
        EXPECT_TRUE(at(version, {"served"}).boolean && at(version, {"storage"}).boolean);
        EXPECT_EQ(version.find("subresources"), nullptr) << "Crane's have none";
    }
}

/// ".spec.rules[0].metricRule.name" as visitSchema() writes it: "spec.rules[].metricRule.name".
std::string schemaPath(const std::string& jsonPath) {
    return std::regex_replace(jsonPath.substr(1), std::regex("\\[0\\]"), "[]");
}

TEST(Definitions, print_columns_of_fields_that_there_are) {
    for (const auto& definition : documentsOf("kube/manifests/crds.yaml")) {
        std::set<std::string> known{"metadata.creationTimestamp"};
        visitSchema(*schemaOf(at(definition, {"spec", "names", "kind"}).text), "",
                    [&](const std::string& path, const YamlNode&) { known.insert(path); });
        const YamlNode& version = at(definition, {"spec", "versions"}).items.at(0);
        const auto& columns = at(version, {"additionalPrinterColumns"}).items;
        EXPECT_EQ(at(columns.back(), {"name"}).text, "Age");
        for (const auto& column : columns) {
            const std::string path = at(column, {"jsonPath"}).text;
            EXPECT_TRUE(known.contains(schemaPath(path))) << path;
            EXPECT_FALSE(at(column, {"name"}).text.empty());
            const std::string type = at(column, {"type"}).text;
            EXPECT_TRUE(type == "string" || type == "integer" || type == "date") << path;
        }
    }
}

// What the schemas let pass

TEST(Schemas, restrict_the_name_of_an_action_to_what_rules_can_refer_to) {
    const auto named = [](const std::string& name) {
        return violation(*schemaOf("AvoidanceAction"),
                         parseYaml("{metadata: {name: " + name + "}, spec: {}}").documents.at(0));
    };
    EXPECT_EQ(named("evict-batch"), std::nullopt);
    EXPECT_NE(named("evict.batch"), std::nullopt);
    EXPECT_NE(named(std::string(64, 'a')), std::nullopt);
}

TEST(Schemas, accept_every_example) {
    std::size_t objects = 0;
    for (const auto* directory :
         {"conf/examples", "conf/examples/crane-docs", "tests/unit/kube/data"}) {
        for (const auto& entry : std::filesystem::directory_iterator(
                 std::filesystem::path(PLIMSOLL_SOURCE_DIR) / directory)) {
            if (entry.path().extension() != ".yaml") {
                continue;
            }
            for (const auto& document : parseYaml(contents(entry.path())).documents) {
                if (const YamlNode* schema = schemaOf(at(document, {"kind"}).text)) {
                    EXPECT_EQ(violation(*schema, document), std::nullopt) << entry.path();
                    ++objects;
                }
            }
        }
    }
    EXPECT_EQ(objects, 37U);
}

TEST(Schemas, accept_both_spellings_and_an_empty_status) {
    for (const auto* spelling : {"restoreThreshold", "restoredThreshold"}) {
        const std::string text = "{spec: {rules: [{name: r, actionName: a, metricRule: {name: m, "
                                 "value: 1}, " +
                                 std::string(spelling) + ": 2}]}, status: {}}";
        EXPECT_EQ(violation(*schemaOf("NodeQOS"), parseYaml(text).documents.at(0)), std::nullopt);
    }
}

/// The objects of the three kinds in a body, and those in the lines of a watch.
void collect(const nlohmann::json& body, std::vector<nlohmann::json>& into) {
    if (body.contains("items")) {
        for (const auto& item : body["items"]) {
            collect(item, into);
        }
    } else if (body.contains("object")) {
        collect(body["object"], into);
    } else if (body.contains("spec") &&
               body.value("apiVersion", "") == "ensurance.crane.io/v1alpha1") {
        into.push_back(body);
    }
}

std::vector<nlohmann::json> recordedObjects() {
    std::vector<nlohmann::json> result;
    const std::filesystem::path data = PLIMSOLL_SOURCE_DIR "/tests/data/apiserver";
    for (const auto* folder : {"crs", "watch", "v1.20"}) {
        for (const auto& entry : std::filesystem::directory_iterator(data / folder)) {
            const auto exchange = nlohmann::json::parse(contents(entry.path()));
            const auto& response = exchange["response"];
            std::string body = response.value("body", "");
            for (const auto& chunk : response.value("chunks", nlohmann::json::array())) {
                body += chunk.value("text", "");
            }
            std::istringstream lines(body);
            for (std::string line; std::getline(lines, line);) {
                if (const auto json = nlohmann::json::parse(line, nullptr, false);
                    json.is_object()) {
                    collect(json, result);
                }
            }
        }
    }
    return result;
}

TEST(Schemas, accept_the_objects_that_a_server_with_cranes_definitions_had) {
    std::set<std::string> refused;
    std::size_t accepted = 0;
    for (const auto& object : recordedObjects()) {
        decode(object.dump()); // which expects that decoder and schema agree
        const YamlNode document = parseYaml(object.dump()).documents.at(0);
        if (auto why = violation(*schemaOf(object["kind"].get<std::string>()), document)) {
            refused.insert(*std::move(why));
        } else {
            ++accepted;
        }
    }
    EXPECT_GT(accepted, 100U);
    // Made to see what a server does, and refused by plimsolld, too.
    EXPECT_THAT(refused, UnorderedElementsAre("spec.rules: is required",
                                              "spec.rules: has too few or too many items",
                                              "spec.rules[0].name: is required"));
}

// The permissions

struct Permission {
    std::vector<std::string> groups, resources, verbs;
    friend bool operator==(const Permission&, const Permission&) = default;
};

std::vector<Permission> permissions(const YamlNode& role) {
    std::vector<Permission> result;
    for (const auto& rule : at(role, {"rules"}).items) {
        result.push_back({words(at(rule, {"apiGroups"})), words(at(rule, {"resources"})),
                          words(at(rule, {"verbs"}))});
    }
    return result;
}

TEST(Permissions, of_the_nodes_are_to_read_the_three_kinds_and_nothing_else) {
    const auto documents = documentsOf("kube/manifests/rbac.yaml");
    ASSERT_THAT(documents, SizeIs(2));
    const YamlNode& role = documents[0];
    EXPECT_EQ(at(role, {"apiVersion"}).text, "rbac.authorization.k8s.io/v1");
    EXPECT_EQ(at(role, {"kind"}).text, "ClusterRole");
    EXPECT_THAT(permissions(role),
                ElementsAre(Permission{{"ensurance.crane.io"},
                                       {"nodeqoss", "podqoss", "avoidanceactions"},
                                       {"get", "list", "watch"}}));
    const YamlNode& binding = documents[1];
    EXPECT_EQ(at(binding, {"kind"}).text, "ClusterRoleBinding");
    EXPECT_EQ(at(binding, {"roleRef", "kind"}).text, "ClusterRole");
    EXPECT_EQ(at(binding, {"roleRef", "apiGroup"}).text, "rbac.authorization.k8s.io");
    EXPECT_EQ(at(binding, {"roleRef", "name"}).text, at(role, {"metadata", "name"}).text);
    ASSERT_THAT(at(binding, {"subjects"}).items, SizeIs(1));
    const YamlNode& subject = at(binding, {"subjects"}).items[0];
    EXPECT_EQ(at(subject, {"kind"}).text, "Group");
    EXPECT_EQ(at(subject, {"name"}).text, "system:nodes");
}

TEST(Permissions, of_the_identity_that_may_taint_are_those_of_a_node_and_no_wildcard) {
    std::map<std::string, YamlNode> byKind;
    for (const auto& document : documentsOf("kube/manifests/rbac-taint.yaml")) {
        byKind[at(document, {"kind"}).text] = document;
    }
    ASSERT_THAT(byKind, SizeIs(4)) << "ServiceAccount, Secret, ClusterRole, ClusterRoleBinding";
    const auto allowed = permissions(byKind["ClusterRole"]);
    const std::vector<std::string> read{"get", "list", "watch"};
    EXPECT_THAT(
        allowed,
        UnorderedElementsAre(
            Permission{{"ensurance.crane.io"}, {"nodeqoss", "podqoss", "avoidanceactions"}, read},
            Permission{{""}, {"nodes"}, {"get", "list", "watch", "patch"}},
            Permission{{""}, {"nodes/status"}, {"patch"}}, Permission{{""}, {"pods"}, read},
            Permission{{""}, {"pods/eviction"}, {"create"}},
            Permission{{""}, {"events"}, {"create", "patch"}}));
    const YamlNode& account = byKind["ServiceAccount"];
    const YamlNode& subject = at(byKind["ClusterRoleBinding"], {"subjects"}).items.at(0);
    EXPECT_EQ(at(subject, {"name"}).text, at(account, {"metadata", "name"}).text);
    EXPECT_EQ(at(subject, {"namespace"}).text, at(account, {"metadata", "namespace"}).text);
    EXPECT_EQ(at(byKind["ClusterRoleBinding"], {"roleRef", "name"}).text,
              at(byKind["ClusterRole"], {"metadata", "name"}).text);
    const YamlNode& secret = byKind["Secret"];
    EXPECT_EQ(at(secret, {"type"}).text, "kubernetes.io/service-account-token");
    EXPECT_EQ(
        at(at(secret, {"metadata", "annotations"}), {"kubernetes.io/service-account.name"}).text,
        at(account, {"metadata", "name"}).text);
}

} // namespace
} // namespace plimsoll::kube
