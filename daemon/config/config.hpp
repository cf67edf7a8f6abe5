// SPDX-License-Identifier: Apache-2.0
// plimsolld.toml: the settings of this node. Every key is explained in conf/plimsolld.toml.
#pragma once

#include "daemon/model/ids.hpp"
#include "daemon/model/metric_spec.hpp"
#include "daemon/model/pod.hpp"
#include "kube/actions/taint.hpp"

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

struct Config {
    std::chrono::milliseconds interval{1000}; ///< [daemon] one tick to the next; 100 ms to 60 s
    std::string policyDirectory = "/etc/plimsoll/policies.d";
    std::string runtimeDirectory = "/run/plimsoll";
    std::string stateDirectory = "/var/lib/plimsoll"; ///< what outlives a reboot

    std::string cgroupMount = "/sys/fs/cgroup"; ///< [cgroup]
    std::optional<CgroupPath> cgroupRoot;       ///< kubelet's --cgroup-root; none: the mount itself

    double excessPercent = 10; ///< [avoidance] release so much more than the bare gap
    std::optional<std::chrono::seconds> coolDownCap; ///< upper bound on any coolDownSeconds
    unsigned maxReapply = 5;
    unsigned batch = 1; ///< pods a tick where a rule's effect on its metric is not known
    std::chrono::seconds effectAfter{5};
    std::chrono::seconds futileFor{300};

    unsigned evictionBudget = 1; ///< [eviction] evictions in any interval; 0: none
    std::chrono::seconds evictionInterval{60};

    bool clusterEnabled = true;              ///< [cluster]
    std::string kubeconfig;                  ///< empty: the one of this node's kubelet
    std::vector<std::string> clusterServers; ///< URLs, tried after the kubeconfig's own
    bool clusterEvents = true;
    std::optional<kube::TaintSetting> taint; ///< beside spec.unschedulable

    std::chrono::milliseconds probeInterval{
        10'000};             ///< [probe] of one endpoint, and of textfiles; to 15 s
    std::string probeCaFile; ///< empty: the system's

    std::string textfileDirectory = "/run/plimsoll/metrics.d"; ///< [metrics]
    std::vector<MetricSpec> metrics;                           ///< [metric."NAME"], ordered by name

    std::string logLevel = "info"; ///< [log] as org.freedesktop.LogControl1 spells it
    std::string logTarget = "auto";

    std::string nodeName; ///< [node] empty: not given
    Labels nodeLabels;    ///< used while no Node object is known

    friend bool operator==(const Config&, const Config&) = default;
};

/// Which files are read. Later ones win, key by key:
///   /usr/lib/plimsoll/plimsolld.toml
///   /etc/plimsoll/plimsolld.toml
///   plimsolld.toml.d/*.toml beside either, all in order of their file names; one in /etc replaces
///   the one of the same name in /usr/lib, and hides it when it is a link to /dev/null.
struct ConfigPaths {
    std::string vendorDirectory = "/usr/lib/plimsoll";
    std::string adminDirectory = "/etc/plimsoll";
    std::optional<std::string> onlyFile; ///< --config: this one, which must exist, and no other

    static ConfigPaths standard() { return {}; }
    static ConfigPaths only(std::string file) { return {.onlyFile = std::move(file)}; }
};

/// What kubelet registers the node as, unless it is told otherwise: the host name in lower case.
std::string defaultNodeName();

/// All of it is good, or every error of every file: "file:line:column: what would be right".
std::expected<Config, std::vector<std::string>> loadConfig(const ConfigPaths& paths);

} // namespace plimsoll
