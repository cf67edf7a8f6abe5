// SPDX-License-Identifier: Apache-2.0
// One Node of an API server that takes patches as the real one does (tests/data/apiserver/nodes).
#pragma once

#include "kube/api/api.hpp"
#include "kube/mirror/object_store.hpp"
#include "recorded.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace plimsoll::kube::test {

class PlayedNode {
public:
    using Json = nlohmann::json;

    PlayedNode() { object["metadata"].erase("managedFields"); }

    Json object = Json::parse(recorded("nodes/026-uncordon-json-test-remove").answer.body);
    bool mayChangeTaints = true;

    [[nodiscard]] http::Answer answer(const ApiRequest& request) {
        if (request.path != "/api/v1/nodes/node-a") {
            return recorded("nodes/031-cordon-other").answer;
        }
        return request.method == http::Method::get ? whole() : patched(request);
    }
    /// Somebody else changes it.
    void change(const Json& mergePatch) {
        object.merge_patch(mergePatch);
        countUp();
    }
    /// A change of something else, as by the kubelet.
    void touch() { change({{"status", {{"touched", version()}}}}); }

    [[nodiscard]] std::string version() const { return object["metadata"]["resourceVersion"]; }
    /// As the mirror has it: without taints.
    [[nodiscard]] StoredObject mirrored() const {
        Json cut = object;
        cut["spec"].erase("taints");
        cut.erase("status");
        return {.resourceVersion = version(), .json = cut.dump()};
    }
    [[nodiscard]] bool isClosed() const { return object["spec"].value("unschedulable", false); }
    [[nodiscard]] std::string mark() const {
        const auto metadata = object["metadata"];
        return metadata.value("annotations", Json::object()).value("plimsoll.org/cordon", "");
    }

private:
    [[nodiscard]] http::Answer whole() const {
        return {.status = 200, .contentType = "application/json", .body = object.dump()};
    }
    http::Answer patched(const ApiRequest& request) {
        const Json patch = Json::parse(request.body);
        Json after = object;
        if (request.contentType == "application/merge-patch+json") {
            after.merge_patch(patch);
            if (after["metadata"]["resourceVersion"] != version()) {
                return recorded("nodes/036-patch-with-stale-rv").answer;
            }
        } else if (request.contentType == "application/json-patch+json") {
            try {
                after = object.patch(patch);
            } catch (const Json::exception&) { // a test failed, or there is nothing to remove
                return recorded("nodes/027-json-test-fails").answer;
            }
        } else {
            return recorded("nodes/032-plain-json-contenttype").answer;
        }
        if (!mayChangeTaints && after["spec"]["taints"] != object["spec"]["taints"]) {
            return recorded("nodes/040-taint-add").answer;
        }
        if (after != object) { // a patch that changes nothing leaves the version alone
            object = after;
            countUp();
        }
        return whole();
    }
    void countUp() {
        object["metadata"]["resourceVersion"] = std::to_string(std::stoul(version()) + 1);
    }
};

} // namespace plimsoll::kube::test
