// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/decide.hpp"

#include "tests/bench/measure.hpp"
#include "tests/bench/pod_tree.hpp"
#include "tests/unit/support/allocations.hpp"

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::bench {
namespace {

constexpr int kPolicies = 10;
constexpr int kRulesPerPolicy = 5; // 50 in all
constexpr double kQuietCpu = 1000;
constexpr double kBusyCpu = 30'000;

MonotonicTime at(int second) {
    return MonotonicTime(std::chrono::hours(1) + std::chrono::seconds(second));
}

NodeQos nodeQos(int number) {
    static constexpr std::array<std::pair<const char*, double>, kRulesPerPolicy> kRules{{
        {"cpu_total_usage", 20'000},
        {"cpu_total_utilization", 70},
        {"pod_cpu_pressure_some", 50}, // a look at every pod
        {"memory_total_usage", 100e9},
        {"memory_total_utilization", 90},
    }};
    NodeQos policy{.name = "watermark" + std::to_string(number), .origin = "bench"};
    for (int rule = 0; rule < kRulesPerPolicy; ++rule) {
        const auto& [metric, watermark] = kRules[static_cast<std::size_t>(rule)];
        policy.rules.push_back({.name = "rule" + std::to_string(rule),
                                .metric = metric,
                                .watermark = watermark + number,
                                .avoidanceThreshold = 2,
                                .restoreThreshold = 2,
                                .actionName = "throttle"});
    }
    return policy;
}

Pod podObject(int number) {
    Pod pod{.namespaceName = "default",
            .name = "pod-" + std::to_string(number),
            .uid = PodUid(podUid(number)),
            .qosClass = number % 3 == 0 ? QosClass::bestEffort : QosClass::burstable,
            .startTime = 1'700'000'000 + number};
    pod.labels.emplace("app", number % 3 == 0 ? "batch" : "web");
    pod.containers.push_back({.name = "main", .cpuLimit = Millicores{100}});
    return pod;
}

PolicySet policySet(int pods) {
    PolicySet set;
    for (int number = 0; number < kPolicies; ++number) {
        set.nodeQos.push_back(nodeQos(number));
    }
    set.podQos.push_back({.name = "batch",
                          .origin = "bench",
                          .allowedActions = {"throttle"},
                          .labelSelector = LabelSelector{{{.key = "app", .values = {"batch"}}}}});
    set.actions.push_back(
        {.name = "throttle", .origin = "bench", .cpuThrottle = CpuThrottle{10, 20}});
    for (int pod = 0; pod < pods; ++pod) {
        set.pods.push_back(podObject(pod));
    }
    return set;
}

} // namespace

DecideLoad::DecideLoad(int pods)
    : pods_(pods), policy_(analyzer::compile(policySet(pods), analyzer::Settings{})) {}

void DecideLoad::decide(const Snapshot& snapshot) {
    analyzer::decide(*policy_, snapshot, {}, state_, decision_);
}

Snapshot DecideLoad::makeSnapshot(double millicores) const {
    Snapshot snapshot;
    snapshot.node.onlineCpus = 32;
    snapshot.node.cpuUsage = Millicores{millicores};
    snapshot.node.cpuUtilization = Percent{millicores / 320};
    snapshot.node.memoryTotal = Bytes{64e9};
    snapshot.node.memoryUsage = Bytes{16e9};
    snapshot.node.memoryUtilization = Percent{25};
    for (int number = 0; number < pods_; ++number) {
        auto pod = std::make_shared<PodCgroup>();
        pod->uid = PodUid(podUid(number));
        pod->cgroup = {CgroupPath("/kubepods.slice/" + podUid(number)),
                       static_cast<std::uint64_t>(number) + 1};
        PodSample sample{.pod = std::move(pod)};
        sample.cpuUsage = Millicores{millicores / pods_};
        sample.cpuMax = CpuMax{Microseconds{10'000}, Microseconds{100'000}}; // more than half used
        sample.memoryWorkingSet = Bytes{1e7};
        sample.stalled.cpuSome = Percent{10};
        snapshot.pods.push_back(std::move(sample));
    }
    return snapshot;
}

DecideLoad::Times DecideLoad::measure(int repetitions) {
    Times times;
    int tick = 0;
    const auto series = [&](double millicores, std::vector<double>& into, std::size_t& allocated) {
        Snapshot snapshot = makeSnapshot(millicores);
        for (int repetition = -10; repetition < repetitions; ++repetition) {
            snapshot.at = at(tick);
            snapshot.tick = static_cast<std::uint64_t>(++tick);
            const std::size_t before = test::allocations();
            const double time = timed([&] { decide(snapshot); });
            if (repetition >= 0) { // before: warming up
                allocated += test::allocations() - before;
                into.push_back(time);
            }
        }
    };
    std::vector<double> idle;
    std::vector<double> acting;
    std::size_t whileActing = 0;
    series(kQuietCpu, idle, times.allocations);
    series(kBusyCpu, acting, whileActing);
    times.steps = decision_.plan.steps.size();
    times.idle = median(std::move(idle));
    times.acting = median(std::move(acting));
    return times;
}

} // namespace plimsoll::bench
