// SPDX-License-Identifier: Apache-2.0
// A node in memory: pods with demands, and an executor that carries plans out faithfully. Usage is
// what a pod demands, as far as its cpu.max lets it.
#pragma once

#include "daemon/analyzer/analyzer.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/policy.hpp"
#include "daemon/model/snapshot.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::analyzer::test {

inline constexpr Microseconds kPeriod{100'000};

CpuMax unlimited(Microseconds period = kPeriod);
CpuMax quota(std::int64_t microseconds, Microseconds period = kPeriod);

struct FakePod {
    Pod pod;
    std::shared_ptr<const PodCgroup> cgroup;
    Millicores demand;
    CpuMax cpuMax;
    Bytes memoryDemand{};
    MemoryHigh memoryHigh;
    Bytes unreclaimable{}; ///< what the kernel cannot take, whatever memory.high says
    StalledSet stalled;
    Reading<double> memoryHighEvents = 0.0;
    bool usageKnown = true;
    bool cpuMaxKnown = true;

    [[nodiscard]] Millicores usage() const;
    [[nodiscard]] Bytes workingSet() const;
};

struct RuleSpec {
    std::string name = "cpu";
    double watermark = 6000;
    std::string action = "throttle";
    std::string metric = "cpu_total_usage";
    unsigned avoidance = 1;
    unsigned restore = 1;
    Strategy strategy = Strategy::none;
};
Rule makeRule(const RuleSpec& spec);

class FakeNode {
public:
    /// One NodeQOS "node" with one rule, an action "throttle" (min 10, step 10, no cool-down) and a
    /// PodQOS that allows it for every pod labelled tier=batch.
    static FakeNode withRule(const RuleSpec& spec = {});

    /// A batch pod, BestEffort, unlimited. References stay valid.
    FakePod& add(const std::string& name, double demand);
    FakePod& find(const std::string& name);
    void remove(const std::string& name);

    /// Compiles the policy with the pods as they are now.
    void recompile();
    AvoidanceAction& action(std::size_t index = 0) { return policy.actions[index]; }
    Rule& rule(std::size_t index = 0) { return policy.nodeQos[0].rules[index]; }
    std::string addAction(const std::string& name, CpuThrottle terms); ///< allowed for tier=batch
    std::string addAction(AvoidanceAction action);
    Rule& addRule(const RuleSpec& spec);

    Snapshot measure(); ///< the next tick
    /// Measures, decides and carries out.
    const Decision& tick();
    const Decision& ticks(int count);
    /// Decides on a snapshot of the caller's making; carries nothing out.
    const Decision& decideOn(const Snapshot& snapshot);
    void carryOut(const Plan& plan);

    [[nodiscard]] HeldPod* findHeld(const std::string& name, Lever lever = Lever::cpuMax);
    [[nodiscard]] Millicores usage() const;
    [[nodiscard]] Bytes memoryUsage() const;
    [[nodiscard]] std::vector<const Step*> steps(StepKind kind,
                                                 Disposition disposition = Disposition::act) const;
    [[nodiscard]] std::vector<std::string> names(StepKind kind,
                                                 Disposition disposition = Disposition::act) const;
    [[nodiscard]] std::string skipOf(const std::string& name) const;
    void deliver(const std::string& metric, double value, Labels labels = {});

    PolicySet policy;
    Settings settings{.excess = 0.10, .coolDownCap = std::nullopt, .maxReapply = 3};
    unsigned cpus = 8;
    Millicores otherUsage; ///< of what is not a pod
    Bytes otherMemory{1024.0 * 1024 * 1024};
    Bytes memoryTotal{16.0 * 1024 * 1024 * 1024};
    bool cpuKnown = true;
    bool canEvict = false;
    std::vector<EvictedPod> evicted;
    bool canCloseNode = false;
    std::string whyNotEvict;
    std::string whyNotClose;
    std::optional<NodeClosure> closure;
    std::vector<std::string> refusing; ///< names of pods whose eviction is refused
    bool nodeRefuses = false;          ///< steps that close and open the node fail
    std::chrono::seconds retryAfter{0};
    std::vector<FailedStep> failed; ///< of the last tick
    std::vector<std::uint64_t> reclaiming;
    bool slowWrites = false; ///< lowering memory.high never comes to its end
    CustomSamples custom;
    std::chrono::nanoseconds interval = std::chrono::seconds(1);
    std::deque<FakePod> pods;
    std::vector<HeldPod> held;
    Decision decision;

    [[nodiscard]] MonotonicTime now() const { return now_; }

private:
    void carryOut(const Step& step, std::uint64_t tick);
    void hold(const Step& step, std::uint64_t tick);
    void turn(const Step& step); ///< open or close

    MonotonicTime now_{};
    std::uint64_t tick_ = 0;
    std::uint64_t inodes_ = 100;
    std::shared_ptr<const CompiledPolicy> compiled_;
    State state_;
};

} // namespace plimsoll::analyzer::test
