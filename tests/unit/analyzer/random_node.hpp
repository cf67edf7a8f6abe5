// SPDX-License-Identifier: Apache-2.0
// Nodes, pods and rules at random, the same for the same seed on every machine: only the generator
// itself is used, the library's distributions differ between implementations.
#pragma once

#include "tests/unit/analyzer/fake_node.hpp"

#include <random>

namespace plimsoll::analyzer::test {

class RandomNode {
public:
    explicit RandomNode(std::int64_t seed)
        : random_(static_cast<std::mt19937::result_type>(seed)) {}

    FakeNode make() {
        auto node = FakeNode::withRule({.watermark = 500.0 + below(7000)});
        node.addAction("second", {.minCpuRatio = 10 + below(90), .stepCpuRatio = 1 + below(100)});
        node.action(0).cpuThrottle =
            CpuThrottle{.minCpuRatio = 10 + below(40), .stepCpuRatio = 1 + below(100)};
        const int rules = below(4);
        for (int i = 0; i < rules; ++i) {
            const bool percent = below(3) == 0;
            node.policy.nodeQos[0].rules.push_back(
                makeRule({.name = "extra-" + std::to_string(i),
                          .watermark = percent ? 10.0 + below(80) : 500.0 + below(7000),
                          .action = below(2) == 0 ? "throttle" : "second",
                          .metric = percent ? "cpu_total_utilization" : "cpu_total_usage",
                          .avoidance = static_cast<unsigned>(below(3)),
                          .restore = static_cast<unsigned>(below(3)),
                          .strategy = below(4) == 0 ? Strategy::preview : Strategy::none}));
        }
        node.cpus = 1 + static_cast<unsigned>(below(16));
        node.otherUsage = Millicores{static_cast<double>(below(2000))};
        const int pods = below(12);
        for (int i = 0; i < pods; ++i) {
            addPod(node, "pod-" + std::to_string(i));
        }
        return node;
    }

    /// The same with every lever and kind of metric.
    FakeNode makeWithEveryLever() {
        auto node = make();
        node.canEvict = below(2) == 0;
        node.settings.evictionBudget = static_cast<unsigned>(below(4));
        node.settings.batch = 1 + static_cast<unsigned>(below(3));
        node.otherMemory = Bytes{below(4000) * kMiB};
        addMemoryRules(node);
        for (auto& fake : node.pods) {
            fake.memoryDemand = Bytes{below(2000) * kMiB};
            fake.unreclaimable = below(3) == 0 ? fake.memoryDemand : Bytes{};
            fake.stalled.cpuSome = Percent{static_cast<double>(below(100))};
            if (below(3) == 0) {
                fake.pod.containers[0].memoryRequest = Bytes{below(500) * kMiB};
            }
        }
        return node;
    }

    /// The same in a cluster: somebody may have closed the node, some pods may not be evicted.
    FakeNode makeWithCluster() {
        auto node = makeWithEveryLever();
        node.canEvict = node.canCloseNode = true;
        node.settings.evictionBudget = 1 + static_cast<unsigned>(below(3));
        node.settings.evictionInterval = std::chrono::seconds(5 + below(30));
        node.closure = NodeClosure{.state = static_cast<NodeClosure::State>(below(4))};
        if (node.closure->state == NodeClosure::State::ours) {
            node.closure->causes = {{"node", "closes"}, {"gone", "rule"}};
        }
        node.addAction({.name = "close", .coolDown = std::chrono::seconds(1 + below(5))});
        node.addRule({.name = "closes",
                      .watermark = 500.0 + below(7000),
                      .action = "close",
                      .avoidance = static_cast<unsigned>(below(3)),
                      .restore = static_cast<unsigned>(below(3))});
        node.retryAfter = std::chrono::seconds(below(30));
        for (const auto& fake : node.pods) {
            if (below(3) == 0) {
                node.refusing.push_back(fake.pod.name);
            }
        }
        return node;
    }

    /// The API server comes and goes, and somebody else opens or closes the node.
    void disturbCluster(FakeNode& node) {
        node.canEvict = below(6) != 0;
        node.canCloseNode = below(6) != 0;
        node.nodeRefuses = below(6) == 0;
        if (below(8) == 0) {
            node.closure = NodeClosure{.state = below(2) == 0 ? NodeClosure::State::open
                                                              : NodeClosure::State::foreigns};
        }
        if (node.closure) {
            node.closure->changing = below(8) == 0;
        }
    }

    /// Demands move, readings fail, somebody writes over a value.
    void disturb(FakeNode& node) {
        for (auto& fake : node.pods) {
            fake.demand =
                below(3) == 0 ? Millicores{static_cast<double>(below(3000))} : fake.demand;
            fake.usageKnown = below(8) != 0;
            fake.cpuMaxKnown = below(8) != 0;
            if (below(10) == 0) {
                fake.cpuMax = below(2) == 0 ? unlimited() : quota(1000 + below(400'000));
            }
        }
        node.cpuKnown = below(8) != 0;
    }

    void shuffle(FakeNode& node) {
        for (std::size_t i = node.pods.size(); i > 1; --i) {
            std::swap(node.pods[i - 1], node.pods[random_() % i]);
        }
    }

    int below(int limit) {
        return static_cast<int>(random_() % static_cast<std::mt19937::result_type>(limit));
    }

private:
    static constexpr double kMiB = 1024.0 * 1024;

    void addMemoryRules(FakeNode& node) {
        for (int i = 0; i < 3; ++i) {
            AvoidanceAction action{.name = "action-" + std::to_string(i),
                                   .coolDown = std::chrono::seconds(below(3))};
            if (below(2) == 0) {
                action.memoryThrottle = MemoryThrottle{.forceGc = below(2) == 0,
                                                       .minMemoryRatio = below(50),
                                                       .stepMemoryRatio = below(60)};
            }
            if (below(2) == 0) {
                action.eviction.emplace();
            }
            if (below(2) == 0) {
                action.cpuThrottle =
                    CpuThrottle{.minCpuRatio = 10 + below(40), .stepCpuRatio = 1 + below(60)};
            }
            node.addAction(std::move(action));
        }
        const char* const kMetrics[] = {"memory_total_usage", "memory_total_utilization",
                                        "cpu_total_usage", "pod_cpu_pressure_some"};
        const double kWatermarks[] = {1000.0 * kMiB, 20, 2000, 50};
        for (int i = 0; i < 4; ++i) {
            const auto metric = static_cast<std::size_t>(below(4));
            node.addRule({.name = "lever-" + std::to_string(i),
                          .watermark = kWatermarks[metric] * (1 + below(4)),
                          .action = "action-" + std::to_string(below(3)),
                          .metric = kMetrics[metric],
                          .strategy = below(5) == 0 ? Strategy::preview : Strategy::none});
        }
    }

    void addPod(FakeNode& node, const std::string& name) {
        auto& fake = node.add(name, below(3000));
        auto& pod = fake.pod;
        pod.priority = below(10) == 0 ? kCriticalPriority + below(100) : below(3) - 1;
        pod.qosClass = static_cast<QosClass>(below(4));
        pod.daemonSet = below(10) == 0;
        pod.terminating = below(10) == 0;
        pod.mirror = below(12) == 0;
        auto& container = pod.containers[0];
        if (below(2) == 0) {
            container.cpuRequest = Millicores{static_cast<double>(below(800))};
        }
        if (below(3) == 0) {
            container.cpuLimit = Millicores{800.0 + below(3000)};
            const Microseconds period{below(2) == 0 ? 100'000 : 20'000 + below(100'000)};
            fake.cpuMax = {Microseconds{static_cast<std::int64_t>(container.cpuLimit->value) *
                                        period.count() / 1000},
                           period};
        }
        if (below(5) == 0) {
            container.elasticCpu = Millicores{1000.0 + below(2000)};
        }
        if (below(4) == 0) {
            pod.labels.erase("tier");
        }
        if (below(3) == 0) {
            pod.startTime = below(1000);
        }
        fake.usageKnown = below(12) != 0;
        fake.cpuMaxKnown = below(12) != 0;
    }

    std::mt19937 random_;
};

} // namespace plimsoll::analyzer::test
