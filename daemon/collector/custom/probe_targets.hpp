// SPDX-License-Identifier: Apache-2.0
// Which probes the policies ask for.
#pragma once

#include "daemon/collector/custom/probe_answer.hpp"
#include "daemon/model/metric_spec.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/policy.hpp"
#include "kube/http/request.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::collector {

/// [probe] and [metric."NAME"] of plimsolld.toml.
struct ProbeSettings {
    std::chrono::microseconds interval = std::chrono::seconds(10);
    std::string caFile; ///< of https probes; empty: the system's certificates
    std::vector<MetricSpec> metrics;
};

/// One thing to ask again and again.
struct ProbeTarget {
    std::string source;   ///< "NodeQOS/web", "PodQOS/jvm (shop/cart-0)"
    std::string obstacle; ///< why it cannot be asked; empty: it can
    kube::http::Request request;
    Expected expected;
    std::string nodeQos; ///< whose rules the series are for; empty: for every rule
    PodUid pod;          ///< that the series are about; empty: the node
    Labels labels;       ///< of each series; they win over those of the answer
    friend bool operator==(const ProbeTarget&, const ProbeTarget&) = default;
};

/// The probe of each NodeQOS that is for this node, and that of each PodQOS once for every running
/// pod it selects. `isBuiltin`: names that probes do not deliver.
std::vector<ProbeTarget> probeTargets(const PolicySet& policy, const ProbeSettings& settings,
                                      bool (*isBuiltin)(std::string_view name));

} // namespace plimsoll::collector
