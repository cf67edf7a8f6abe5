// SPDX-License-Identifier: Apache-2.0
#include "decoding.hpp"

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Row {
    std::string rule;
    std::string reason; ///< of the one error; after "error a.yaml:6: NodeQOS/nq: spec.rules[0]"
};

std::string rule(const std::string& field, const std::string& value) {
    std::string result = "{";
    const auto add = [&](const std::string& name, const std::string& standard) {
        const std::string& chosen = name == field ? value : standard;
        if (!chosen.empty()) {
            result += (result.size() > 1 ? ", " : "") + name + ": " + chosen;
        }
    };
    add("name", "r");
    add("actionName", "a");
    add("metricRule", "{name: m, value: 1}");
    add("avoidanceThreshold", "");
    add("restoreThreshold", "");
    add("strategy", "");
    return result + "}";
}

std::string valued(const std::string& value) {
    return rule("metricRule", "{name: m, value: " + value + "}");
}

const std::string kLabel =
    "must be lower-case letters, digits and '-', starting and ending with a letter or digit, at "
    "most 63";
const std::string kQuantity =
    "must be a quantity such as 4000, \"80.5\", \"500m\" or \"2Gi\", not ";

TEST(NodeQosRule, refuses_every_bad_field_with_its_place) {
    for (const auto& row : std::vector<Row>{
             {rule("name", ""), ".name: is missing: the name of the rule"},
             {rule("name", "''"), ".name: is missing: the name of the rule"},
             {rule("name", "aaa.bbb"), ".name: " + kLabel},
             {rule("name", "ext_cpu"), ".name: " + kLabel},
             {rule("name", "-a"), ".name: " + kLabel},
             {rule("name", "5"),
              ".name: must be a string, and unquoted '5' is a whole number; write it in quotes"},
             {rule("actionName", ""),
              ".actionName: is missing: the metadata.name of an AvoidanceAction"},
             {rule("actionName", "eviction.aa"),
              ".actionName: must be the name of an AvoidanceAction: " + kLabel.substr(8)},
             {rule("metricRule", ""), ".metricRule: is missing: the metric and its watermark"},
             {rule("metricRule", "null"), ".metricRule: is missing: the metric and its watermark"},
             {rule("metricRule", "cpu"), ".metricRule: must be a map, not the string 'cpu'"},
             {rule("metricRule", "{value: 1}"),
              ".metricRule.name: is missing: the name of the metric"},
             {rule("metricRule", "{name: m}"),
              ".metricRule.value: is missing: the watermark, greater than 0"},
             {valued("0"), ".metricRule.value: must be greater than 0"},
             {valued("-1"), ".metricRule.value: must be greater than 0"},
             {valued("\"-500m\""), ".metricRule.value: must be greater than 0"},
             {valued(".nan"), ".metricRule.value: must be a finite number, not '.nan'"},
             {valued(".inf"), ".metricRule.value: must be a finite number, not '.inf'"},
             {valued("NaN"),
              ".metricRule.value: " + kQuantity + "'NaN': it does not begin with a number"},
             {valued("much"),
              ".metricRule.value: " + kQuantity + "'much': it does not begin with a number"},
             {valued("\"\""), ".metricRule.value: " + kQuantity + "'': it is empty"},
             {valued("\"1 Gi\""),
              ".metricRule.value: " + kQuantity + "'1 Gi': there is no space in a quantity"},
             {valued("\"0x10\""),
              ".metricRule.value: " + kQuantity + "'0x10': quantities are decimal"},
             {valued("true"), ".metricRule.value: must be a quantity, not 'true'"},
             {valued("[1]"), ".metricRule.value: must be a quantity, not a list"},
             {rule("avoidanceThreshold", "0"),
              ".avoidanceThreshold: must be from 1 to 100000, not 0"},
             {rule("avoidanceThreshold", "-1"),
              ".avoidanceThreshold: must be from 1 to 100000, not -1"},
             {rule("avoidanceThreshold", "4294967298"),
              ".avoidanceThreshold: must be from 1 to 100000, not 4294967298"},
             {rule("avoidanceThreshold", "'2'"),
              ".avoidanceThreshold: must be a whole number, not the string '2'"},
             {rule("avoidanceThreshold", "1.5"),
              ".avoidanceThreshold: must be a whole number, not '1.5'"},
             {rule("restoreThreshold", "0"), ".restoreThreshold: must be from 1 to 100000, not 0"},
             {rule("strategy", "preview"), ".strategy: must be None or Preview"},
             {rule("strategy", "no"),
              ".strategy: must be a string, and unquoted 'no' is a boolean; write it in quotes"},
             {rule("restoreThreshold", "2, restoredThreshold: 3"),
              ".restoredThreshold: contradicts restoreThreshold, which is the standard name of the "
              "same field"},
             {"just words", ": must be a map, not the string 'just words'"},
             {"null", ": is missing: a rule"},
         }) {
        const PolicySet set = decode(nodeQosWithRule(row.rule));
        EXPECT_THAT(told(set),
                    ElementsAre("error a.yaml:6: NodeQOS/nq: spec.rules[0]" + row.reason))
            << row.rule;
        EXPECT_THAT(set.nodeQos, IsEmpty()) << row.rule;
    }
}

TEST(NodeQosRule, accepts_values_as_number_or_string_without_rounding) {
    for (const auto& [text, value] :
         std::vector<std::pair<std::string, double>>{{"6000", 6000},
                                                     {"\"90\"", 90},
                                                     {"\"80.5\"", 80.5},
                                                     {"80.5", 80.5},
                                                     {"\"500m\"", 0.5},
                                                     {"500m", 0.5},
                                                     {"2Gi", 2147483648.0},
                                                     {"1e3", 1000},
                                                     {"\".5\"", 0.5},
                                                     {"\"5.\"", 5}}) {
        const PolicySet set = decode(nodeQosWithRule(valued(text)));
        EXPECT_THAT(told(set), IsEmpty()) << text;
        ASSERT_EQ(set.nodeQos.size(), 1U) << text;
        EXPECT_EQ(set.nodeQos[0].rules[0].watermark, value) << text;
    }
}

std::string measuring(const std::string& metric) {
    return nodeQosWithRule(rule("metricRule", "{name: '" + metric + "', value: 1}"));
}

TEST(NodeQosRule, refuses_what_no_metric_can_be_called) {
    for (const auto& metric :
         {std::string("1m"), std::string("-m"), std::string(".m"), std::string("a b"),
          std::string("a{b}"), std::string("a/b"), std::string("größe"), std::string(254, 'm')}) {
        EXPECT_THAT(refusalsOf(measuring(metric)),
                    ElementsAre("error a.yaml:6: NodeQOS/nq: spec.rules[0].metricRule.name: must "
                                "be the name of a metric: letters, digits, '_', ':', '.' and '-', "
                                "beginning with none of the digits, '.' and '-', at most 253"))
            << metric;
    }
}

TEST(NodeQosRule, does_not_judge_the_metric) {
    for (const auto& metric :
         {std::string("not_support_metircs"), std::string("_m"), std::string(":a:b"),
          std::string("Latency.p99-web"), std::string(253, 'm')}) {
        const PolicySet set = decode(measuring(metric));
        EXPECT_THAT(told(set), IsEmpty()) << metric;
        EXPECT_EQ(set.nodeQos.at(0).rules.at(0).metric, metric);
    }
}

TEST(NodeQosRule, has_the_defaults_of_the_crd) {
    const PolicySet set = decode(nodeQosWithRule(rule("", "")));
    const Rule& decoded = set.nodeQos.at(0).rules.at(0);
    EXPECT_EQ(decoded.avoidanceThreshold, 1U);
    EXPECT_EQ(decoded.restoreThreshold, 1U);
    EXPECT_EQ(decoded.strategy, Strategy::none);
    EXPECT_EQ(decoded.seriesSelector, std::nullopt);
    EXPECT_EQ(set.nodeQos[0].localCacheTtl, std::chrono::seconds(60));
    EXPECT_EQ(set.nodeQos[0].origin, "a.yaml:1");
}

TEST(NodeQosRule, takes_the_other_spelling_and_names_the_standard_one) {
    for (const auto* both : {"2", "2, restoreThreshold: 2"}) {
        const PolicySet set = decode(
            nodeQosWithRule(rule("strategy", "None, restoredThreshold: " + std::string(both))));
        EXPECT_THAT(
            told(set),
            ElementsAre("warning a.yaml:6: NodeQOS/nq: spec.rules[0].restoredThreshold: the "
                        "standard name of this field is restoreThreshold; an API server "
                        "with Crane's definitions drops this one and counts 1"));
        EXPECT_EQ(set.nodeQos.at(0).rules.at(0).restoreThreshold, 2U);
    }
}

TEST(NodeQosRule, suggests_the_field_that_was_meant) {
    EXPECT_THAT(
        refusalsOf(nodeQosWithRule(rule("strategy", "None, restoredThreshhold: 2"))),
        ElementsAre("warning a.yaml:6: NodeQOS/nq: spec.rules[0].restoredThreshhold: unknown "
                    "field 'restoredThreshhold', did you mean 'restoredThreshold'?"));
    EXPECT_THAT(refusalsOf(nodeQosWithRule(rule("strategy", "None, colour: 2"))),
                ElementsAre("warning a.yaml:6: NodeQOS/nq: spec.rules[0].colour: unknown field "
                            "'colour' is ignored"));
}

TEST(NodeQosRule, names_are_unique) {
    EXPECT_THAT(
        refusalsOf(nodeQosWithRule(rule("", "") + "\n  - " + rule("", ""))),
        ElementsAre("error a.yaml:7: NodeQOS/nq: spec.rules[1].name: is the name of the rule "
                    "on line 6 already"));
}

TEST(NodeQosRule, reports_all_that_is_wrong_at_once) {
    EXPECT_THAT(refusalsOf(nodeQosWithRule("{name: A, avoidanceThreshold: 0}")).size(), 4U);
}

TEST(NodeQosRule, several_lines_are_counted_one_by_one) {
    EXPECT_THAT(
        refusalsOf("# a comment\napiVersion: ensurance.crane.io/v1alpha1\nkind: NodeQOS\n"
                   "metadata:\n  name: nq\nspec:\n  rules:\n  - name: r\n    actionName: a\n"
                   "    metricRule:\n      name: cpu_total_usage\n      value: -4000\n"),
        ElementsAre("error a.yaml:12: NodeQOS/nq: spec.rules[0].metricRule.value: must be "
                    "greater than 0"));
}

TEST(NodeQos, needs_rules) {
    const std::string head = "apiVersion: ensurance.crane.io/v1alpha1\nkind: NodeQOS\n"
                             "metadata: {name: nq}\n";
    EXPECT_THAT(refusalsOf(head),
                ElementsAre("error a.yaml:1: NodeQOS/nq: spec: is missing: the rules"));
    EXPECT_THAT(
        refusalsOf(head + "spec: {}\n"),
        ElementsAre("error a.yaml:4: NodeQOS/nq: spec.rules: is missing: at least one rule"));
    EXPECT_THAT(
        refusalsOf(head + "spec:\n  rules: []\n"),
        ElementsAre("error a.yaml:5: NodeQOS/nq: spec.rules: is missing: at least one rule"));
    EXPECT_THAT(refusalsOf(head + "spec:\n  rules: {}\n"),
                ElementsAre("error a.yaml:5: NodeQOS/nq: spec.rules: must be a list, not a map"));
}

TEST(NodeQos, a_probe_is_exactly_one_of_two) {
    const std::string place = "error a.yaml:5: NodeQOS/nq: spec.nodeQualityProbe";
    EXPECT_THAT(refusalsOf(nodeQosWith("nodeQualityProbe: {}")),
                ElementsAre(place + ": needs nodeLocalGet or httpGet"));
    EXPECT_THAT(refusalsOf(nodeQosWith("nodeQualityProbe: {nodeLocalGet: {}, httpGet: {port: 1}}")),
                ElementsAre(place + ": nodeLocalGet and httpGet exclude each other"));
    EXPECT_THAT(refusalsOf(nodeQosWith("nodeQualityProbe: {nodeLocalGet: "
                                       "{localCacheTTLSeconds: 0}}")),
                ElementsAre(place + ".nodeLocalGet.localCacheTTLSeconds: must be from 1 to "
                                    "2147483647, not 0"));
    const PolicySet set =
        decode(nodeQosWith("nodeQualityProbe: {nodeLocalGet: {localCacheTTLSeconds: 10}}"));
    EXPECT_THAT(told(set), IsEmpty());
    EXPECT_EQ(set.nodeQos.at(0).localCacheTtl, std::chrono::seconds(10));
}

TEST(NodeQos, unused_fields_are_checked_and_said_once) {
    EXPECT_THAT(
        refusalsOf(nodeQosWith("memLimit: {pageCacheLimitGlobal: yes, "
                               "pageCacheLimitRetryTimes: 3}")),
        ElementsAre("warning a.yaml:5: NodeQOS/nq: spec.memLimit: accepted, not acted on yet"));
    EXPECT_THAT(refusalsOf(nodeQosWith("netLimits: {rxBpsMin: 1, rxBpsMax: 1, txBpsMin: 1}")),
                ElementsAre("error a.yaml:5: NodeQOS/nq: spec.netLimits.txBpsMax: is missing",
                            "warning a.yaml:5: NodeQOS/nq: spec.netLimits: accepted, not acted on "
                            "yet"));
    EXPECT_THAT(
        refusalsOf(nodeQosWith("elasticCpuLimit: {elasticCoreCpuLimit: [{coreNum: 3}]}")),
        ElementsAre("error a.yaml:5: NodeQOS/nq: spec.elasticCpuLimit.elasticCoreCpuLimit[0]"
                    ".coreNum: must be a string, and unquoted '3' is a whole number; write "
                    "it in quotes",
                    "warning a.yaml:5: NodeQOS/nq: spec.elasticCpuLimit: accepted, not acted "
                    "on yet"));
    EXPECT_THAT(
        refusalsOf(nodeQosWith("elasticCpuLimit: {elasticCoreCpuLimit: [null]}")),
        ElementsAre("error a.yaml:5: NodeQOS/nq: spec.elasticCpuLimit.elasticCoreCpuLimit[0]"
                    ": is missing",
                    "warning a.yaml:5: NodeQOS/nq: spec.elasticCpuLimit: accepted, not "
                    "acted on yet"));
    EXPECT_THAT(
        refusalsOf(nodeQosWith("memLimits: {}")),
        ElementsAre("warning a.yaml:5: NodeQOS/nq: spec.memLimits: unknown field 'memLimits',"
                    " did you mean 'memLimit'?"));
}

TEST(NodeQos, selects_nodes_by_label) {
    const PolicySet set = decode(nodeQosWith("selector: {matchLabels: {a: '1'}, matchExpressions: "
                                             "[{key: z/b, operator: DoesNotExist}]}"));
    EXPECT_THAT(told(set), IsEmpty());
    using Operator = LabelRequirement::Operator;
    EXPECT_EQ(set.nodeQos.at(0).nodeSelector,
              (LabelSelector{{{"a", Operator::in, {"1"}}, {"z/b", Operator::doesNotExist, {}}}}));
    EXPECT_EQ(decode(nodeQosWith("selector: {}")).nodeQos.at(0).nodeSelector, LabelSelector{});
    EXPECT_EQ(decode(nodeQosWith("selector:")).nodeQos.at(0).nodeSelector, std::nullopt);
}

} // namespace
} // namespace plimsoll::kube
