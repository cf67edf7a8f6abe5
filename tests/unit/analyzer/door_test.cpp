// SPDX-License-Identifier: Apache-2.0
// When the node is closed for new pods, when it is opened again, and when neither.
#include "tests/unit/analyzer/fake_node.hpp"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::analyzer {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using testing::HasSubstr;
using Closure = NodeClosure::State;
using Keys = std::vector<RuleKey>;

const Keys kCpu{{"node", "cpu"}};

/// One rule whose action is to close the node, with a cool-down of 5 s; the node is open.
FakeNode closing(const test::RuleSpec& spec = {}) {
    auto node = FakeNode::withRule(spec);
    node.action().cpuThrottle.reset();
    node.action().coolDown = 5s;
    node.canCloseNode = true;
    node.closure = NodeClosure{.state = Closure::open};
    return node;
}

void load(FakeNode& node, double usage) {
    node.otherUsage = Millicores{usage};
}

bool isOpened(const FakeNode& node) {
    return !node.steps(StepKind::openNode).empty();
}

VerdictKind verdict(const FakeNode& node, std::size_t rule = 0) {
    return node.decision.rules.at(rule).verdict.kind;
}

TEST(Door, closes_an_open_node_once_while_the_rule_acts) {
    auto node = closing();
    load(node, 7000);
    node.tick();
    const auto steps = node.steps(StepKind::closeNode);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0]->causes, kCpu);
    EXPECT_EQ(steps[0]->lever, Lever::scheduling);
    EXPECT_EQ(steps[0]->pod, nullptr);
    EXPECT_EQ(steps[0]->reason, "node/cpu: cpu_total_usage 7000 above 6000");
    for (int i = 0; i < 5; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << "all its causes stand in the mark";
    }
}

TEST(Door, opens_when_the_cool_down_is_over_and_the_rule_rests_only_then) {
    auto node = closing();
    load(node, 7000);
    node.tick();
    load(node, 1000);
    for (int i = 0; i < 5; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << i;
        ASSERT_EQ(verdict(node), VerdictKind::coolingDown);
    }
    node.tick();
    const auto steps = node.steps(StepKind::openNode);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0]->causes, kCpu);
    EXPECT_EQ(steps[0]->lever, Lever::scheduling);
    EXPECT_EQ(steps[0]->reason, "cool-down is over: node/cpu");
    EXPECT_EQ(verdict(node), VerdictKind::coolingDown);
    node.tick();
    EXPECT_EQ(verdict(node), VerdictKind::idle);
    EXPECT_TRUE(node.decision.plan.empty());
}

struct NoStep {
    const char* why;
    std::optional<NodeClosure> closure;
};

TEST(Door, is_left_alone_by_a_rule_that_acts_when) {
    const NoStep cases[] = {
        {"nothing is known of the node", std::nullopt},
        {"the Node object is unknown", NodeClosure{}},
        {"it is closed for this rule", NodeClosure{.state = Closure::ours, .causes = kCpu}},
        {"somebody else has closed it", NodeClosure{.state = Closure::foreigns}},
        {"it is being closed", NodeClosure{.state = Closure::open, .changing = true}},
        {"it is being opened", NodeClosure{.state = Closure::ours, .changing = true}},
    };
    for (const auto& each : cases) {
        auto node = closing();
        load(node, 7000);
        node.closure = each.closure;
        node.ticks(2);
        EXPECT_EQ(verdict(node), VerdictKind::avoiding);
        EXPECT_TRUE(node.decision.plan.empty()) << each.why;
    }
}

TEST(Door, that_somebody_else_has_closed_is_never_opened_and_the_rule_says_so) {
    auto node = closing();
    node.closure = NodeClosure{.state = Closure::foreigns};
    node.tick();
    EXPECT_EQ(node.decision.rules[0].trouble, "") << "nobody wants to close it";
    load(node, 7000);
    node.tick();
    EXPECT_THAT(node.decision.rules[0].trouble, HasSubstr("somebody else has closed the node"));
    load(node, 1000);
    for (int i = 0; i < 20; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty());
    }
    EXPECT_EQ(verdict(node), VerdictKind::idle) << "it holds nothing";
    EXPECT_EQ(node.decision.rules[0].trouble, "");
}

TEST(Door, a_second_rule_is_added_to_the_mark_and_both_have_to_cool_down) {
    auto node = closing({.watermark = 6000});
    node.addRule({.name = "low", .watermark = 3000});
    load(node, 5000);
    node.tick();
    EXPECT_EQ(node.closure->causes, (Keys{{"node", "low"}}));
    load(node, 7000);
    node.tick();
    const auto steps = node.steps(StepKind::closeNode);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0]->causes, (Keys{{"node", "cpu"}, {"node", "low"}}));
    EXPECT_THAT(steps[0]->reason, HasSubstr("node/cpu: cpu_total_usage 7000 above 6000"));
    EXPECT_THAT(steps[0]->reason, HasSubstr("closed already"));
    load(node, 5000);
    for (int i = 0; i < 20; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << "'low' is above its watermark still";
    }
    EXPECT_EQ(verdict(node, 0), VerdictKind::coolingDown) << "the node is not open yet";
    load(node, 1000);
    node.ticks(5);
    EXPECT_FALSE(isOpened(node));
    node.tick();
    EXPECT_TRUE(isOpened(node));
}

TEST(Door, stays_closed_for_a_rule_that_the_mark_could_not_name) {
    auto node = closing({.watermark = 6000});
    node.action().coolDown = 20s;
    node.addAction({.name = "short", .coolDown = 2s});
    node.addRule({.name = "low", .watermark = 3000, .action = "short"});
    load(node, 5000);
    node.tick();
    node.canCloseNode = false;
    load(node, 7000);
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty()) << "it is closed, whatever the mark says";
    node.canCloseNode = true;
    load(node, 1000);
    for (int i = 0; i < 20; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << i;
    }
    node.tick();
    EXPECT_TRUE(isOpened(node));
}

TEST(Door, nothing_moves_while_the_metric_of_a_rule_that_holds_it_is_unknown) {
    auto node = closing();
    load(node, 7000);
    node.tick();
    node.cpuKnown = false;
    for (int i = 0; i < 30; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty());
    }
    node.cpuKnown = true;
    load(node, 1000);
    node.tick();
    EXPECT_TRUE(isOpened(node)) << "30 s have passed since the last hit";
}

struct Gone {
    const char* how;
    std::function<void(FakeNode&)> change;
};

TEST(Door, is_opened_at_once_when_no_policy_holds_it_any_more) {
    const Gone cases[] = {
        {"removed", [](FakeNode& node) { node.policy.nodeQos.clear(); }},
        {"changed", [](FakeNode& node) { node.rule().watermark = 9000; }},
        {"a preview by now", [](FakeNode& node) { node.rule().strategy = Strategy::preview; }},
        {"invalid", [](FakeNode& node) { node.rule().actionName = "nothing"; }},
        {"throttles by now", [](FakeNode& node) { node.action().cpuThrottle.emplace(); }},
    };
    for (const auto& each : cases) {
        auto node = closing();
        load(node, 7000);
        node.ticks(2);
        load(node, 6500);
        each.change(node);
        node.recompile();
        node.tick();
        const auto steps = node.steps(StepKind::openNode);
        ASSERT_EQ(steps.size(), 1U) << each.how;
        EXPECT_EQ(steps[0]->causes, kCpu);
        EXPECT_EQ(steps[0]->reason, "removed, changed or only a preview by now: node/cpu");
        node.tick();
        EXPECT_TRUE(node.steps(StepKind::closeNode).empty()) << each.how;
    }
}

TEST(Door, a_changed_rule_that_acts_at_once_keeps_it_closed) {
    auto node = closing();
    load(node, 7000);
    node.ticks(2);
    node.rule().watermark = 5000;
    node.recompile();
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty()) << "it stands in the mark, by the same name";
    load(node, 1000);
    node.ticks(6);
    EXPECT_TRUE(isOpened(node));
}

TEST(Door, what_an_earlier_run_closed_waits_for_its_cool_down_again) {
    auto node = closing();
    node.closure = NodeClosure{.state = Closure::ours, .causes = kCpu};
    node.tick();
    EXPECT_EQ(verdict(node), VerdictKind::coolingDown);
    node.ticks(4);
    EXPECT_FALSE(isOpened(node));
    node.ticks(2);
    EXPECT_TRUE(isOpened(node));
    EXPECT_EQ(node.closure->state, Closure::open);
    node.ticks(2);
    EXPECT_EQ(verdict(node), VerdictKind::idle);
}

TEST(Door, what_an_earlier_run_closed_is_not_opened_on_an_unknown_metric) {
    auto node = closing();
    node.closure = NodeClosure{.state = Closure::ours, .causes = kCpu};
    node.cpuKnown = false;
    node.ticks(30);
    EXPECT_EQ(node.closure->state, Closure::ours);
    node.cpuKnown = true;
    node.tick();
    EXPECT_TRUE(isOpened(node));
}

TEST(Door, what_an_earlier_run_closed_for_rules_that_are_gone_is_opened_at_once) {
    auto node = closing();
    for (const auto& causes : {Keys{}, Keys{{"old", "rule"}}}) {
        node.closure = NodeClosure{.state = Closure::ours, .causes = causes};
        node.tick();
        EXPECT_TRUE(isOpened(node));
    }
    EXPECT_THAT(node.steps(StepKind::openNode).at(0)->reason, HasSubstr("old/rule"));
}

TEST(Door, that_somebody_opened_is_not_closed_again_in_the_same_episode) {
    auto node = closing();
    load(node, 7000);
    node.ticks(2);
    node.closure = NodeClosure{.state = Closure::open}; // a human
    for (int i = 0; i < 10; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty());
    }
    EXPECT_THAT(node.decision.rules[0].trouble, HasSubstr("somebody opened the node"));
    load(node, 1000);
    node.ticks(2);
    load(node, 7000);
    node.tick();
    EXPECT_TRUE(node.decision.plan.empty()) << "it had not cooled down";
    load(node, 1000);
    node.ticks(7);
    EXPECT_EQ(verdict(node), VerdictKind::idle);
    load(node, 7000);
    node.tick();
    EXPECT_EQ(node.steps(StepKind::closeNode).size(), 1U) << "a new episode";
    node.tick();
    EXPECT_EQ(node.decision.rules[0].trouble, "");
}

TEST(Door, that_somebody_took_over_and_opened_is_not_closed_again_either) {
    auto node = closing();
    load(node, 7000);
    node.ticks(2);
    node.closure = NodeClosure{.state = Closure::foreigns};
    node.ticks(2);
    node.closure = NodeClosure{.state = Closure::open};
    node.ticks(5);
    EXPECT_EQ(node.closure->state, Closure::open);
}

TEST(Door, our_own_opening_is_no_humans_decision) {
    auto node = closing();
    load(node, 7000);
    node.tick();
    load(node, 1000);
    const auto& opening = node.ticks(6);
    ASSERT_EQ(opening.plan.steps.at(0).kind, StepKind::openNode);
    node.closure = NodeClosure{.state = Closure::ours, .causes = kCpu, .changing = true};
    load(node, 7000); // before the API server has answered
    node.ticks(3);
    EXPECT_TRUE(node.decision.plan.empty());
    node.closure = NodeClosure{.state = Closure::open};
    node.tick();
    EXPECT_EQ(node.steps(StepKind::closeNode).size(), 1U);
}

TEST(Door, a_step_that_failed_is_tried_again_after_a_while) {
    auto node = closing();
    node.nodeRefuses = true;
    load(node, 7000);
    node.tick();
    for (int i = 0; i < 10; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << i;
    }
    node.retryAfter = 20s;
    node.tick();
    ASSERT_EQ(node.steps(StepKind::closeNode).size(), 1U);
    for (int i = 0; i < 20; ++i) {
        node.tick();
        ASSERT_TRUE(node.decision.plan.empty()) << i;
    }
    node.nodeRefuses = false;
    node.tick();
    EXPECT_EQ(node.closure->state, Closure::ours);
}

TEST(Door, opening_that_failed_is_tried_again_until_it_is_open) {
    auto node = closing();
    load(node, 7000);
    node.tick();
    node.nodeRefuses = true;
    load(node, 1000);
    node.ticks(6);
    ASSERT_TRUE(isOpened(node));
    node.ticks(5);
    EXPECT_EQ(verdict(node), VerdictKind::coolingDown) << "the node is closed still";
    node.nodeRefuses = false;
    node.ticks(7);
    EXPECT_EQ(node.closure->state, Closure::open);
    EXPECT_EQ(verdict(node), VerdictKind::idle);
}

TEST(Door, without_an_api_server_opening_is_shown_and_done_when_it_is_back) {
    auto node = closing();
    load(node, 7000);
    node.tick();
    node.canCloseNode = false;
    load(node, 1000);
    node.tick();
    EXPECT_EQ(node.decision.rules[0].trouble,
              "the node stays closed for new pods: there is no connection to the API server");
    node.ticks(10);
    const auto shown = node.steps(StepKind::openNode, Disposition::unavailable);
    ASSERT_EQ(shown.size(), 1U);
    EXPECT_EQ(shown[0]->reason, "cool-down is over: node/cpu; unavailable: there is no connection "
                                "to the API server");
    node.canCloseNode = true;
    node.tick();
    EXPECT_TRUE(isOpened(node));
}

TEST(Door, credentials_that_may_not_are_another_trouble_than_no_connection) {
    auto node = closing();
    node.canCloseNode = false;
    load(node, 7000);
    node.tick();
    EXPECT_THAT(node.decision.rules[0].trouble, HasSubstr("no connection"));
    node.tick();
    EXPECT_FALSE(node.decision.rulesChanged);
    node.whyNotClose = "the credentials may not change the Node object";
    node.tick();
    EXPECT_TRUE(node.decision.rulesChanged);
    EXPECT_EQ(node.decision.rules[0].trouble, "the node stays open for new pods: the credentials "
                                              "may not change the Node object");
    EXPECT_THAT(node.steps(StepKind::closeNode, Disposition::unavailable).at(0)->reason,
                HasSubstr("unavailable: the credentials may not change"));
}

TEST(Door, a_preview_is_shown_whatever_the_node_is_and_holds_nothing) {
    auto node = closing({.strategy = Strategy::preview});
    load(node, 7000);
    for (const auto state : {Closure::unknown, Closure::open, Closure::foreigns}) {
        node.closure = NodeClosure{.state = state};
        node.tick();
        EXPECT_EQ(node.steps(StepKind::closeNode, Disposition::preview).size(), 1U);
        EXPECT_EQ(node.decision.plan.steps.size(), 1U);
    }
    load(node, 1000);
    node.ticks(7);
    EXPECT_EQ(verdict(node), VerdictKind::idle);
}

} // namespace
} // namespace plimsoll::analyzer
