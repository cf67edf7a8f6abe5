// SPDX-License-Identifier: Apache-2.0
#include "decoding.hpp"

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Row {
    std::string line;
    std::string reason;
};

TEST(AvoidanceAction, refuses_every_bad_field_with_its_place) {
    for (const auto& row : std::vector<Row>{
             {"coolDownSeconds: 0", "coolDownSeconds: must be from 1 to 2147483647, not 0"},
             {"coolDownSeconds: -300", "coolDownSeconds: must be from 1 to 2147483647, not -300"},
             {"coolDownSeconds: 5m",
              "coolDownSeconds: must be a whole number, not the string '5m'"},
             {"description: 5",
              "description: must be a string, and unquoted '5' is a whole number; write it in "
              "quotes"},
             {"description: " + std::string(1025, 'x'),
              "description: is longer than 1024 characters"},
             {"throttle: hard", "throttle: must be a map, not the string 'hard'"},
             {"throttle: {cpuThrottle: {minCPURatio: 101, stepCPURatio: 1}}",
              "throttle.cpuThrottle.minCPURatio: must be from 0 to 100, not 101"},
             {"throttle: {cpuThrottle: {stepCPURatio: -1}}",
              "throttle.cpuThrottle.stepCPURatio: must be from 0 to 100, not -1"},
             {"throttle: {cpuThrottle: {stepCPURatio: 10%}}",
              "throttle.cpuThrottle.stepCPURatio: must be a whole number, not the string '10%'"},
             {"throttle: {cpuThrottle: [1]}", "throttle.cpuThrottle: must be a map, not a list"},
             {"throttle: {memoryThrottle: yes}",
              "throttle.memoryThrottle: must be a map, not 'yes'"},
             {"throttle: {memoryThrottle: {forceGC: 1}}",
              "throttle.memoryThrottle.forceGC: must be true or false, not '1'"},
             {"throttle: {memoryThrottle: {minMemoryRatio: 101, stepMemoryRatio: 1}}",
              "throttle.memoryThrottle.minMemoryRatio: must be from 0 to 100, not 101"},
             {"throttle: {memoryThrottle: {stepMemoryRatio: -1}}",
              "throttle.memoryThrottle.stepMemoryRatio: must be from 0 to 100, not -1"},
             {"eviction: now", "eviction: must be a map, not the string 'now'"},
             {"eviction: {terminationGracePeriodSeconds: -1}",
              "eviction.terminationGracePeriodSeconds: must be from 0 to 2147483647, not -1"},
         }) {
        const PolicySet set = decode(actionWith(row.line));
        EXPECT_THAT(told(set), ElementsAre("error a.yaml:5: AvoidanceAction/a: spec." + row.reason))
            << row.line;
        EXPECT_THAT(set.actions, IsEmpty()) << row.line;
    }
}

TEST(AvoidanceAction, its_name_is_one_that_rules_can_refer_to) {
    EXPECT_THAT(
        refusalsOf("apiVersion: ensurance.crane.io/v1alpha1\nkind: AvoidanceAction\n"
                   "metadata: {name: a.b}\nspec: {}\n"),
        ElementsAre("error a.yaml:3: AvoidanceAction/a.b: metadata.name: must be lower-case "
                    "letters, digits and '-', starting and ending with a letter or digit, at "
                    "most 63"));
}

TEST(AvoidanceAction, with_nothing_in_it_disables_scheduling) {
    const PolicySet set = decode(actionWith("description: keep new pods away"));
    EXPECT_THAT(told(set), IsEmpty());
    ASSERT_EQ(set.actions.size(), 1U);
    EXPECT_TRUE(set.actions[0].disablesScheduling());
    EXPECT_EQ(set.actions[0].coolDown, std::chrono::seconds(300)) << "the default of the CRD";
    EXPECT_EQ(set.actions[0].description, "keep new pods away");
    EXPECT_EQ(set.actions[0].origin, "a.yaml:1");
}

TEST(AvoidanceAction, may_throttle_and_evict) {
    const PolicySet set = decode(actionWith(
        "{coolDownSeconds: 60, throttle: {cpuThrottle: {minCPURatio: 10, stepCPURatio: 20}}, "
        "eviction: {terminationGracePeriodSeconds: 0}}"));
    EXPECT_THAT(told(set), IsEmpty());
    const AvoidanceAction& action = set.actions.at(0);
    EXPECT_EQ(action.coolDown, std::chrono::seconds(60));
    EXPECT_EQ(action.cpuThrottle, (CpuThrottle{10, 20}));
    EXPECT_EQ(action.eviction, Eviction{std::chrono::seconds(0)});
    EXPECT_EQ(decode(actionWith("eviction: {}")).actions.at(0).eviction, Eviction{});
}

TEST(AvoidanceAction, says_when_a_throttle_has_no_step) {
    const PolicySet set = decode(actionWith("throttle: {cpuThrottle: {minCPURatio: 10}}"));
    EXPECT_THAT(told(set),
                ElementsAre("warning a.yaml:5: AvoidanceAction/a: "
                            "spec.throttle.cpuThrottle.stepCPURatio: no step: this throttle never "
                            "changes anything"));
    EXPECT_EQ(set.actions.at(0).cpuThrottle, (CpuThrottle{10, 0}));
}

TEST(AvoidanceAction, says_when_a_memory_throttle_does_nothing) {
    for (const auto* nothing : {"{}", "{forceGC: false}", "{minMemoryRatio: 50}",
                                "{forceGC: false, stepMemoryRatio: 0}"}) {
        const PolicySet set =
            decode(actionWith("throttle: {memoryThrottle: " + std::string(nothing) + "}"));
        EXPECT_THAT(told(set), ElementsAre("warning a.yaml:5: AvoidanceAction/a: "
                                           "spec.throttle.memoryThrottle: neither forceGC nor "
                                           "stepMemoryRatio: this throttle never changes anything"))
            << nothing;
        ASSERT_FALSE(set.actions.empty()) << nothing;
        EXPECT_FALSE(set.actions[0].disablesScheduling()) << nothing;
    }
}

TEST(AvoidanceAction, memory_is_reclaimed_or_held_down_or_both) {
    for (const auto& [text, expected] : std::vector<std::pair<std::string, MemoryThrottle>>{
             {"{forceGC: yes}", {.forceGc = true}},
             {"{stepMemoryRatio: 10}", {.stepMemoryRatio = 10}},
             {"{forceGC: true, minMemoryRatio: 100, stepMemoryRatio: 100}",
              {.forceGc = true, .minMemoryRatio = 100, .stepMemoryRatio = 100}}}) {
        const PolicySet set = decode(actionWith("throttle: {memoryThrottle: " + text + "}"));
        EXPECT_THAT(told(set), IsEmpty()) << text;
        EXPECT_EQ(set.actions.at(0).memoryThrottle, expected) << text;
    }
}

} // namespace
} // namespace plimsoll::kube
