// SPDX-License-Identifier: Apache-2.0
// Local wins over mirrored, and says so.
#include "kube/policy_directory.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace plimsoll::kube {
namespace {

class Merger {
public:
    Merger(const PolicySet& local, const PolicySet& cluster)
        : result_(local), local_(local), cluster_(cluster) {
        result_.refusals.insert(result_.refusals.end(), cluster.refusals.begin(),
                                cluster.refusals.end());
        result_.objects.insert(result_.objects.end(), cluster.objects.begin(),
                               cluster.objects.end());
    }

    template <class T>
    void policies(std::string_view kind, std::vector<T> PolicySet::* of) {
        for (const auto& object : cluster_.*of) {
            const auto& mine = local_.*of;
            const auto own = std::ranges::find(mine, object.name, &T::name);
            if (own == mine.end()) {
                (result_.*of).push_back(object);
            } else {
                mask(kind, object.name, own->origin);
            }
        }
    }

    void pods() {
        for (const auto& pod : cluster_.pods) {
            const auto own = std::ranges::find_if(local_.pods, [&pod](const Pod& each) {
                return each.uid == pod.uid || each.fullName() == pod.fullName();
            });
            if (own == local_.pods.end()) {
                result_.pods.push_back(pod);
            } else {
                warn("Pod/" + pod.fullName(), "is not used: a local file has this pod");
            }
        }
    }

    void node() {
        if (!cluster_.node) {
            return;
        }
        if (!local_.node) {
            result_.node = cluster_.node;
        } else {
            warn("Node/" + cluster_.node->name,
                 "is not used: a local file has Node " + local_.node->name);
        }
    }

    PolicySet take() && {
        checkReferences(result_);
        return std::move(result_);
    }

private:
    void mask(std::string_view kind, const std::string& name, const std::string& place) {
        const auto refusal = warn(std::string(kind) + "/" + name,
                                  "of the cluster is not used: " + place + " has one of this name");
        const auto status = std::ranges::find_if(result_.objects, [&](const ObjectStatus& each) {
            return each.kind == kind && each.name == name && each.origin == "cluster";
        });
        if (status != result_.objects.end()) {
            status->accepted = false;
            status->add(refusal);
        }
    }

    Refusal warn(std::string object, std::string reason) {
        result_.refusals.push_back({.severity = Refusal::Severity::warning,
                                    .object = std::move(object),
                                    .reason = std::move(reason)});
        return result_.refusals.back();
    }

    PolicySet result_;
    const PolicySet& local_;
    const PolicySet& cluster_;
};

} // namespace

PolicySet merge(const PolicySet& local, const PolicySet& cluster) {
    Merger merger(local, cluster);
    merger.policies("NodeQOS", &PolicySet::nodeQos);
    merger.policies("PodQOS", &PolicySet::podQos);
    merger.policies("AvoidanceAction", &PolicySet::actions);
    merger.pods();
    merger.node();
    return std::move(merger).take();
}

} // namespace plimsoll::kube
