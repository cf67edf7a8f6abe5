// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/node_view.hpp"

#include "kube/actions/json_text.hpp"
#include "kube/api/bounded_json.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

/// An annotation is sent with every list and watch of the Node, by everybody.
constexpr std::size_t kMostCauses = 64;
constexpr std::size_t kLongestName = 253; ///< of a policy, and more than a rule's

Json valueAt(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found == object.end() ? Json() : *found;
}

std::optional<RuleKey> readCause(const Json& text) {
    if (!text.is_string()) {
        return std::nullopt;
    }
    const auto& key = text.get_ref<const std::string&>();
    const auto slash = key.find('/'); // the name of an object has none
    if (slash == std::string::npos || slash == 0 || slash > kLongestName ||
        slash + 1 == key.size() || key.size() - slash - 1 > kLongestName) {
        return std::nullopt;
    }
    return RuleKey{.policy = key.substr(0, slash), .rule = key.substr(slash + 1)};
}

std::optional<TaintSetting> readTaint(const Json& taint) {
    TaintSetting result{.key = stringAt(taint, "key"),
                        .value = stringAt(taint, "value"),
                        .effect = stringAt(taint, "effect")};
    return result.key.empty() || result.effect.empty() ? std::nullopt : std::optional(result);
}

} // namespace

std::string format(const CordonMark& mark) {
    Json json{{"rules", Json::array()}, {"since", mark.since}};
    for (const auto& cause : mark.causes) {
        if (json["rules"].size() < kMostCauses) {
            json["rules"].push_back(cause.text());
        }
    }
    if (mark.taint) {
        json["taint"] = {
            {"key", mark.taint->key}, {"value", mark.taint->value}, {"effect", mark.taint->effect}};
    }
    return jsonText(json);
}

CordonMark readMark(std::string_view text) {
    const Json json = boundedJson(text).value_or(Json::object());
    CordonMark mark{.causes = {},
                    .since = stringAt(json, "since"),
                    .taint = readTaint(objectAt(json, "taint"))};
    const auto rules = json.find("rules");
    if (rules == json.end() || !rules->is_array()) {
        return mark;
    }
    for (const Json& each : *rules) {
        auto cause = readCause(each);
        if (cause && mark.causes.size() < kMostCauses) {
            mark.causes.push_back(*std::move(cause));
        }
    }
    return mark;
}

std::optional<NodeView> readNode(std::string_view text) {
    const auto json = boundedJson(text);
    if (!json || stringAt(*json, "kind") != "Node") {
        return std::nullopt;
    }
    const Json& metadata = objectAt(*json, "metadata");
    const Json& spec = objectAt(*json, "spec");
    const Json& annotations = objectAt(metadata, "annotations");
    NodeView node{.name = stringAt(metadata, "name"),
                  .resourceVersion = stringAt(metadata, "resourceVersion"),
                  .unschedulable = valueAt(spec, "unschedulable") == true,
                  .mark = std::nullopt,
                  .taints = valueAt(spec, "taints")};
    if (const Json mark = valueAt(annotations, kCordonAnnotation); mark.is_string()) {
        node.mark = mark.get<std::string>();
    }
    return node;
}

CordonMark markOf(const NodeView& node) {
    return node.mark ? readMark(*node.mark) : CordonMark{};
}

NodeClosure closureOf(const NodeView& node) {
    if (!node.unschedulable) {
        return {.state = NodeClosure::State::open, .causes = {}};
    }
    if (!node.mark) {
        return {.state = NodeClosure::State::foreigns, .causes = {}};
    }
    return {.state = NodeClosure::State::ours, .causes = markOf(node).causes};
}

NodeClosure closureOf(const StoredObject* node) {
    const auto view = node != nullptr ? readNode(node->json) : std::nullopt;
    return view ? closureOf(*view) : NodeClosure{};
}

bool isOlderVersion(std::string_view resourceVersion, std::string_view than) {
    const auto isNumber = [](std::string_view text) {
        return !text.empty() && text.front() != '0' &&
               std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (!isNumber(resourceVersion) || !isNumber(than)) {
        return false;
    }
    return resourceVersion.size() != than.size() ? resourceVersion.size() < than.size()
                                                 : resourceVersion < than;
}

} // namespace plimsoll::kube
