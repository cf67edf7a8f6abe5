// SPDX-License-Identifier: Apache-2.0
// The loop closed: steps change what pods use, what they use decides the next steps.
#include "tests/unit/analyzer/fake_node.hpp"
#include "tests/unit/analyzer/random_node.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

namespace plimsoll::analyzer {
namespace {

using test::FakeNode;
using test::RandomNode;

constexpr int kCases = 150;
/// From one percent of a core to 16 cores at one percent a step takes some 460 steps (at least a
/// percent each), and pods may have to wait for one another.
constexpr int kLongEnough = 3000;

/// Ticks until nothing was done for `quiet` ticks; the ticks it took, or the limit.
int settle(FakeNode& node, int limit, int quiet) {
    int still = 0;
    for (int i = 0; i < limit; ++i) {
        still = node.tick().plan.empty() ? still + 1 : 0;
        if (still == quiet) {
            return i;
        }
    }
    return limit;
}

void makeReadable(FakeNode& node) {
    for (auto& fake : node.pods) {
        fake.usageKnown = fake.cpuMaxKnown = true;
    }
    // A preview never comes to rest while its watermark is crossed: it says the same every tick.
    std::erase_if(node.policy.nodeQos[0].rules,
                  [](const Rule& rule) { return rule.strategy == Strategy::preview; });
    node.recompile();
}

TEST(ClosedLoop, settles_on_a_flat_load_without_oscillating) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        auto node = RandomNode(seed).make();
        makeReadable(node);
        ASSERT_LT(settle(node, kLongEnough, 100), kLongEnough) << "seed " << seed;
    }
}

TEST(ClosedLoop, puts_every_baseline_back_once_the_load_is_gone) {
    for (std::int64_t seed = 0; seed < kCases; ++seed) {
        RandomNode random(seed);
        auto node = random.make();
        makeReadable(node);
        std::map<std::string, CpuMax> before;
        for (const auto& fake : node.pods) {
            before[fake.pod.name] = fake.cpuMax;
        }
        for (int i = 0; i < 60; ++i) {
            node.tick();
            auto& any = node.pods;
            if (!any.empty() && random.below(4) == 0) {
                any[static_cast<std::size_t>(random.below(static_cast<int>(any.size())))].demand =
                    Millicores{static_cast<double>(random.below(4000))};
            }
        }
        for (auto& fake : node.pods) {
            fake.demand = Millicores{1};
        }
        node.otherUsage = {};
        ASSERT_LT(settle(node, kLongEnough, 50), kLongEnough) << "seed " << seed;
        ASSERT_TRUE(node.held.empty()) << "seed " << seed;
        for (const auto& fake : node.pods) {
            ASSERT_EQ(fake.cpuMax, before[fake.pod.name]) << "seed " << seed;
        }
        for (const auto& status : node.decision.rules) {
            ASSERT_EQ(status.verdict.kind, VerdictKind::idle) << "seed " << seed;
        }
    }
}

TEST(ClosedLoop, brings_the_node_below_the_watermark_when_the_candidates_can) {
    auto node = FakeNode::withRule({.watermark = 4000});
    node.otherUsage = Millicores{2000};
    node.add("a", 2500);
    node.add("b", 2500);
    settle(node, 500, 20);
    EXPECT_LE(node.usage(), Millicores{4000});
    EXPECT_GT(node.usage(), Millicores{3980}) << "and gives back what it need not hold";
}

std::string show(const CpuMax& value) {
    return value.quota ? formatCpuMax(value) : "max";
}

TEST(ClosedLoop, a_busy_minute_reads_like_this) {
    auto node = FakeNode::withRule({.watermark = 3000, .avoidance = 2, .restore = 2});
    node.interval = std::chrono::seconds(10);
    node.action().coolDown = std::chrono::seconds(30);
    node.action().cpuThrottle = CpuThrottle{.minCpuRatio = 10, .stepCpuRatio = 40};
    node.cpus = 4;
    node.otherUsage = Millicores{1000};
    node.add("web", 500).pod.labels.clear();
    node.add("batch", 500);
    std::string timeline;
    for (int i = 0; i < 13; ++i) {
        node.find("batch").demand = Millicores{i >= 1 && i < 6 ? 2500.0 : 500.0};
        const auto value = node.usage();
        node.tick();
        timeline += std::to_string(std::lround(value.value)) + " " +
                    node.decision.rules[0].verdict.text() + " " + show(node.find("batch").cpuMax) +
                    "\n";
    }
    EXPECT_EQ(timeline, "2000 idle max\n"
                        "4000 rising 1/2 max\n"
                        "4000 avoiding 150000 100000\n"
                        "3000 recovering 1/2 150000 100000\n"
                        "3000 cooling-down 150000 100000\n"
                        "3000 cooling-down 150000 100000\n"
                        "2000 cooling-down 210000 100000\n"
                        "2000 cooling-down 294000 100000\n"
                        "2000 cooling-down max\n"
                        "2000 idle max\n"
                        "2000 idle max\n"
                        "2000 idle max\n"
                        "2000 idle max\n");
}

} // namespace
} // namespace plimsoll::analyzer
