// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/node_patches.hpp"

#include "kube/actions/json_text.hpp"
#include "kube/api/bounded_json.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

constexpr const char* kMergePatch = "application/merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";
constexpr const char* kMarkPointer = "/metadata/annotations/plimsoll.org~1cordon";
constexpr const char* kBitPointer = "/spec/unschedulable";
constexpr const char* kTaintsPointer = "/spec/taints";

/// The server knows a taint by key and effect: there is never a second one of both.
bool isSameTaint(const Json& taint, const TaintSetting& setting) {
    return stringAt(taint, "key") == setting.key && stringAt(taint, "effect") == setting.effect;
}

bool isExactly(const Json& taint, const TaintSetting& setting) {
    return isSameTaint(taint, setting) && stringAt(taint, "value") == setting.value;
}

Json taintsOf(const NodeView& node) {
    return node.taints.is_array() ? node.taints : Json::array();
}

/// All but the one that the mark says is ours, as long as nobody has given it another value.
Json foreignTaints(const NodeView& node, const CordonMark& mark) {
    Json kept = Json::array();
    for (const auto& taint : taintsOf(node)) {
        if (!mark.taint || !isExactly(taint, *mark.taint)) {
            kept.push_back(taint);
        }
    }
    return kept;
}

Json toJson(const TaintSetting& taint) {
    Json json{{"key", taint.key}, {"effect", taint.effect}};
    if (!taint.value.empty()) {
        json["value"] = taint.value;
    }
    return json;
}

CordonMark newMark(const NodeView& node, const CordonMark& old, const std::vector<RuleKey>& causes,
                   const std::string& now) {
    const bool isOurs = node.unschedulable && node.mark;
    return {.causes = causes,
            .since = isOurs && !old.since.empty() ? old.since : now,
            .taint = std::nullopt};
}

/// Null of `taints`: they are left alone.
NodePatch closing(const NodeView& node, const CordonMark& mark, Json taints) {
    Json spec{{"unschedulable", true}};
    const bool changesTaints = taints.is_array();
    if (changesTaints) {
        spec["taints"] = std::move(taints);
    }
    const Json body{{"metadata",
                     {{"resourceVersion", node.resourceVersion},
                      {"annotations", {{std::string(kCordonAnnotation), format(mark)}}}}},
                    {"spec", std::move(spec)}};
    return {.contentType = kMergePatch, .body = jsonText(body), .changesTaints = changesTaints};
}

void addTest(Json& patch, const char* pointer, Json value) {
    patch.push_back({{"op", "test"}, {"path", pointer}, {"value", std::move(value)}});
}

void addRemove(Json& patch, const char* pointer) {
    patch.push_back({{"op", "remove"}, {"path", pointer}});
}

Json opening(const NodeView& node) {
    Json patch = Json::array();
    addTest(patch, kMarkPointer, node.mark.value_or(""));
    addRemove(patch, kMarkPointer);
    if (node.unschedulable) {
        addTest(patch, kBitPointer, true);
        addRemove(patch, kBitPointer);
    }
    return patch;
}

} // namespace

NodePatch closePatch(const NodeView& node, const std::vector<RuleKey>& causes,
                     const std::optional<TaintSetting>& taint, const std::string& now) {
    const CordonMark old = markOf(node);
    CordonMark mark = newMark(node, old, causes, now);
    Json taints = foreignTaints(node, old);
    const auto isTaken = [&taint](const Json& each) { return isSameTaint(each, *taint); };
    if (taint && std::ranges::none_of(taints, isTaken)) {
        taints.push_back(toJson(*taint));
        mark.taint = taint;
    }
    const bool same = taints == taintsOf(node);
    return closing(node, mark, same ? Json() : std::move(taints));
}

NodePatch closePatchWithoutTaint(const NodeView& node, const std::vector<RuleKey>& causes,
                                 const std::string& now) {
    const CordonMark old = markOf(node);
    CordonMark mark = newMark(node, old, causes, now);
    mark.taint = old.taint; // for those who may take it away one day
    return closing(node, mark, nullptr);
}

NodePatch openPatch(const NodeView& node) {
    Json patch = opening(node);
    Json kept = foreignTaints(node, markOf(node));
    const bool changesTaints = kept.size() != taintsOf(node).size();
    if (changesTaints) {
        addTest(patch, kTaintsPointer, node.taints);
        if (kept.empty()) {
            addRemove(patch, kTaintsPointer);
        } else {
            patch.push_back(
                {{"op", "replace"}, {"path", kTaintsPointer}, {"value", std::move(kept)}});
        }
    }
    return {.contentType = kJsonPatch, .body = jsonText(patch), .changesTaints = changesTaints};
}

NodePatch openPatchWithoutTaint(const NodeView& node) {
    return {.contentType = kJsonPatch, .body = jsonText(opening(node)), .changesTaints = false};
}

} // namespace plimsoll::kube
