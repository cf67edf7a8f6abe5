// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/fields.hpp"

#include <algorithm>

namespace plimsoll::kube {
namespace {

KeptFields these(std::vector<KeptField> fields) {
    return {.which = KeptFields::Which::these, .named = std::move(fields)};
}

KeptFields others(std::vector<KeptField> fields) {
    return {.which = KeptFields::Which::others, .named = std::move(fields)};
}

KeptField without(std::string_view name) {
    return {.name = name, .below = {.which = KeptFields::Which::none, .named = {}}};
}

/// Those that are read by hand: everything that is written there can be told about. What servers
/// and kubectl note for themselves changes without the object.
KeptFields policyFields() {
    return others(
        {{"metadata",
          others({without("managedFields"),
                  {"annotations",
                   others({without("kubectl.kubernetes.io/last-applied-configuration")})}})},
         without("status")});
}

KeptFields podFields() {
    const KeptFields amounts =
        these({{"cpu", {}}, {"memory", {}}, {"gocrane.io/cpu", {}}, {"gocrane.io/memory", {}}});
    const KeptFields resources = these({{"requests", amounts}, {"limits", amounts}});
    const KeptFields annotations = these({{"kubernetes.io/config.hash", {}},
                                          {"kubernetes.io/config.mirror", {}},
                                          {"kubernetes.io/config.source", {}}});
    return these({
        {"apiVersion", {}},
        {"kind", {}},
        {"metadata", these({{"name", {}},
                            {"namespace", {}},
                            {"uid", {}},
                            {"resourceVersion", {}},
                            {"labels", {}},
                            {"annotations", annotations},
                            {"deletionTimestamp", {}},
                            {"ownerReferences", these({{"kind", {}}})}})},
        {"spec", these({{"nodeName", {}},
                        {"priority", {}},
                        {"resources", resources},
                        {"terminationGracePeriodSeconds", {}},
                        {"containers", these({{"name", {}}, {"resources", resources}})},
                        {"initContainers",
                         these({{"name", {}}, {"restartPolicy", {}}, {"resources", resources}})}})},
        {"status", these({{"phase", {}}, {"podIP", {}}, {"qosClass", {}}, {"startTime", {}}})},
    });
}

KeptFields nodeFields() {
    return these({
        {"apiVersion", {}},
        {"kind", {}},
        {"metadata", these({{"name", {}},
                            {"uid", {}},
                            {"resourceVersion", {}},
                            {"labels", {}},
                            {"annotations", these({{"plimsoll.org/cordon", {}}})}})},
        {"spec", these({{"unschedulable", {}}, {"taints", {}}})},
        {"status", these({{"allocatable", these({{"gocrane.io/cpu", {}}})}, {"conditions", {}}})},
    });
}

} // namespace

const KeptFields* KeptFields::below(std::string_view member) const {
    static const KeptFields kAll;
    const auto found = std::ranges::find(named, member, &KeptField::name);
    if (found != named.end()) {
        return found->below.which == Which::none ? nullptr : &found->below;
    }
    switch (which) {
    case Which::all:
    case Which::others: return &kAll;
    case Which::none:
    case Which::these: return nullptr;
    }
    return nullptr;
}

const KeptFields& keptFields(Kind kind) {
    static const KeptFields policy = policyFields();
    static const KeptFields pod = podFields();
    static const KeptFields node = nodeFields();
    switch (kind) {
    case Kind::pod: return pod;
    case Kind::node: return node;
    default: return policy;
    }
}

} // namespace plimsoll::kube
