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
         }) {
        EXPECT_THAT(errorsOf(row.text), ElementsAre("f:" + row.error)) << row.text;
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
    EXPECT_EQ(config.logLevel, "debug");
    EXPECT_EQ(config.logTarget, "journal");
    EXPECT_EQ(config.nodeName, "node-1.example.com");
    EXPECT_EQ(config.nodeLabels, (Labels{{"kubernetes.io/arch", "amd64"}, {"plain", ""}}));
    EXPECT_EQ(configOf("[daemon]\ninterval = 2").interval, 2s);
    EXPECT_EQ(configOf("[cgroup]\nroot = \"/\"").cgroupRoot, std::nullopt);
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
    EXPECT_FALSE(config->nodeName.empty()) << "the host name";
    config->nodeName.clear();
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
