// SPDX-License-Identifier: Apache-2.0
// What must hold for every plan with every lever, over many random nodes.
#include "daemon/analyzer/candidates.hpp"
#include "daemon/analyzer/cpu_steps.hpp"
#include "daemon/analyzer/memory_steps.hpp"
#include "tests/unit/analyzer/fake_node.hpp"
#include "tests/unit/analyzer/random_node.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using test::RandomNode;

constexpr int kCases = 1500;

bool isDown(const Step& step) {
    return step.kind == StepKind::throttle || step.kind == StepKind::reclaim ||
           step.kind == StepKind::evict;
}

double amountOf(const Step& step, ReleaseUnit unit) {
    return unit == ReleaseUnit::millicores ? step.expected.cpu.value : step.expected.memory.value;
}

void runCases(auto check) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        SCOPED_TRACE(seed);
        RandomNode random(seed);
        auto node = random.makeWithEveryLever();
        for (int tick = 0; tick < 6; ++tick) {
            node.tick();
            check(node);
            if (testing::Test::HasFailure()) {
                return;
            }
            random.disturb(node);
        }
    }
}

TEST(EveryLever, touches_only_pods_that_some_pod_qos_allows_and_none_that_is_exempt) {
    runCases([](FakeNode& node) {
        for (const auto& step : node.decision.plan.steps) {
            if (!isDown(step)) {
                continue;
            }
            const auto& fake = *std::ranges::find(node.pods, step.pod, &test::FakePod::cgroup);
            EXPECT_TRUE(fake.pod.labels.contains("tier")) << step.reason;
            EXPECT_EQ(exemption(fake.pod), "") << step.reason;
            EXPECT_FALSE(step.causes.empty());
            EXPECT_FALSE(step.reason.empty());
            const bool isMemory =
                step.lever == Lever::memoryHigh || step.lever == Lever::memoryReclaim;
            EXPECT_FALSE(isMemory && fake.pod.qosClass == QosClass::guaranteed);
            if (step.lever == Lever::memoryHigh) {
                EXPECT_GE(*step.to.memoryHigh().bytes, fake.pod.memoryRequest());
                EXPECT_GE(*step.to.memoryHigh().bytes, kSmallestMemory);
            }
        }
    });
}

TEST(EveryLever, moves_each_lever_of_a_pod_once_a_tick) {
    runCases([](FakeNode& node) {
        std::set<std::pair<std::string, Lever>> moved;
        for (const auto& step : node.decision.plan.steps) {
            if (step.disposition == Disposition::act && step.pod) {
                EXPECT_TRUE(moved.emplace(step.podName, step.lever).second) << step.podName;
            }
        }
    });
}

/// The largest gap of the acting rules, and how many rules act whose metric does not say.
struct Gaps {
    double amount = 0;
    unsigned unquantified = 0;
};

Gaps gapsOf(const FakeNode& node, ReleaseUnit unit) {
    Gaps gaps;
    for (const auto& rule : node.decision.rules) {
        const bool acts = rule.verdict.kind == VerdictKind::avoiding && rule.hit &&
                          rule.rule.strategy == Strategy::none;
        gaps.unquantified += acts && !rule.gap ? 1U : 0U;
        if (acts && rule.gap && rule.gap->unit == unit) {
            gaps.amount = std::max(gaps.amount, rule.gap->amount);
        }
    }
    return gaps;
}

/// The whole plan, for who has to find out.
std::string said(const FakeNode& node) {
    std::string text;
    for (const auto& step : node.decision.plan.steps) {
        text += std::string(name(step.lever)) + " of " + step.podName + ": " + step.reason + "\n";
    }
    return text;
}

TEST(EveryLever, throttles_no_more_than_one_pods_worth_too_much) {
    runCases([](FakeNode& node) {
        for (const auto unit : {ReleaseUnit::millicores, ReleaseUnit::bytes}) {
            const auto gaps = gapsOf(node, unit);
            double released = 0;
            double largest = 0;
            for (const auto& step : node.decision.plan.steps) {
                const bool isThrottle =
                    step.kind == StepKind::throttle || step.kind == StepKind::reclaim;
                if (isThrottle && step.disposition == Disposition::act) {
                    released += amountOf(step, unit);
                    largest = std::max(largest, amountOf(step, unit));
                }
            }
            const double quantum =
                unit == ReleaseUnit::millicores ? kQuantum.value : 2 * kMemoryQuantum.value;
            const double batch = gaps.unquantified * node.settings.batch;
            EXPECT_LE(released, gaps.amount + largest * (1 + batch) + quantum) << said(node);
        }
    });
}

TEST(EveryLever, evicts_within_the_budget_and_stops_when_no_gap_is_left) {
    runCases([](FakeNode& node) {
        const auto steps = node.steps(StepKind::evict);
        EXPECT_LE(steps.size(), node.settings.evictionBudget);
        EXPECT_TRUE(steps.empty() || node.canEvict);
        const auto cpu = gapsOf(node, ReleaseUnit::millicores);
        const auto memory = gapsOf(node, ReleaseUnit::bytes);
        Resources before;
        for (const auto* step : steps) {
            EXPECT_TRUE(before.cpu.value < cpu.amount || before.memory.value < memory.amount ||
                        cpu.unquantified > 0)
                << "evicted though every gap was closed: " << step->podName;
            before += step->expected;
        }
    });
}

TEST(EveryLever, order_is_total_and_does_not_depend_on_the_input) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        RandomNode random(seed);
        auto first = random.makeWithEveryLever();
        auto second = RandomNode(seed).makeWithEveryLever();
        random.shuffle(second);
        for (int i = 0; i < 3; ++i) {
            first.tick();
            second.tick();
            const auto& a = first.decision.plan.steps;
            const auto& b = second.decision.plan.steps;
            ASSERT_EQ(a.size(), b.size()) << "seed " << seed;
            for (std::size_t k = 0; k < a.size(); ++k) {
                ASSERT_EQ(a[k].podName, b[k].podName) << "seed " << seed;
                ASSERT_EQ(a[k].kind, b[k].kind) << "seed " << seed;
                ASSERT_EQ(a[k].to, b[k].to) << "seed " << seed;
            }
        }
    }
}

TEST(EveryLever, whatever_is_held_is_put_back_when_the_policies_go) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        SCOPED_TRACE(seed);
        auto node = RandomNode(seed).makeWithEveryLever();
        node.ticks(4);
        node.policy.nodeQos.clear();
        node.policy.actions.clear();
        node.recompile();
        node.tick();
        ASSERT_TRUE(node.held.empty());
        for (const auto& fake : node.pods) {
            ASSERT_EQ(fake.memoryHigh, MemoryHigh{});
        }
    }
}

TEST(EveryLever, previews_hinder_nobody) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        SCOPED_TRACE(seed);
        auto with = RandomNode(seed).makeWithEveryLever();
        auto without = RandomNode(seed).makeWithEveryLever();
        std::erase_if(without.policy.nodeQos[0].rules,
                      [](const Rule& rule) { return rule.strategy == Strategy::preview; });
        for (int i = 0; i < 4; ++i) {
            with.tick();
            without.tick();
            std::erase_if(with.decision.plan.steps, [](const Step& step) {
                return step.disposition == Disposition::preview;
            });
            ASSERT_EQ(with.decision.plan.steps.size(), without.decision.plan.steps.size());
            for (std::size_t k = 0; k < with.decision.plan.steps.size(); ++k) {
                ASSERT_EQ(with.decision.plan.steps[k].to, without.decision.plan.steps[k].to);
            }
        }
    }
}

} // namespace
} // namespace plimsoll::analyzer
