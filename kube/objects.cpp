// SPDX-License-Identifier: Apache-2.0
// From documents to objects: what kind is it, what is it called, is it here already.
#include "daemon/model/suggest.hpp"
#include "kube/decode.hpp"
#include "kube/json_tree.hpp"
#include "kube/names.hpp"
#include "kube/policy_directory.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::kube {
namespace {

constexpr std::string_view kEnsurance = "ensurance.crane.io/v1alpha1";
constexpr std::string_view kCore = "v1";

struct Object {
    Field root;
    std::string kind;
    std::string name;
};

std::string originOf(const Field& root) {
    if (root.report().file().empty()) {
        return "cluster";
    }
    return root.report().file() + ":" + std::to_string(root.line());
}

/// Where the object of this name stands that came first.
template <class T>
bool refuseSecond(const Object& object, const std::vector<T>& known) {
    const auto first = std::ranges::find(known, object.name, &T::name);
    if (first == known.end()) {
        return false;
    }
    object.root.at("metadata").at("name").error("is defined already at " + first->origin);
    return true;
}

template <class T>
void add(const Object& object, T value, std::vector<T>& into) {
    if (refuseSecond(object, into) || object.root.report().failed()) {
        return;
    }
    value.name = object.name;
    value.origin = originOf(object.root);
    into.push_back(std::move(value));
}

void addPod(const Object& object, std::vector<Pod>& into) {
    const Field metadata = object.root.at("metadata");
    const Field space = metadata.at("namespace");
    std::string spaceName = "default";
    if (space.kind() == YamlNode::Kind::text) { // anything else is decodePod's to refuse
        spaceName = space.text().value_or("");
    }
    object.root.report().object = "Pod/" + spaceName + "/" + object.name;
    Pod pod = decodePod(object.root);
    pod.name = object.name;
    for (const auto& other : into) {
        if (other.name == pod.name && other.namespaceName == pod.namespaceName) {
            metadata.at("name").error("is defined already");
            return;
        }
        if (other.uid == pod.uid && !pod.uid.empty()) {
            metadata.at("uid").error("belongs to pod " + other.fullName() + " already");
            return;
        }
    }
    if (!object.root.report().failed()) {
        into.push_back(std::move(pod));
    }
}

void addNode(const Object& object, std::optional<Node>& into) {
    Node node = decodeNode(object.root);
    if (into) {
        object.root.at("metadata")
            .at("name")
            .error("there can be one Node only, and it is " + into->name + " already");
        return;
    }
    if (!object.root.report().failed()) {
        node.name = object.name;
        into = std::move(node);
    }
}

/// The custom resources are written by hand: what stands there and is not known is worth a word.
void checkEnvelope(const Object& object) {
    object.root.warnUnknown({"apiVersion", "kind", "metadata", "spec", "status"});
    const Field metadata = object.root.at("metadata");
    metadata.warnUnknown({"name", "labels", "annotations", "namespace", "generateName", "uid",
                          "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                          "deletionGracePeriodSeconds", "managedFields", "finalizers",
                          "ownerReferences", "selfLink"});
    static_cast<void>(metadata.at("labels").labels());
    static_cast<void>(metadata.at("annotations").labels());
}

void addNodeQos(const Object& object, PolicySet& into) {
    checkEnvelope(object);
    add(object, decodeNodeQos(object.root), into.nodeQos);
}

void addPodQos(const Object& object, PolicySet& into) {
    checkEnvelope(object);
    add(object, decodePodQos(object.root), into.podQos);
}

void addAction(const Object& object, PolicySet& into) {
    checkEnvelope(object);
    // Rules can refer to nothing else.
    if (!isDns1123Label(object.name)) {
        object.root.at("metadata").at("name").error("must be " + std::string(kLabelRule));
    }
    add(object, decodeAvoidanceAction(object.root), into.actions);
}

struct Kind {
    std::string_view name;
    std::string_view apiVersion;
    void (*decode)(const Object& object, PolicySet& into);
};

constexpr std::array<Kind, 5> kKinds{{
    {"NodeQOS", kEnsurance, addNodeQos},
    {"PodQOS", kEnsurance, addPodQos},
    {"AvoidanceAction", kEnsurance, addAction},
    {"Pod", kCore, [](const Object& object, PolicySet& into) { addPod(object, into.pods); }},
    {"Node", kCore, [](const Object& object, PolicySet& into) { addNode(object, into.node); }},
}};
constexpr std::string_view kList = "List";

bool checkVersion(const Field& root, std::string_view expected) {
    const Field field = root.at("apiVersion");
    const auto version = field.requiredText(expected);
    if (version && *version != expected) {
        field.error("must be " + std::string(expected));
    }
    return version == expected;
}

void refuseKind(const Field& field, const std::string& word) {
    std::vector<std::string_view> names{kList};
    for (const auto& kind : kKinds) {
        names.push_back(kind.name);
    }
    const auto meant = suggestion(word, names);
    field.error("must be NodeQOS, PodQOS, AvoidanceAction, Pod, Node or List" +
                (meant.empty() ? "" : ", did you mean '" + std::string(meant) + "'?"));
}

bool tooMany(const Field& root, const PolicySet& into) {
    const std::size_t policies = into.nodeQos.size() + into.podQos.size() + into.actions.size();
    if (policies < kMaxObjects && into.pods.size() < kMaxObjects) {
        return false;
    }
    root.error("more than " + std::to_string(kMaxObjects) + " objects; this one is left out");
    return true;
}

/// What was said of a policy, once more as the status that the operator looks for at the object.
void addStatus(const Object& object, std::vector<ObjectStatus>& into) {
    const Report& report = object.root.report();
    ObjectStatus status{.kind = object.kind,
                        .name = object.name,
                        .origin = originOf(object.root),
                        .accepted = !report.failed()};
    std::ranges::for_each(report.told(), [&](const Refusal& refusal) { status.add(refusal); });
    into.push_back(std::move(status));
}

/// None, with an error, where an object of this name could not be referred to.
std::optional<std::string> decodeName(const Field& root) {
    root.at("metadata").isMap();
    const Field field = root.at("metadata").at("name");
    auto name = field.requiredText("the name of the object");
    if (name && !isDns1123Subdomain(*name)) {
        field.error("must be lower-case letters, digits, '-' and '.', at most 253");
        return std::nullopt;
    }
    return name;
}

void decodeKind(const Kind& kind, const Field& root, bool versionKnown, PolicySet& into) {
    Report& report = root.report();
    report.object = kind.name;
    const auto name = decodeName(root);
    if (name) {
        report.object += "/" + *name;
    }
    root.refuseRepeatedKeys();
    const Object object{root, std::string(kind.name), name.value_or("")};
    if ((versionKnown || checkVersion(root, kind.apiVersion)) && name && !tooMany(root, into)) {
        kind.decode(object, into);
    }
    if (kind.apiVersion == kEnsurance) {
        addStatus(object, into.objects);
    }
}

void decodeObject(const YamlNode& node, const std::string& file, PolicySet& into);

/// "List" as kubectl prints it, or with a kind "PodList" and the like as the API server does, whose
/// items do not say what they are.
void decodeList(const YamlNode& node, const Field& root, const Kind* kind, PolicySet& into) {
    root.report().object = kind == nullptr ? kList : std::string(kind->name) + std::string(kList);
    root.refuseRepeatedKeys(); // also those of an item: which of two is meant, nobody knows
    const Field items = root.at("items");
    if (!checkVersion(root, kind == nullptr ? kCore : kind->apiVersion) || !items.present() ||
        items.kind() != YamlNode::Kind::list) {
        static_cast<void>(items.items());
        return;
    }
    const std::string& file = root.report().file();
    for (const auto& item : node.find("items")->items) {
        if (kind == nullptr) {
            decodeObject(item, file, into);
        } else {
            Report report(into.refusals, file);
            if (const Field itemRoot(item, report); itemRoot.requiredMap(kind->name)) {
                decodeKind(*kind, itemRoot, true, into);
            }
        }
    }
}

const Kind* findKind(std::string_view word) {
    const auto* found = std::ranges::find(kKinds, word, &Kind::name);
    return found == kKinds.end() ? nullptr : found;
}

void decodeObject(const YamlNode& node, const std::string& file, PolicySet& into) {
    Report report(into.refusals, file);
    const Field root(node, report);
    if (!root.isMap()) {
        return;
    }
    const Field kindField = root.at("kind");
    const auto word = kindField.requiredText("NodeQOS, PodQOS, AvoidanceAction, Pod, Node or List");
    if (!word) {
        return;
    }
    const bool isList = word->ends_with(kList);
    const Kind* kind =
        findKind(isList ? std::string_view(*word).substr(0, word->size() - kList.size()) : *word);
    if (isList && (kind != nullptr || *word == kList)) {
        decodeList(node, root, kind, into);
    } else if (kind != nullptr) {
        decodeKind(*kind, root, false, into);
    } else {
        refuseKind(kindField, *word);
    }
}

} // namespace

void decodeObjects(std::string_view text, const std::string& file, PolicySet& into) {
    if (text.size() > kMaxFileBytes) {
        into.refusals.push_back({.file = file, .reason = "is larger than 4 MiB"});
        return;
    }
    const YamlText yaml = parseYaml(text);
    for (const auto& document : yaml.documents) {
        decodeObject(document, file, into);
    }
    if (yaml.problem) {
        into.refusals.push_back(
            {.file = file,
             .line = yaml.problem->line,
             .reason = yaml.problem->reason + "; the rest of the file is not read"});
    }
}

void decodeJson(std::string_view text, PolicySet& into) {
    if (text.size() > kMaxFileBytes) {
        into.refusals.push_back({.reason = "an object of the cluster is larger than 4 MiB"});
        return;
    }
    const YamlText json = parseJson(text);
    const std::string cluster;
    for (const auto& document : json.documents) {
        decodeObject(document, cluster, into);
    }
    if (json.problem) {
        into.refusals.push_back({.line = json.problem->line,
                                 .reason = "an object of the cluster is " + json.problem->reason});
    }
}

} // namespace plimsoll::kube
