// SPDX-License-Identifier: Apache-2.0
// What is kept of an object is what is read of it.
#include "kube/mirror/fields.hpp"
#include "kube/mirror/intake.hpp"
#include "kube/mirror/mirror_text.hpp"
#include "kube/mirror/resource.hpp"
#include "kube/policy_directory.hpp"
#include "kube/yaml_tree.hpp"
#include "recorded.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace plimsoll::kube::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::optional<Kind> kindOf(const json& object) {
    for (const Kind kind : kKinds) {
        if (object.is_object() && object.value("kind", json()) == name(kind) &&
            object.value("apiVersion", json()) == apiVersionOf(kind)) {
            return kind;
        }
    }
    return std::nullopt;
}

/// Of a body: an object, the items of a list, or the events of a watch.
void collect(const json& body, std::set<std::string>& into) {
    if (kindOf(body) && body["metadata"].contains("name")) { // a bookmark has none
        into.insert(body.dump());
    }
    if (!body.is_object()) {
        return;
    }
    if (body.contains("object")) {
        collect(body["object"], into);
    }
    const std::string kind = body.contains("kind") ? body["kind"].dump() : "";
    if (kind.ends_with("List\"") && body.contains("items") && body["items"].is_array()) {
        for (json item : body["items"]) {
            item["kind"] = kind.substr(1, kind.size() - 6);
            item["apiVersion"] = body["apiVersion"];
            collect(item, into);
        }
    }
}

/// With everything in it that the decoders read.
const std::string kFullPod = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"full",
    "namespace":"kube-system","uid":"0a","resourceVersion":"5","labels":{"app":"x"},
    "annotations":{"kubernetes.io/config.hash":"abc","kubernetes.io/config.mirror":"abc",
    "kubernetes.io/config.source":"file","other":"1"},"deletionTimestamp":"2026-11-22T04:18:40Z",
    "ownerReferences":[{"kind":"DaemonSet","name":"d"},{"kind":"Node","name":"node-a"}]},
    "spec":{"nodeName":"node-a","priority":7,"terminationGracePeriodSeconds":5,
    "resources":{"requests":{"cpu":"2"},"limits":{"memory":"1Gi"}},
    "initContainers":[{"name":"i","image":"x","restartPolicy":"Always","resources":{"requests":
    {"cpu":"1","example.com/x":"3"}}},{"name":"j","resources":{"limits":{"cpu":"3"}}}],
    "containers":[{"name":"c","env":[{"name":"A","value":"b"}],"resources":{"requests":{"cpu":"1",
    "memory":"2Gi","gocrane.io/cpu":"1"},"limits":{"gocrane.io/cpu":"1","gocrane.io/memory":"1Gi",
    "memory":"2Gi"}}},{"name":"d"}]},"status":{"phase":"Pending","qosClass":"Burstable",
    "podIP":"10.0.0.3","startTime":"2026-11-22T04:18:40Z","hostIP":"10.0.0.1"}})";

std::set<std::string> readRecordedObjects() {
    std::set<std::string> result{json::parse(kFullPod).dump()};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(exchangeFolder())) {
        if (entry.path().extension() != ".json") {
            continue;
        }
        std::string body;
        const auto name = entry.path().lexically_relative(exchangeFolder()).replace_extension();
        for (const auto& piece : exchange(name.string()).pieces) {
            body += piece;
        }
        std::istringstream lines(body);
        for (std::string line; std::getline(lines, line);) {
            collect(json::parse(line, nullptr, /*allow_exceptions=*/false), result);
        }
    }
    return result;
}

const std::set<std::string>& recordedObjects() {
    static const std::set<std::string> objects = readRecordedObjects();
    return objects;
}

/// Everything that a set says.
std::string told(const PolicySet& set) {
    std::ostringstream out;
    for (const auto& refusal : set.refusals) {
        out << refusal.text() << '\n';
    }
    for (const auto& status : set.objects) {
        out << status.kind << ' ' << status.name << ' ' << status.accepted << '\n';
    }
    for (const auto& policy : set.nodeQos) {
        out << policy.name << policy.origin << policy.rules.size() << '\n';
    }
    for (const auto& policy : set.podQos) {
        out << policy.name << policy.allowedActions.size() << policy.labelSelector.has_value()
            << policy.scopeSelector.has_value() << '\n';
    }
    for (const auto& action : set.actions) {
        out << action.name << action.coolDown.count() << action.disablesScheduling() << '\n';
    }
    return out.str();
}

void expectSame(const PolicySet& a, const PolicySet& b) {
    EXPECT_EQ(told(a), told(b));
    EXPECT_EQ(a.pods, b.pods);
    EXPECT_EQ(a.node.has_value(), b.node.has_value());
    if (a.node && b.node) {
        EXPECT_EQ(*a.node, *b.node);
    }
    ASSERT_EQ(a.nodeQos.size(), b.nodeQos.size());
    for (std::size_t i = 0; i < a.nodeQos.size(); ++i) {
        EXPECT_EQ(a.nodeQos[i].rules, b.nodeQos[i].rules);
        EXPECT_EQ(a.nodeQos[i].nodeSelector, b.nodeQos[i].nodeSelector);
        EXPECT_EQ(a.nodeQos[i].probe, b.nodeQos[i].probe);
        EXPECT_EQ(a.nodeQos[i].localCacheTtl, b.nodeQos[i].localCacheTtl);
    }
}

TEST(Fields, decoding_what_is_kept_of_any_recorded_object_is_decoding_the_object) {
    std::size_t pods = 0;
    for (const auto& text : recordedObjects()) {
        const json object = json::parse(text);
        const Kind kind = *kindOf(object);
        pods += kind == Kind::pod ? 1 : 0;
        const auto kept = takeObject(kind, "node-a", text);
        ASSERT_TRUE(kept) << kept.error().what << text;
        PolicySet ofWhole;
        PolicySet ofKept;
        decodeJson(text, ofWhole);
        decodeJson(kept->object.json, ofKept);
        SCOPED_TRACE(text);
        expectSame(ofWhole, ofKept);
        EXPECT_EQ(kept->object.resourceVersion, object["metadata"]["resourceVersion"]);
    }
    EXPECT_GT(pods, 20U);
}

TEST(Fields, json_is_decoded_as_the_same_text_in_yaml) {
    for (const auto& text : recordedObjects()) {
        PolicySet asJson;
        PolicySet asYaml;
        decodeJson(text, asJson);
        decodeObjects(text, "", asYaml);
        SCOPED_TRACE(text);
        expectSame(asJson, asYaml);
    }
}

TEST(Fields, a_pod_is_less_than_a_third_of_what_it_was) {
    std::size_t whole = 0;
    std::size_t kept = 0;
    for (const auto& text : recordedObjects()) {
        if (kindOf(json::parse(text)) == Kind::pod) {
            whole += text.size();
            kept += takeObject(Kind::pod, "node-a", text)->object.json.size();
        }
    }
    EXPECT_LT(3 * kept, whole);
}

TEST(Fields, of_a_node_our_mark_and_our_condition_are_kept) {
    const auto node = takeObject(Kind::node, "node-a", R"({"metadata":{"name":"node-a","uid":"u",
        "resourceVersion":"3","labels":{"a":"b"},"annotations":{"plimsoll.org/cordon":"{}","x":"y"}},
        "spec":{"podCIDR":"10.0.0.0/8","unschedulable":true,"taints":[{"key":"k","effect":"e"}]},
        "status":{"images":[1,2],"allocatable":{"cpu":"4","gocrane.io/cpu":"2"},"conditions":[
        {"type":"Ready","status":"True"},{"type":"interference-identified","status":"True"}]}})");
    ASSERT_TRUE(node);
    EXPECT_TRUE(node->ours);
    EXPECT_EQ(json::parse(node->object.json), json::parse(R"({"apiVersion":"v1","kind":"Node",
        "metadata":{"name":"node-a","uid":"u","labels":{"a":"b"},
        "annotations":{"plimsoll.org/cordon":"{}"}},
        "spec":{"unschedulable":true,"taints":[{"key":"k","effect":"e"}]},
        "status":{"allocatable":{"gocrane.io/cpu":"2"},
        "conditions":[{"type":"interference-identified","status":"True"}]}})"));
}

TEST(Fields, of_a_policy_everything_is_kept_but_what_servers_and_kubectl_note) {
    const auto policy = takeObject(Kind::podQos, "node-a", R"({"metadata":{"name":"p",
        "resourceVersion":"3","managedFields":[{"manager":"kubectl"}],"annotations":{
        "kubectl.kubernetes.io/last-applied-configuration":"{}","mine":"1"}},
        "spec":{"alowedActions":[],"resourceQOS":{}},"status":{"x":1}})");
    ASSERT_TRUE(policy);
    EXPECT_EQ(json::parse(policy->object.json),
              json::parse(R"({"apiVersion":"ensurance.crane.io/v1alpha1","kind":"PodQOS",
        "metadata":{"name":"p","annotations":{"mine":"1"}},
        "spec":{"alowedActions":[],"resourceQOS":{}}})"));
}

TEST(Fields, what_was_written_to_disk_comes_back_as_it_was) {
    ObjectStore store;
    std::size_t count = 0;
    for (const auto& text : recordedObjects()) {
        const Kind kind = *kindOf(json::parse(text));
        store.of(kind)[std::to_string(++count)] = takeObject(kind, "node-a", text)->object;
    }
    const auto read = readMirror(writeMirror(store, {.nodeName = "node-a"}), "node-a");
    ASSERT_TRUE(read) << read.error().what;
    for (const Kind kind : kKinds) {
        EXPECT_EQ(read->store.of(kind), store.of(kind));
    }
}

std::string nested(int levels) {
    std::string text = R"({"metadata":{"name":"x","resourceVersion":"1"},"spec":)";
    for (int i = 1; i < levels; ++i) {
        text += R"({"a":)";
    }
    return text + "1" + std::string(static_cast<std::size_t>(levels), '}');
}

TEST(Fields, hostile_objects_are_refused) {
    EXPECT_TRUE(takeObject(Kind::nodeQos, "node-a", nested(60)));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a", nested(64)));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a", nested(100'000)));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a", ""));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a", "[]"));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a", "{}"));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a", R"({"metadata":[{"name":"x"}]})"));
    EXPECT_FALSE(
        takeObject(Kind::nodeQos, "node-a", R"({"metadata":{"name":7,"resourceVersion":"1"}})"));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a",
                            R"({"kind":"Pod","metadata":{"name":"x","resourceVersion":"1"}})"));
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a",
                            "{\"metadata\":{\"name\":\"\xff\",\"resourceVersion\":\"1\"}}"));
    std::string many = R"({"metadata":{"name":"x","resourceVersion":"1"},"spec":[0)";
    for (std::size_t i = 0; i < kMaxNodes; ++i) {
        many += ",0";
    }
    EXPECT_FALSE(takeObject(Kind::nodeQos, "node-a", many + "]}"));
    EXPECT_TRUE(takeObject(Kind::pod, "node-a",
                           R"({"metadata":{"name":"x","namespace":"n","resourceVersion":"1"},)" +
                               many.substr(many.find("\"spec\"")).replace(0, 6, "\"junk\"") + "]}"))
        << "what is left out costs nothing";
}

} // namespace
} // namespace plimsoll::kube::test
