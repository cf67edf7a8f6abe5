// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config.hpp"
#include "daemon/config/duration.hpp"
#include "daemon/config/reader.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> errorsOf(const std::string& text) {
    Config config;
    std::vector<std::string> errors;
    readConfig(text, "f", config, errors);
    EXPECT_TRUE(errors.empty() || config == Config{}) << "a bad value changes nothing: " << text;
    return errors;
}

Config configOf(const std::string& text) {
    Config config;
    std::vector<std::string> errors;
    readConfig(text, "f", config, errors);
    EXPECT_THAT(errors, IsEmpty()) << text;
    return config;
}

struct Row {
    std::string text;
    std::string error;
};

TEST(Config, refuses_every_bad_value_with_its_place) {
    const std::string interval =
        "daemon.interval must be a time from 100ms to 60s, such as \"500ms\" "
        "or \"1s\", or whole seconds";
    const std::string path = " must be an absolute path without '..'";
    const std::string taint = " must be \"key=value:Effect\" with NoSchedule, PreferNoSchedule or "
                              "NoExecute as the effect";
    const std::string probeRange =
        " must be a time from 1s to 15s, such as \"500ms\" or \"1s\", or whole seconds: a probe "
        "that "
        "fails is asked again after up to four intervals, and values are stale after 60s";
    for (const auto& row : std::vector<Row>{
             {"[daemon]\ninterval = \"99ms\"", "2:12: " + interval},
             {"[daemon]\ninterval = \"61s\"", "2:12: " + interval},
             {"[daemon]\ninterval = \"1 fortnight\"", "2:12: " + interval},
             {"[daemon]\ninterval = 0", "2:12: " + interval},
             {"[daemon]\ninterval = 9223372036854775807", "2:12: " + interval},
             {"[daemon]\ninterval = 0.5", "2:12: " + interval},
             {"[daemon]\npolicy_directory = \"policies.d\"",
              "2:20: daemon.policy_directory" + path},
             {"[daemon]\nruntime_directory = \"/run/../etc\"",
              "2:21: daemon.runtime_directory" + path},
             {"[daemon]\nruntime_directory = \"\"", "2:21: daemon.runtime_directory" + path},
             {"[cgroup]\nmount = 5", "2:9: cgroup.mount must be a string in quotes"},
             {"[cgroup]\nroot = \"kubepods\"", "2:8: cgroup.root" + path},
             {"[avoidance]\nexcess_percent = 100.5",
              "2:18: avoidance.excess_percent must be a number from 0 to 100"},
             {"[avoidance]\nexcess_percent = nan",
              "2:18: avoidance.excess_percent must be a number from 0 to 100"},
             {"[avoidance]\nexcess_percent = \"10%\"",
              "2:18: avoidance.excess_percent must be a number from 0 to 100"},
             {"[avoidance]\ncool_down_cap_seconds = 0",
              "2:25: avoidance.cool_down_cap_seconds must be a whole number from 1 to 2147483647"},
             {"[avoidance]\nmax_reapply = -1",
              "2:15: avoidance.max_reapply must be a whole number from 0 to 1000"},
             {"[avoidance]\nmax_reapply = 1.0",
              "2:15: avoidance.max_reapply must be a whole number from 0 to 1000"},
             {"[log]\nlevel = \"warn\"", "2:9: log.level must be one of debug, info, notice, "
                                         "warning, err, crit, alert, emerg, "
                                         "did you mean \"warning\"?"},
             {"[log]\ntarget = \"syslog\"",
              "2:10: log.target must be one of auto, journal, console, null"},
             {"[node]\nname = \"Node_1\"",
              "2:8: node.name must be the name of the Node object: lower-case letters, digits, '-' "
              "and '.'"},
             {"[node]\nlabels = 5", "2:10: node.labels must be a section: [node.labels]"},
             {"[node.labels]\na = true", "2:5: node.labels.\"a\" must be a string in quotes"},
             {"[node.labels]\n\"a b\" = \"x\"",
              "2:9: node.labels.\"a b\" is not the name of a label"},
             {"[node.labels]\na = \"b c\"",
              "2:5: node.labels.\"a\" must be the value of a label: letters, digits, '-', '_' and "
              "'.', at most 63"},
             {"daemon = 1", "1:1: daemon must be a section: [daemon]"},
             {"[demon]\ninterval = 1", "1:2: unknown section \"demon\", did you mean \"daemon\"?"},
             {"[daemon]\nintervall = 1",
              "2:1: unknown key \"daemon.intervall\", did you mean \"interval\"?"},
             {"[log]\ncolour = true", "2:1: unknown key \"log.colour\""},
             {"[avoidance]\nbatch = 0",
              "2:9: avoidance.batch must be a whole number from 1 to 100"},
             {"[avoidance]\neffect_after = \"0s\"",
              "2:16: avoidance.effect_after must be a time from 1s to 300s, such as \"500ms\" or "
              "\"1s\", or whole seconds"},
             {"[avoidance]\neffect_after = \"1.5s\"",
              "2:16: avoidance.effect_after must be whole seconds"},
             {"[avoidance]\nfutile_for = \"25h\"",
              "2:14: avoidance.futile_for must be a time from 0s to 86400s, such as \"500ms\" or "
              "\"1s\", or whole seconds"},
             {"[eviction]\nbudget = 1001",
              "2:10: eviction.budget must be a whole number from 0 to 1000"},
             {"[eviction]\ninterval = 0",
              "2:12: eviction.interval must be a time from 1s to 86400s, such as \"500ms\" or "
              "\"1s\", or whole seconds"},
             {"[cluster]\nservers = \"https://a\"",
              "2:11: cluster.servers must be a list of strings in quotes"},
             {"[cluster]\nservers = [\"https://a\", \"http://b\"]",
              "2:11: cluster.servers must be URLs such as \"https://10.0.0.1:6443\""},
             {"[cluster]\nservers = [\"https://user@b\"]",
              "2:11: cluster.servers must be URLs such as \"https://10.0.0.1:6443\""},
             {"[cluster]\ntaint = \"a=b:NoSchedul\"", "2:9: cluster.taint" + taint},
             {"[cluster]\ntaint = \"a=b\"", "2:9: cluster.taint" + taint},
             {"[cluster]\ntaint = \"A_/b:NoSchedule\"", "2:9: cluster.taint" + taint},
             {"[cluster]\ntaint = \"a=b c:NoSchedule\"", "2:9: cluster.taint" + taint},
             {"[cluster]\nenabled = 1", "2:11: cluster.enabled must be true or false"},
             {"[probe]\ninterval = \"500ms\"", "2:12: probe.interval" + probeRange},
             {"[probe]\ninterval = 16", "2:12: probe.interval" + probeRange},
             {"[probe]\nca_file = \"ca.pem\"", "2:11: probe.ca_file" + path},
             {"[metrics]\ntextfile_directory = \"\"", "2:22: metrics.textfile_directory" + path},
             {"[metrik.x]", "1:2: unknown section \"metrik\", did you mean "
                            "\"metric\"?"},
             {"metric = 5", "1:1: metric must be a section: [metric]"},
         }) {
        EXPECT_THAT(errorsOf(row.text), ElementsAre("f:" + row.error)) << row.text;
    }
}

TEST(Config, refuses_what_is_said_of_a_metric_with_its_place) {
    const std::string name = " is not the name of a metric: a letter, '_' or ':', then letters, "
                             "digits and any of \"_:.-\", at most 253";
    const std::string keys = "UseElasticResource, Priority, PodQOSClass, CpuUsage, MemoryUsage, "
                             "ExtCpuUsage, ExtMemoryUsage, MetricValue, RunningTime";
    const std::string metric = "[metric.\"a.b\"]\n";
    for (const auto& [text, error] : std::vector<Row>{
             {"[metric.\"\"]", "1:9: metric.\"\"" + name},
             {"[metric.\"a b\"]", "1:9: metric.\"a b\"" + name},
             {"[metric.1a]", "1:9: metric.\"1a\"" + name},
             {"[metric.cpu_total_usage]", "1:9: metric.\"cpu_total_usage\" is a metric of "
                                          "Plimsoll's own, which needs no table"},
             {"[metric]\nx = 5", "2:1: metric.\"x\" must be a section: [metric.\"NAME\"]"},
             {metric + "units = \"x\"",
              "2:1: unknown key \"metric.\"a.b\".units\", did you mean \"unit\"?"},
             {metric + "unit = 5", "2:8: metric.\"a.b\".unit must be a string in quotes"},
             {metric + "unit = \"a\\nb\"",
              "2:8: metric.\"a.b\".unit must be a word to show: one line "
              "of at most 32 bytes"},
             {metric + "action_priority = 11",
              "2:19: metric.\"a.b\".action_priority must be a whole number from 0 to 10"},
             {metric + "throttleable = 1",
              "2:16: metric.\"a.b\".throttleable must be true or false"},
             {metric + "evictable = \"no\"",
              "2:13: metric.\"a.b\".evictable must be true or false"},
             {metric + "throttle_quantified = 0",
              "2:23: metric.\"a.b\".throttle_quantified must be true or false"},
             {metric + "evict_quantified = []",
              "2:20: metric.\"a.b\".evict_quantified must be true or false"},
             {metric + "order = \"CpuUsage\"", "2:9: metric.\"a.b\".order must be a list, such as "
                                               "[\"PodQOSClass\", \"CpuUsage\"]"},
             {metric + "order = [\"CpuUsage\", \"MetricsValue\"]",
              "2:22: metric.\"a.b\".order[1] must be one of " + keys +
                  ", did you mean \"MetricValue\"?"},
             {metric + "order = [5]", "2:10: metric.\"a.b\".order[0] must be a string in quotes"},
             {metric + "order = [\"Priority\", \"CpuUsage\", \"Priority\"]",
              "2:34: metric.\"a.b\".order[2] stands in the list already"},
             {metric + "release_unit = \"byte\"\nrelease_per_unit = 1",
              "2:16: metric.\"a.b\".release_unit must be one of millicores, bytes, did you mean "
              "\"bytes\"?"},
             {metric + "release_unit = \"bytes\"",
              "2:16: metric.\"a.b\".release_unit needs release_per_unit beside it"},
             {metric + "release_per_unit = 5",
              "2:20: metric.\"a.b\".release_per_unit needs release_unit beside it"},
             {metric + "release_unit = \"bytes\"\nrelease_per_unit = 0",
              "3:20: metric.\"a.b\".release_per_unit must be a number above 0"},
             {metric + "release_unit = \"bytes\"\nrelease_per_unit = inf",
              "3:20: metric.\"a.b\".release_per_unit must be a number above 0"},
             {metric + "json_pointer = \"queue.length\"",
              "2:16: metric.\"a.b\".json_pointer must be a JSON pointer (RFC 6901), such as "
              "\"/queue/length\""},
             {metric + "json_pointer = \"/a~\"",
              "2:16: metric.\"a.b\".json_pointer must be a JSON pointer (RFC 6901), such as "
              "\"/queue/length\""},
         }) {
        EXPECT_THAT(errorsOf(text), ElementsAre("f:" + error)) << text;
    }
}

TEST(Config, reports_all_errors_at_once) {
    EXPECT_THAT(errorsOf("[log]\nlevel = 1\n[daemon]\ninterval = 0\nfoo = 1\n[x]\n"), SizeIs(4));
}

TEST(Config, says_where_it_is_no_toml) {
    const auto errors = errorsOf("[daemon]\ninterval = \n");
    ASSERT_THAT(errors, SizeIs(1));
    EXPECT_THAT(errors[0], testing::StartsWith("f:2:"));
    EXPECT_THAT(errors[0], HasSubstr("not valid TOML: "));
    EXPECT_THAT(errorsOf(std::string(10'000, '[')), SizeIs(1));
    EXPECT_THAT(errorsOf("a = " + std::string(100'000, '[')), SizeIs(1));
    EXPECT_THAT(errorsOf("[log]\nlevel = \"info\"\nlevel = \"err\"\n"), SizeIs(1)) << "a key twice";
}

TEST(Config, sets_what_it_says) {
    const Config config = configOf(R"(
[daemon]
interval = "500ms"
policy_directory = "/p/"
runtime_directory = "/r"
[cgroup]
mount = "/mnt/cgroup"
root = "/system.slice/kube"
[avoidance]
excess_percent = 12.5
cool_down_cap_seconds = 60
max_reapply = 0
batch = 3
effect_after = "10s"
futile_for = 0
[eviction]
budget = 0
interval = "1h"
[probe]
interval = "1500ms"
ca_file = "/etc/ca.pem"
[metrics]
textfile_directory = "/m/"
[log]
level = "debug"
target = "journal"
[node]
name = "node-1.example.com"
[node.labels]
"kubernetes.io/arch" = "amd64"
plain = ""
)");
    EXPECT_EQ(config.interval, 500ms);
    EXPECT_EQ(config.policyDirectory, "/p");
    EXPECT_EQ(config.runtimeDirectory, "/r");
    EXPECT_EQ(config.cgroupMount, "/mnt/cgroup");
    EXPECT_EQ(config.cgroupRoot, CgroupPath("/system.slice/kube"));
    EXPECT_EQ(config.excessPercent, 12.5);
    EXPECT_EQ(config.coolDownCap, 60s);
    EXPECT_EQ(config.maxReapply, 0U);
    EXPECT_EQ(config.batch, 3U);
    EXPECT_EQ(config.effectAfter, 10s);
    EXPECT_EQ(config.futileFor, 0s);
    EXPECT_EQ(config.evictionBudget, 0U);
    EXPECT_EQ(config.evictionInterval, 1h);
    EXPECT_EQ(config.probeInterval, 1500ms);
    EXPECT_EQ(config.probeCaFile, "/etc/ca.pem");
    EXPECT_EQ(config.textfileDirectory, "/m");
    EXPECT_EQ(config.logLevel, "debug");
    EXPECT_EQ(config.logTarget, "journal");
    EXPECT_EQ(config.nodeName, "node-1.example.com");
    EXPECT_EQ(config.nodeLabels, (Labels{{"kubernetes.io/arch", "amd64"}, {"plain", ""}}));
    EXPECT_EQ(configOf("[daemon]\ninterval = 2").interval, 2s);
    EXPECT_EQ(configOf("[cgroup]\nroot = \"/\"").cgroupRoot, std::nullopt);
}

TEST(Config, says_how_the_cluster_is_reached) {
    const Config config = configOf(R"(
[daemon]
state_directory = "/s"
[cluster]
enabled = false
kubeconfig = "/etc/kubernetes/kubelet.conf"
servers = ["https://10.0.0.1:6443", "https://[fd00::1]/prefix"]
taint = "example.com/hot=:NoSchedule"
events = false
)");
    EXPECT_EQ(config.stateDirectory, "/s");
    EXPECT_FALSE(config.clusterEnabled);
    EXPECT_EQ(config.kubeconfig, "/etc/kubernetes/kubelet.conf");
    EXPECT_THAT(config.clusterServers,
                ElementsAre("https://10.0.0.1:6443", "https://[fd00::1]/prefix"));
    EXPECT_EQ(config.taint, (kube::TaintSetting{"example.com/hot", "", "NoSchedule"}));
    EXPECT_FALSE(config.clusterEvents);
    EXPECT_EQ(configOf("[cluster]\ntaint = \"hot:NoExecute\"").taint,
              (kube::TaintSetting{"hot", "", "NoExecute"}));
    EXPECT_EQ(configOf("[cluster]\ntaint = \"\"").taint, std::nullopt);
}

TEST(Config, keeps_what_is_said_of_metrics_in_order_of_their_names) {
    const Config config = configOf(R"(
[metric."requests.waiting"]
unit = "requests"
action_priority = 0
order = ["UseElasticResource", "MetricValue"]
throttleable = false
evictable = false
release_unit = "bytes"
release_per_unit = 1048576
throttle_quantified = false
evict_quantified = false
json_pointer = "/queue/a~1b"
[metric.latency]
)");
    EXPECT_THAT(config.metrics,
                ElementsAre(MetricSpec{.name = "latency"},
                            MetricSpec{.name = "requests.waiting",
                                       .unit = "requests",
                                       .actionPriority = 0,
                                       .order = {SortKey::useElasticResource, SortKey::metricValue},
                                       .throttleable = false,
                                       .evictable = false,
                                       .conversion = Conversion{ReleaseUnit::bytes, 1'048'576},
                                       .throttleQuantified = false,
                                       .evictQuantified = false,
                                       .jsonPointer = "/queue/a~1b"}));
}

TEST(Duration, has_a_number_and_a_unit) {
    EXPECT_EQ(parseDuration("100ms"), 100ms);
    EXPECT_EQ(parseDuration("1.5s"), 1500ms);
    EXPECT_EQ(parseDuration("2 min"), 2min);
    EXPECT_EQ(parseDuration("1h"), 1h);
    for (const auto* text : {"", "1", "s", "-1s", "+1s", "1.0001ms", "1e3s", "inf", "nan", "1 s ",
                             "1  s", "99999999999h", "1s1s", "1S"}) {
        EXPECT_EQ(parseDuration(text), std::nullopt) << text;
    }
}

class ConfigFiles : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "plimsoll-config-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        paths_ = {.vendorDirectory = directory_ + "/usr", .adminDirectory = directory_ + "/etc"};
        fs::create_directories(directory_ + "/usr/plimsolld.toml.d");
        fs::create_directories(directory_ + "/etc/plimsolld.toml.d");
    }
    void TearDown() override { fs::remove_all(directory_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(directory_ + "/" + name) << text;
    }

    std::string directory_;
    ConfigPaths paths_;
};

TEST_F(ConfigFiles, none_at_all_is_the_defaults) {
    fs::remove_all(directory_ + "/usr");
    fs::remove_all(directory_ + "/etc");
    auto config = loadConfig(paths_);
    ASSERT_TRUE(config);
    EXPECT_EQ(*config, Config{});
}

TEST_F(ConfigFiles, later_ones_win_key_by_key) {
    write("usr/plimsolld.toml", "[log]\nlevel = \"err\"\ntarget = \"null\"\n[node]\nname = \"a\"\n"
                                "[node.labels]\nx = \"1\"\ny = \"1\"\n");
    write("etc/plimsolld.toml", "[log]\nlevel = \"warning\"\n[node.labels]\ny = \"2\"\n");
    write("usr/plimsolld.toml.d/50-x.toml", "[avoidance]\nmax_reapply = 1\n");
    write("etc/plimsolld.toml.d/40-x.toml", "[avoidance]\nmax_reapply = 2\nexcess_percent = 20\n");
    write("usr/plimsolld.toml.d/60-x.toml", "[daemon]\ninterval = 60\n");
    write("etc/plimsolld.toml.d/60-x.toml", "[daemon]\ninterval = 5\n");
    write("usr/plimsolld.toml.d/70-x.toml", "[daemon]\ninterval = 60\n");
    fs::create_symlink("/dev/null", directory_ + "/etc/plimsolld.toml.d/70-x.toml");
    write("etc/plimsolld.toml.d/.80.toml", "not read");
    write("etc/plimsolld.toml.d/80.toml~", "not read");
    const auto config = loadConfig(paths_);
    ASSERT_TRUE(config) << config.error().at(0);
    EXPECT_EQ(config->logLevel, "warning");
    EXPECT_EQ(config->logTarget, "null");
    EXPECT_EQ(config->nodeName, "a");
    EXPECT_EQ(config->nodeLabels, (Labels{{"x", "1"}, {"y", "2"}}));
    EXPECT_EQ(config->maxReapply, 1U) << "50 comes after 40, whatever the directory";
    EXPECT_EQ(config->excessPercent, 20);
    EXPECT_EQ(config->interval, 5s) << "the administrator's replaces the vendor's";
}

TEST_F(ConfigFiles, later_ones_win_key_by_key_of_a_metric) {
    write("usr/plimsolld.toml", "[metric.m]\nunit = \"a\"\norder = [\"CpuUsage\"]\n"
                                "release_unit = \"bytes\"\nrelease_per_unit = 5\n[metric.z]\n");
    write("etc/plimsolld.toml", "[metric.m]\nunit = \"b\"\nrelease_per_unit = 7\n");
    write("etc/plimsolld.toml.d/1.toml", "[metric.m]\norder = []\n[metric.n]\nevictable = false\n");
    const auto config = loadConfig(paths_);
    ASSERT_TRUE(config) << config.error().at(0);
    EXPECT_THAT(
        config->metrics,
        ElementsAre(
            MetricSpec{.name = "m", .unit = "b", .conversion = Conversion{ReleaseUnit::bytes, 7}},
            MetricSpec{.name = "n", .evictable = false}, MetricSpec{.name = "z"}));
}

TEST_F(ConfigFiles, errors_of_all_of_them_are_reported_together) {
    write("usr/plimsolld.toml", "[log]\nlevel = 1\n");
    write("etc/plimsolld.toml", "[\n");
    write("etc/plimsolld.toml.d/1.toml", "[daemon]\nx = 1\ninterval = 0\n");
    const auto config = loadConfig(paths_);
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error(), SizeIs(4));
    EXPECT_THAT(config.error().at(0), HasSubstr("/usr/plimsolld.toml:2:9: log.level must"));
}

TEST_F(ConfigFiles, a_named_one_is_read_alone_and_must_exist) {
    write("usr/plimsolld.toml", "[log]\nlevel = 1\n");
    write("mine.toml", "[node]\nname = \"mine\"\n");
    EXPECT_EQ(loadConfig(ConfigPaths::only(directory_ + "/mine.toml"))->nodeName, "mine");
    const auto missing = loadConfig(ConfigPaths::only(directory_ + "/none.toml"));
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error(),
                ElementsAre(directory_ + "/none.toml: cannot be read: No such file "
                                         "or directory"));
    const auto notAFile = loadConfig(ConfigPaths::only(directory_));
    ASSERT_FALSE(notAFile);
    EXPECT_THAT(notAFile.error(), ElementsAre(directory_ + ": is not a regular file"));
}

TEST_F(ConfigFiles, a_huge_one_is_refused) {
    write("etc/plimsolld.toml", std::string(300 * 1024, '#'));
    const auto config = loadConfig(paths_);
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error(),
                ElementsAre(directory_ + "/etc/plimsolld.toml: is larger than 256 KiB"));
}

std::string shippedFile() {
    std::ifstream stream(PLIMSOLL_SOURCE_DIR "/conf/plimsolld.toml");
    EXPECT_TRUE(stream);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Takes the '#' off every "#key = default" line.
std::string uncommented(const std::string& text) {
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);) {
        const bool isDefault =
            line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
        result += (isDefault ? line.substr(1) : line) + "\n";
    }
    return result;
}

TEST(ShippedConfig, sets_nothing_as_it_is) {
    EXPECT_EQ(configOf(shippedFile()), Config{});
}

TEST(ShippedConfig, shows_the_compiled_defaults) {
    EXPECT_EQ(configOf(uncommented(shippedFile())), Config{});
}

TEST(ShippedConfig, explains_every_key) {
    const std::string text = uncommented(shippedFile());
    for (const auto& key : configKeys()) {
        const std::string name = key.substr(key.find('.') + 1);
        const bool shown = text.find("\n" + name + " = ") != std::string::npos ||
                           text.find("\n#   " + name + " = ") != std::string::npos;
        EXPECT_TRUE(shown) << key;
    }
}

TEST(ShippedConfig, shows_a_metric_that_can_be_used_as_it_is) {
    std::istringstream lines(shippedFile());
    std::string example;
    for (std::string line; std::getline(lines, line);) {
        const bool isExample =
            line.starts_with("#   [metric.") ||
            (!example.empty() && line.starts_with("#   ") && line.find(" = ") != std::string::npos);
        example += isExample ? line.substr(4) + "\n" : "";
        if (line == "[log]") {
            break;
        }
    }
    const Config config = configOf(example);
    ASSERT_THAT(config.metrics, SizeIs(1));
    EXPECT_TRUE(config.metrics[0].conversion);
}

TEST(ShippedConfig, shows_defaults_that_are_none_of_the_others) {
    // If the comment sign were never taken off, the comparison above would prove nothing.
    Config config;
    std::vector<std::string> errors;
    std::string text = uncommented(shippedFile());
    const auto place = text.find("max_reapply = 5");
    ASSERT_NE(place, std::string::npos);
    text.replace(place, 15, "max_reapply = 6");
    readConfig(text, "f", config, errors);
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(config.maxReapply, 6U);
}

} // namespace
} // namespace plimsoll
