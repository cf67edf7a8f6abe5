// SPDX-License-Identifier: Apache-2.0
// What must hold for every plan on a node of a cluster, over many random nodes, whoever else opens
// and closes them and whatever the API server refuses.
#include "tests/unit/analyzer/fake_node.hpp"
#include "tests/unit/analyzer/random_node.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using test::RandomNode;
using Closure = NodeClosure::State;

constexpr int kCases = 150;
constexpr int kTicks = 20;

bool isAboutTheNode(const Step& step) {
    return step.kind == StepKind::closeNode || step.kind == StepKind::openNode;
}

/// `check` gets what was known of the node before the tick.
void runCases(auto check) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        SCOPED_TRACE(seed);
        RandomNode random(seed);
        auto node = random.makeWithCluster();
        for (int tick = 0; tick < kTicks; ++tick) {
            const auto before = *node.closure;
            node.tick();
            check(node, before);
            if (testing::Test::HasFailure()) {
                return;
            }
            random.disturb(node);
            random.disturbCluster(node);
        }
    }
}

bool isHit(const FakeNode& node, const RuleKey& key) {
    const auto& rules = node.decision.rules;
    const auto found = std::ranges::find(rules, key, &RuleStatus::key);
    return found != rules.end() && found->hit;
}

TEST(EveryClosure, touches_neither_a_foreign_cordon_nor_a_node_in_the_middle_of_a_change) {
    runCases([](const FakeNode& node, const NodeClosure& before) {
        int steps = 0;
        for (const auto& step : node.decision.plan.steps) {
            if (!isAboutTheNode(step) || step.disposition == Disposition::preview) {
                continue;
            }
            ++steps;
            EXPECT_NE(before.state, Closure::foreigns);
            EXPECT_FALSE(before.changing);
            EXPECT_EQ(step.disposition == Disposition::act, node.canCloseNode);
            EXPECT_TRUE(step.kind == StepKind::closeNode || before.state == Closure::ours);
            EXPECT_FALSE(step.reason.empty());
        }
        EXPECT_LE(steps, 1);
    });
}

TEST(EveryClosure, has_a_cause_that_is_not_in_the_mark_yet_and_opens_for_no_rule_that_is_above) {
    runCases([](const FakeNode& node, const NodeClosure& before) {
        for (const auto* step : node.steps(StepKind::closeNode)) {
            const bool isNew = std::ranges::any_of(step->causes, [&](const RuleKey& key) {
                return std::ranges::find(before.causes, key) == before.causes.end();
            });
            EXPECT_TRUE(isNew || before.state == Closure::open);
            EXPECT_FALSE(step->causes.empty());
        }
        for (const auto* step : node.steps(StepKind::openNode)) {
            EXPECT_EQ(step->causes, before.causes);
            EXPECT_FALSE(isHit(node, {"node", "closes"}) &&
                         node.decision.rules.back().verdict.kind == VerdictKind::avoiding);
        }
    });
}

TEST(EveryEviction, keeps_to_the_budget_of_every_interval_and_leaves_who_was_refused_alone) {
    std::map<std::uint64_t, MonotonicTime> refused;
    MonotonicTime last{};
    runCases([&](const FakeNode& node, const NodeClosure&) {
        if (node.now() < last) {
            refused.clear(); // another node
        }
        last = node.now();
        const auto recent = std::ranges::count_if(node.evicted, [&node](const EvictedPod& each) {
            return node.now() - each.at < node.settings.evictionInterval;
        });
        EXPECT_LE(static_cast<unsigned>(recent), node.settings.evictionBudget);
        for (const auto* step : node.steps(StepKind::evict)) {
            EXPECT_TRUE(node.canEvict);
            const auto before = refused.find(step->pod->cgroup.inode);
            EXPECT_TRUE(before == refused.end() ||
                        node.now() - before->second >=
                            std::max(node.retryAfter, std::chrono::seconds(10)));
        }
        for (const auto& each : node.failed) {
            if (each.lever == Lever::eviction) {
                refused[each.inode] = node.now();
            }
        }
    });
}

/// Nothing is asked of the node any more, and nobody else does anything.
void calmDown(FakeNode& node) {
    for (auto& fake : node.pods) {
        fake.demand = {};
        fake.memoryDemand = fake.unreclaimable = {};
        fake.stalled.cpuSome = Percent{0};
        fake.usageKnown = fake.cpuMaxKnown = true;
    }
    node.otherUsage = {};
    node.otherMemory = {};
    node.cpuKnown = node.canCloseNode = node.canEvict = true;
    node.nodeRefuses = false;
    node.closure->changing = false;
}

TEST(EveryClosure, of_ours_is_opened_in_the_end_when_the_load_has_fallen) {
    int opened = 0;
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        RandomNode random(seed);
        auto node = random.makeWithCluster();
        for (int tick = 0; tick < kTicks; ++tick) {
            node.tick();
            random.disturb(node);
            random.disturbCluster(node);
        }
        calmDown(node);
        const auto before = node.closure->state;
        node.ticks(45); // cool-downs are up to 5 s, and a failure is waited out up to 30 s
        ASSERT_NE(node.closure->state, Closure::ours) << "seed " << seed;
        ASSERT_EQ(node.closure->state == Closure::foreigns, before == Closure::foreigns)
            << "seed " << seed;
        opened += before == Closure::ours ? 1 : 0;
    }
    EXPECT_GT(opened, kCases / 20) << "else nothing is shown here";
}

TEST(EveryClosure, does_not_swing_under_a_load_that_stays_as_it_is) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        auto node = RandomNode(seed).makeWithCluster();
        int openings = 0;
        for (int tick = 0; tick < 60; ++tick) {
            node.tick();
            openings += static_cast<int>(node.steps(StepKind::openNode).size());
        }
        ASSERT_LE(openings, 2) << "seed " << seed;
    }
}

} // namespace
} // namespace plimsoll::analyzer
