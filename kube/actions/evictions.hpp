// SPDX-License-Identifier: Apache-2.0
// Asking the API server to end pods of this node.
#pragma once

#include "daemon/model/ids.hpp"
#include "kube/api/api.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace plimsoll::kube {

struct EvictionOrder {
    std::string namespaceName;
    std::string name;
    PodUid uid; ///< the pod that was meant, not one of the same name that came after it
    std::chrono::seconds grace{30};
    bool dryRun = false; ///< only whether it would be allowed
};

struct EvictionAnswer {
    enum class Kind : std::uint8_t {
        accepted,  ///< the pod is told to go
        notNow,    ///< a disruption budget, or the server is busy: another pod, or later
        gone,      ///< it is not there any more, or another pod has its name
        forbidden, ///< these credentials may not
        refused,   ///< for good: two budgets for one pod, or a request that the server cannot take
        unknown,   ///< no answer: it may have been carried out or not
    };
    Kind kind = Kind::unknown;
    std::string text; ///< one sentence for the operator
    std::optional<std::chrono::seconds> retryAfter;
};

class Evictions {
public:
    explicit Evictions(Api& api);
    ~Evictions();
    Evictions(const Evictions&) = delete;
    Evictions& operator=(const Evictions&) = delete;

    /// Called once, later, from the loop; at once for names that cannot be those of a pod.
    using Done = std::function<void(EvictionAnswer)>;
    /// policy/v1, and v1beta1 where the server is too old for it.
    void evict(const EvictionOrder& order, Done done);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
