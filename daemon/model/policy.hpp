// SPDX-License-Identifier: Apache-2.0
// NodeQOS, PodQOS and AvoidanceAction (group ensurance.crane.io/v1alpha1) after validation.
// What stands here is known to be good; what is not became a Refusal.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/pod.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct LabelRequirement {
    enum class Operator : std::uint8_t { in, notIn, exists, doesNotExist };
    std::string key;
    Operator op = Operator::in;
    std::vector<std::string> values;
    friend bool operator==(const LabelRequirement&, const LabelRequirement&) = default;
};

/// matchLabels are requirements with operator In and one value. All must hold; none: everything.
struct LabelSelector {
    std::vector<LabelRequirement> requirements;
    friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};

/// Both ends belong to the range. "1000" is 1000..1000.
struct PriorityRange {
    std::int32_t low = 0;
    std::int32_t high = 0;
    friend bool operator==(const PriorityRange&, const PriorityRange&) = default;
};

struct ScopeRequirement {
    enum class Scope : std::uint8_t { qosClass, priority, namespaceName };
    enum class Operator : std::uint8_t { in, notIn };
    Scope scope = Scope::qosClass;
    Operator op = Operator::in;
    std::vector<QosClass> qosClasses;      ///< for Scope::qosClass
    std::vector<PriorityRange> priorities; ///< for Scope::priority
    std::vector<std::string> namespaces;   ///< for Scope::namespaceName
    friend bool operator==(const ScopeRequirement&, const ScopeRequirement&) = default;
};

enum class Strategy : std::uint8_t { none, preview };

struct Rule {
    std::string name;
    std::string metric;
    std::optional<LabelSelector> seriesSelector;
    double watermark = 0; ///< in the metric's own unit; must not be exceeded
    unsigned avoidanceThreshold = 1;
    unsigned restoreThreshold = 1;
    std::string actionName;
    Strategy strategy = Strategy::none;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// A core/v1 HTTPGetAction that answers with metrics: Prometheus text, JSON, or a plain number.
struct HttpProbe {
    std::string host;       ///< empty: this node (NodeQOS), the pod's own address (PodQOS)
    std::uint16_t port = 0; ///< a name was looked up already
    std::string path;       ///< with a leading slash
    bool https = false;
    std::vector<std::pair<std::string, std::string>> headers;
    std::chrono::seconds timeout{10}; ///< timeoutSeconds; 0 counts as this default
    friend bool operator==(const HttpProbe&, const HttpProbe&) = default;
};

struct NodeQos {
    std::string name;
    std::string origin; ///< "file:line" or "cluster"
    std::optional<LabelSelector> nodeSelector;
    std::optional<HttpProbe> probe; ///< nodeQualityProbe.httpGet
    /// nodeLocalGet.localCacheTTLSeconds: samples older than this are stale.
    std::chrono::seconds localCacheTtl{60};
    std::vector<Rule> rules;
};

struct PodQos {
    std::string name;
    std::string origin;
    std::vector<std::string> allowedActions;
    /// Both absent matches no pod; present but empty matches every pod. Crane's empty labelSelector
    /// counts as absent: the decoder leaves it out.
    std::optional<LabelSelector> labelSelector;
    std::optional<std::vector<ScopeRequirement>> scopeSelector;
    std::optional<HttpProbe> probe; ///< podQualityProbe.httpGet, of every pod it selects
};

struct CpuThrottle {
    int minCpuRatio = 0;  ///< percent: floor, of the limit or of the usage when first throttled
    int stepCpuRatio = 0; ///< percent of the quota taken or given in a step
    friend bool operator==(const CpuThrottle&, const CpuThrottle&) = default;
};

struct MemoryThrottle {
    bool forceGc = false;    ///< reclaim what is above the watermark, once, through memory.reclaim
    int minMemoryRatio = 0;  ///< percent: floor of memory.high, as minCpuRatio. Ours, not Crane's
    int stepMemoryRatio = 0; ///< percent of memory.high taken or given in a step; 0: not lowered
    friend bool operator==(const MemoryThrottle&, const MemoryThrottle&) = default;
};

struct Eviction {
    std::optional<std::chrono::seconds> terminationGracePeriod;
    friend bool operator==(const Eviction&, const Eviction&) = default;
};

struct AvoidanceAction {
    std::string name;
    std::string origin;
    std::string description;
    std::chrono::seconds coolDown{300};
    std::optional<CpuThrottle> cpuThrottle;
    std::optional<MemoryThrottle> memoryThrottle;
    std::optional<Eviction> eviction;

    /// An action that neither throttles nor evicts is the documents' "disable scheduling".
    [[nodiscard]] bool disablesScheduling() const {
        return !cpuThrottle && !eviction && !memoryThrottle;
    }
};

/// Something in an object that cannot be used (error: the object is left out) or that the
/// operator should know (warning: the object stands).
struct Refusal {
    enum class Severity : std::uint8_t { warning, error };
    Severity severity = Severity::error;
    std::string file;   ///< empty: from the cluster
    int line = 0;       ///< from 1; 0 where there is none
    std::string object; ///< "NodeQOS/watermark2", as far as it is known
    std::string path;   ///< "spec.rules[0].metricRule.value"
    std::string reason; ///< a sentence that says what would be right
    /// A warning of a field that is good and that nothing here acts on yet.
    bool notActedOn = false;

    /// "file:line: object: path: reason", leaving out what is empty.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// What became of one NodeQOS, PodQOS or AvoidanceAction: what the status of a resource would say.
struct ObjectStatus {
    std::string kind;
    std::string name;   ///< empty: it has none
    std::string origin; ///< "file:line" or "cluster"
    bool accepted = false;
    std::vector<std::string> notActedOn; ///< paths of fields: "spec.resourceQOS"
    std::vector<std::string> problems;   ///< "path: reason", errors and warnings

    void add(const Refusal& refusal);
    friend bool operator==(const ObjectStatus&, const ObjectStatus&) = default;
};

/// Everything the operator asked for, and who lives on this node.
struct PolicySet {
    std::vector<NodeQos> nodeQos;
    std::vector<PodQos> podQos;
    std::vector<AvoidanceAction> actions;
    std::vector<Pod> pods;
    std::optional<Node> node;
    std::vector<Refusal> refusals;
    std::vector<ObjectStatus> objects; ///< also those refused, in the order in which they were read

    [[nodiscard]] const AvoidanceAction* findAction(std::string_view name) const;
};

} // namespace plimsoll
