// SPDX-License-Identifier: Apache-2.0
// What must hold for every plan, over many random nodes.
#include "daemon/analyzer/candidates.hpp"
#include "daemon/analyzer/cpu_steps.hpp"
#include "tests/unit/analyzer/fake_node.hpp"
#include "tests/unit/analyzer/random_node.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using test::RandomNode;

constexpr int kCases = 3000;

/// Floors are kept up to a microsecond of quota: percents of an odd period are truncated.
Millicores oneMicrosecond(const CpuMax& value) {
    return Millicores{1000.0 / static_cast<double>(value.period.count())};
}

void checkThrottle(FakeNode& node, const Step& step, std::int64_t seed) {
    const auto& fake = *std::ranges::find(node.pods, step.pod, &test::FakePod::cgroup);
    ASSERT_TRUE(fake.pod.labels.contains("tier")) << "not allowed by any PodQOS, seed " << seed;
    ASSERT_EQ(exemption(fake.pod), "") << "seed " << seed;
    ASSERT_TRUE(fake.usageKnown && fake.cpuMaxKnown) << "seed " << seed;
    ASSERT_TRUE(step.to.cpuMax().quota && step.to.cpuMax().quota->count() >= 1000)
        << "seed " << seed;
    ASSERT_EQ(step.to.cpuMax().period, step.from.cpuMax().period) << "seed " << seed;
    if (step.from.cpuMax().quota) {
        ASSERT_LT(*step.to.cpuMax().quota, *step.from.cpuMax().quota) << "seed " << seed;
    }
    const auto rate = *step.to.cpuMax().rate() + oneMicrosecond(step.to.cpuMax());
    ASSERT_GE(rate, fake.pod.cpuRequest()) << "seed " << seed;
    if (const auto limit = fake.pod.cpuLimit()) {
        ASSERT_GE(rate, *limit * 0.10) << "seed " << seed;
    }
    ASSERT_FALSE(step.causes.empty()) << "seed " << seed;
}

/// Returns what the real throttle steps release.
Millicores checkPlan(FakeNode& node, std::int64_t seed) {
    Millicores released;
    std::vector<std::string> touched;
    for (const auto& step : node.decision.plan.steps) {
        if (step.kind == StepKind::throttle) {
            checkThrottle(node, step, seed);
            released += step.disposition != Disposition::act ? Millicores{} : step.expected.cpu;
        }
        if (step.kind == StepKind::restore && !step.toBaseline) {
            EXPECT_GT(*step.to.cpuMax().quota, *step.from.cpuMax().quota) << "seed " << seed;
        }
        if (step.disposition == Disposition::act) {
            touched.push_back(step.podName);
        }
    }
    std::ranges::sort(touched);
    EXPECT_EQ(std::ranges::adjacent_find(touched), touched.end())
        << "two steps for one pod, seed " << seed;
    return released;
}

Millicores largestGap(const Decision& decision) {
    Millicores gap;
    for (const auto& status : decision.rules) {
        if (status.verdict.kind == VerdictKind::avoiding && status.hit &&
            status.rule.strategy == Strategy::none) {
            gap = std::max(gap, Millicores{status.gap.value_or(Gap{}).amount});
        }
    }
    return gap;
}

/// One step of the largest pod, and what rounding down to a percent adds to it.
Millicores oneStep(const FakeNode& node) {
    Millicores largest;
    for (const auto& step : node.decision.plan.steps) {
        largest = std::max(largest, step.expected.cpu);
    }
    return largest + kQuantum;
}

TEST(EveryPlan, touches_only_what_it_may_and_no_more_than_needed) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        RandomNode random(seed);
        auto node = random.make();
        for (int i = 0; i < 4; ++i) {
            node.tick();
            const auto released = checkPlan(node, seed);
            if (testing::Test::HasFatalFailure()) {
                return;
            }
            ASSERT_LE(released, largestGap(node.decision) + oneStep(node)) << "seed " << seed;
            random.disturb(node);
        }
    }
}

TEST(EveryPlan, does_not_depend_on_the_order_of_the_input) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        RandomNode random(seed);
        auto first = random.make();
        auto second = RandomNode(seed).make();
        random.shuffle(second);
        for (int i = 0; i < 3; ++i) {
            first.tick();
            second.tick();
            ASSERT_EQ(first.decision.plan.steps.size(), second.decision.plan.steps.size());
            for (std::size_t k = 0; k < first.decision.plan.steps.size(); ++k) {
                const auto& a = first.decision.plan.steps[k];
                const auto& b = second.decision.plan.steps[k];
                ASSERT_EQ(a.podName, b.podName) << "seed " << seed;
                ASSERT_EQ(a.to, b.to) << "seed " << seed;
            }
        }
    }
}

/// Everything that has a unit, twice.
void doubleUnits(FakeNode& node) {
    node.cpus *= 2;
    node.otherUsage = node.otherUsage * 2;
    for (auto& rule : node.policy.nodeQos[0].rules) {
        rule.watermark *= rule.metric == "cpu_total_usage" ? 2 : 1;
    }
    for (auto& fake : node.pods) {
        fake.demand = fake.demand * 2;
        if (fake.cpuMax.quota) {
            fake.cpuMax.quota = *fake.cpuMax.quota * 2;
        }
        for (auto& container : fake.pod.containers) {
            for (auto* amount : {&container.cpuRequest, &container.cpuLimit}) {
                if (*amount) {
                    **amount = **amount * 2;
                }
            }
        }
    }
    node.recompile();
}

TEST(EveryPlan, doubles_with_the_units_up_to_the_quantum) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        auto once = RandomNode(seed).make();
        auto twice = RandomNode(seed).make();
        doubleUnits(twice);
        once.tick();
        twice.tick();
        const auto a = once.steps(StepKind::throttle);
        const auto b = twice.steps(StepKind::throttle);
        // The quantum does not double: a pod at its floor in one may have a percent left in the
        // other, and the last step differs by what the others were rounded by.
        for (std::size_t k = 0; k + 1 < a.size(); ++k) {
            const auto same = std::ranges::find(b, a[k]->podName, &Step::podName);
            if (same == b.end() || std::next(same) == b.end()) {
                continue;
            }
            const auto difference = *(*same)->to.cpuMax().rate() - *a[k]->to.cpuMax().rate() * 2;
            ASSERT_LE(std::abs(difference.value), 2 * kQuantum.value + 1) << "seed " << seed;
        }
        const auto sum = [](const std::vector<const Step*>& steps) {
            Millicores total;
            for (const auto* step : steps) {
                total += step->expected.cpu;
            }
            return total;
        };
        const double slack = 2 * kQuantum.value * static_cast<double>(a.size() + b.size() + 1);
        ASSERT_NEAR(sum(b).value, 2 * sum(a).value, slack) << "seed " << seed;
    }
}

} // namespace
} // namespace plimsoll::analyzer
