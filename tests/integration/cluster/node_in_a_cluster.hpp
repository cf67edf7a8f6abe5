// SPDX-License-Identifier: Apache-2.0
// A node of two CPUs made of plain files, its engine and its side of the cluster as the daemon
// wires them, and a living API server. Seconds of the node pass when the test says so; what is on
// the wire takes its own time.
#pragma once

#include "daemon/cluster/cluster.hpp"
#include "daemon/engine.hpp"
#include "daemon/event_loop.hpp"
#include "tests/apiserver/api_server.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::test {

using apiserver::Json;

inline const std::string kNode = "/api/v1/nodes/node-a";
inline const std::string kUnlimited = "max 100000\n"; ///< a pod's cpu.max as it was

Json avoidanceAction(const std::string& name, std::chrono::seconds coolDown, Json spec = {});
Json throttling();
Json evicting();
/// One rule, "cpu": more than 1000 millicores of the node in use, twice.
Json nodeQos(const std::string& name, const std::string& action,
             const std::string& strategy = "None");
/// Every BestEffort pod may be acted on so.
Json podQos(std::vector<std::string> actions);

class Journal : public audit::Sink {
public:
    void write(const audit::Entry& entry) override { entries.push_back(entry); }
    [[nodiscard]] bool has(audit::Event event, std::string_view part = "") const;
    std::vector<audit::Entry> entries;
};

class NodeInACluster : public testing::Test {
protected:
    NodeInACluster();
    ~NodeInACluster() override;

    /// The definitions, the node's role and these objects.
    void install(const std::vector<Json>& objects);
    /// A BestEffort pod on the server, and its cgroup on the node. Its uid.
    std::string addPod(const std::string& name, int priority = 0, const Json& labels = {});
    /// What kubelet does once the pod has gone.
    void removeCgroup(const std::string& pod);

    void start();
    /// start(), and wait until everything is mirrored.
    void join();
    /// As systemd stops the service.
    void stop();
    [[nodiscard]] Engine& engine() { return run_->engine; }
    [[nodiscard]] Cluster& cluster() { return *run_->cluster; }
    [[nodiscard]] ClusterStatus::State state() { return cluster().status().state; }

    /// What the pods use from here on, in millicores; the rest of the node's load is its own.
    void load(double node, const std::map<std::string, double>& pods);
    /// A second of the node: a tick, and what is to be done on the loop.
    void second();
    void seconds(int count);
    /// Seconds pass until it holds; false when it takes more than a minute of the test's time.
    bool secondsUntil(const std::function<bool()>& holds, std::chrono::seconds most = kLongest);
    /// The node stands still meanwhile.
    bool turnUntil(const std::function<bool()>& holds);
    /// So much of the test's time: for what only time can show.
    void pass(std::chrono::milliseconds real);

    std::string cpuMax(const std::string& pod) {
        return tree.read(pods_.at(pod).cgroup + "/cpu.max");
    }
    bool isThrottled(const std::string& pod) { return cpuMax(pod) != kUnlimited; }
    [[nodiscard]] Json node() const { return server.get(kNode); }
    [[nodiscard]] bool isClosed() const;
    [[nodiscard]] bool isMarked() const;
    /// As kubectl does.
    void setCordon(bool closed);
    [[nodiscard]] std::string condition() const; ///< "True", "False", "": there is none
    [[nodiscard]] std::size_t eventsOf(const std::string& kind, const std::string& name,
                                       const std::string& reason);
    [[nodiscard]] Json pod(const std::string& name) const { return server.get(pathOf(name)); }
    [[nodiscard]] bool isLeaving(const std::string& name) const;
    [[nodiscard]] std::size_t evictionsAsked(const std::string& name = "");
    static std::string pathOf(const std::string& pod) {
        return "/api/v1/namespaces/jobs/pods/" + pod;
    }

    static constexpr std::chrono::seconds kLongest{60};

    ApiServer server{{.nodes = {"node-a", "node-b"}}};
    FakeTree tree;
    Journal journal;
    std::chrono::seconds evictionInterval{1};
    unsigned evictionBudget = 1;
    MonotonicTime now = monotonicNow();

private:
    struct KnownPod {
        std::string cgroup;
        double millicores = 0;
        unsigned long long usage = 1'000'000; ///< µs
    };
    struct Run {
        explicit Run(NodeInACluster& test);
        Engine engine;
        std::unique_ptr<Cluster> cluster;
    };
    void turn();

    EventLoop loop_;
    std::map<std::string, KnownPod> pods_;
    double nodeMillicores_ = 100;
    unsigned long long busy_ = 1000; ///< jiffies
    unsigned long long idle_ = 1000;
    std::unique_ptr<Run> run_;
};

} // namespace plimsoll::test
