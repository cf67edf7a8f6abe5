// SPDX-License-Identifier: Apache-2.0
// Probes of policies against real servers on the loopback.
#include "daemon/collector/custom/custom_metrics.hpp"
#include "daemon/collector/custom/probes.hpp"
#include "tests/integration/http/local_server.hpp"
#include "tests/integration/http/loop.hpp"

#include <algorithm>
#include <atomic>
#include <gmock/gmock.h>

namespace plimsoll::collector {
namespace {

using namespace std::chrono_literals;
using test::LocalServer;
using test::Loop;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

bool isBuiltin(std::string_view name) {
    return name == "memory_total_usage";
}

class ProbesTest : public testing::Test {
protected:
    ProbesTest() { settings_.interval = 30ms; }

    void answer(const std::string& path, const std::string& body, const std::string& type = "") {
        server_.routes().Get(path, [=, this](const httplib::Request&, httplib::Response& response) {
            ++asked_;
            response.set_content(body, type);
        });
    }
    HttpProbe probe(const std::string& path) const {
        return {.port = static_cast<std::uint16_t>(server_.port()), .path = path};
    }
    void addNodeQos(const std::string& name, const HttpProbe& asking, const std::string& metric) {
        NodeQos nodeQos;
        nodeQos.name = name;
        nodeQos.probe = asking;
        nodeQos.rules.resize(1);
        nodeQos.rules[0].metric = metric;
        policy_.nodeQos.push_back(nodeQos);
    }
    /// A rule looks at it, wherever it comes from.
    void watch(const std::string& metric) {
        NodeQos nodeQos;
        nodeQos.name = "watches-" + metric;
        nodeQos.rules.resize(1);
        nodeQos.rules[0].metric = metric;
        policy_.nodeQos.push_back(nodeQos);
    }
    void addPodQos(const std::string& name, const HttpProbe& asking) {
        PodQos podQos;
        podQos.name = name;
        podQos.labelSelector = LabelSelector{};
        podQos.probe = asking;
        policy_.podQos.push_back(podQos);
    }
    void addPod(const std::string& name, const std::string& ip) {
        Pod pod;
        pod.namespaceName = "shop";
        pod.name = name;
        pod.uid = PodUid("uid-" + name);
        pod.ip = ip;
        pod.labels = {{"app", "cart"}};
        policy_.pods.push_back(pod);
    }
    void use() { probes_.setPolicy(policy_, settings_); }
    CustomSamples samples() const {
        CustomSamples result;
        probes_.append(result);
        return result;
    }
    bool runUntilSeries() {
        return loop_.runUntil([this] { return !samples().metrics.empty(); });
    }
    bool runUntilProblem() {
        return loop_.runUntil([this] { return !samples().problems.empty(); });
    }

    // What the server's threads touch lives longer than they do.
    std::atomic<int> asked_ = 0;
    std::atomic<int> now_ = 0;
    std::atomic<int> most_ = 0;
    std::atomic<bool> flag_ = false;
    LocalServer server_;
    Loop loop_;
    Probes probes_{loop_.raw(), isBuiltin};
    PolicySet policy_;
    ProbeSettings settings_;
};

TEST_F(ProbesTest, a_failure_is_a_problem_that_names_the_probe_and_the_reason) {
    server_.start();
    addNodeQos("web", probe("/missing?token=secret"), "queue");
    use();
    ASSERT_TRUE(runUntilProblem());
    EXPECT_THAT(samples().problems,
                ElementsAre(SourceProblem{"NodeQOS/web",
                                          "GET " + server_.url("/missing") + ": answered 404"}));
    EXPECT_THAT(samples().metrics, IsEmpty());
}

TEST_F(ProbesTest, an_answer_that_cannot_be_read_is_a_problem) {
    answer("/page", "<html>", "text/html");
    server_.start();
    addNodeQos("web", probe("/page"), "queue");
    use();
    ASSERT_TRUE(runUntilProblem());
    EXPECT_THAT(samples().problems[0].reason, HasSubstr(server_.url("/page") + ": "));
    EXPECT_THAT(samples().metrics, IsEmpty());
}

TEST_F(ProbesTest, the_last_values_stay_with_their_time_when_a_probe_begins_to_fail) {
    server_.routes().Get("/", [&](const httplib::Request&, httplib::Response& response) {
        response.status = flag_ ? 500 : 200;
        response.set_content("5", "text/plain");
    });
    server_.start();
    addNodeQos("web", probe("/"), "queue");
    use();
    ASSERT_TRUE(runUntilSeries());
    flag_ = true;
    ASSERT_TRUE(runUntilProblem());
    const auto before = samples();
    loop_.runFor(100ms);
    const auto after = samples();
    ASSERT_THAT(after.metrics, SizeIs(1));
    EXPECT_EQ(after.metrics[0].series[0].at, before.metrics[0].series[0].at);
    flag_ = false;
    EXPECT_TRUE(loop_.runUntil([this] { return samples().problems.empty(); }));
    EXPECT_GT(samples().metrics[0].series[0].at, before.metrics[0].series[0].at);
}

TEST_F(ProbesTest, metrics_with_built_in_names_are_dropped_and_named) {
    answer("/metrics", "memory_total_usage 5\nqueue 3\n", "text/plain; version=0.0.4");
    server_.start();
    addNodeQos("web", probe("/metrics"), "queue");
    use();
    ASSERT_TRUE(runUntilSeries());
    const auto found = samples();
    ASSERT_THAT(found.metrics, SizeIs(1));
    EXPECT_EQ(found.metrics[0].name, "queue");
    ASSERT_THAT(found.problems, SizeIs(1));
    EXPECT_THAT(found.problems[0].reason, HasSubstr("memory_total_usage"));
}

TEST_F(ProbesTest, what_no_rule_looks_at_is_not_kept) {
    answer("/", "heap 5\nthreads 40\nloaded_classes 9000\n");
    server_.start();
    addPodQos("jvm", probe("/"));
    addPod("cart-0", "127.0.0.1");
    watch("heap");
    use();
    ASSERT_TRUE(runUntilSeries());
    ASSERT_THAT(samples().metrics, SizeIs(1));
    EXPECT_EQ(samples().metrics[0].name, "heap");
    watch("threads");
    use();
    EXPECT_TRUE(loop_.runUntil([this] { return samples().metrics.size() == 2; }));
    EXPECT_EQ(samples().metrics[1].name, "threads");
}

TEST_F(ProbesTest, more_than_5000_series_of_all_are_refused_until_there_is_room) {
    std::string thousand;
    for (int i = 0; i < 1000; ++i) {
        thousand += "heap{pool=\"" + std::to_string(i) + "\"} 1\n";
    }
    answer("/", thousand);
    server_.start();
    addPodQos("jvm", probe("/"));
    watch("heap");
    for (int i = 0; i < 6; ++i) {
        addPod("cart-" + std::to_string(i), "127.0.0.1");
    }
    const auto kept = [this] {
        std::size_t count = 0;
        for (const auto& metric : samples().metrics) {
            count += metric.series.size();
        }
        return count;
    };
    use();
    ASSERT_TRUE(runUntilProblem());
    EXPECT_EQ(kept(), 5000);
    ASSERT_THAT(samples().problems, SizeIs(1));
    EXPECT_THAT(samples().problems[0].reason, HasSubstr("more than 5000 series"));
    const auto refused = samples().problems[0].source;
    // Any of those that were taken leaves; the one that was refused gets its place.
    policy_.pods.erase(std::ranges::find_if(policy_.pods, [&](const Pod& pod) {
        return refused.find(pod.fullName()) == std::string::npos;
    }));
    use();
    EXPECT_TRUE(loop_.runUntil([&] { return samples().problems.empty() && kept() == 5000; }));
}

TEST_F(ProbesTest, a_pod_without_an_address_is_a_problem_and_the_others_are_asked) {
    answer("/", "7");
    server_.start();
    addPodQos("jvm", probe("/"));
    watch("jvm");
    addPod("cart-0", "");
    addPod("cart-1", "127.0.0.1");
    use();
    EXPECT_THAT(samples().problems,
                ElementsAre(SourceProblem{"PodQOS/jvm (shop/cart-0)",
                                          "the address of the pod is not known"}));
    ASSERT_TRUE(runUntilSeries());
    const auto found = samples();
    EXPECT_EQ(found.metrics[0].name, "jvm");
    EXPECT_EQ(found.metrics[0].series[0].pod, PodUid("uid-cart-1"));
}

TEST_F(ProbesTest, a_probe_that_is_removed_is_cancelled_and_its_values_go) {
    answer("/", "7");
    server_.start();
    addNodeQos("web", probe("/"), "queue");
    use();
    ASSERT_TRUE(runUntilSeries());
    const auto generation = probes_.generation();
    policy_.nodeQos.clear();
    use();
    EXPECT_NE(probes_.generation(), generation);
    EXPECT_THAT(samples().metrics, IsEmpty());
    loop_.runFor(20ms);
    const int asked = asked_;
    loop_.runFor(100ms);
    EXPECT_EQ(asked_, asked);
}

TEST_F(ProbesTest, a_probe_that_is_removed_while_it_waits_for_its_answer_is_not_heard_of) {
    server_.routes().Get("/", [&](const httplib::Request&, httplib::Response& response) {
        ++asked_;
        while (!flag_) {
            std::this_thread::sleep_for(1ms);
        }
        response.set_content("7", "");
    });
    server_.start();
    addNodeQos("web", probe("/"), "queue");
    use();
    ASSERT_TRUE(loop_.runUntil([this] { return asked_ > 0; }));
    policy_.nodeQos.clear();
    use();
    flag_ = true;
    loop_.runFor(50ms);
    EXPECT_THAT(samples().metrics, IsEmpty());
    EXPECT_EQ(asked_, 1);
}

TEST_F(ProbesTest, one_request_of_a_probe_is_under_way_at_a_time) {
    server_.routes().Get("/", [&](const httplib::Request&, httplib::Response& response) {
        most_ = std::max(most_.load(), ++now_);
        std::this_thread::sleep_for(100ms); // longer than the interval
        --now_;
        ++asked_;
        response.set_content("7", "");
    });
    server_.start();
    addNodeQos("web", probe("/"), "queue");
    use();
    ASSERT_TRUE(loop_.runUntil([this] { return asked_ >= 3; }));
    EXPECT_EQ(most_, 1);
}

TEST_F(ProbesTest, a_probe_that_does_not_change_keeps_its_values_under_a_new_policy) {
    answer("/", "7");
    server_.start();
    settings_.interval = 300ms;
    addNodeQos("web", probe("/"), "queue");
    use();
    ASSERT_TRUE(runUntilSeries());
    const auto at = samples().metrics[0].series[0].at;
    addNodeQos("other", probe("/elsewhere"), "errors");
    use();
    ASSERT_THAT(samples().metrics, SizeIs(1));
    EXPECT_EQ(samples().metrics[0].series[0].at, at);
    ASSERT_TRUE(loop_.runUntil([&] { return samples().metrics[0].series[0].at != at; }));
    const auto period = samples().metrics[0].series[0].at - at;
    EXPECT_GE(period, 200ms); // its own schedule, not a new one
}

TEST_F(ProbesTest, nothing_is_counted_as_new_while_the_same_failure_goes_on) {
    server_.start();
    addNodeQos("web", probe("/missing"), "queue");
    use();
    ASSERT_TRUE(runUntilProblem());
    const auto generation = probes_.generation();
    loop_.runFor(300ms);
    EXPECT_EQ(probes_.generation(), generation);
}

TEST_F(ProbesTest, json_feeds_the_rules_of_its_node_qos_alone_and_sends_the_headers) {
    server_.routes().Get("/", [&](const httplib::Request& request, httplib::Response& response) {
        response.set_content(R"({"queue": {"length": )" + request.get_header_value("X-Length") +
                                 "}}",
                             "application/json");
    });
    server_.start();
    auto asking = probe("/");
    asking.headers = {{"X-Length", "12"}};
    addNodeQos("web", asking, "queue.length");
    use();
    ASSERT_TRUE(runUntilSeries());
    const auto found = samples();
    ASSERT_THAT(found.metrics, SizeIs(1));
    EXPECT_EQ(found.metrics[0].name, "queue.length");
    ASSERT_THAT(found.metrics[0].series, SizeIs(1));
    EXPECT_EQ(found.metrics[0].series[0].value, 12);
    EXPECT_EQ(found.metrics[0].series[0].nodeQos, "web");
    EXPECT_THAT(found.problems, IsEmpty());
}

TEST_F(ProbesTest, what_they_deliver_is_among_the_custom_metrics) {
    answer("/", "b 1\na 2\nb{x=\"1\"} 3\n");
    server_.start();
    CustomMetrics all("/nonexistent", isBuiltin);
    all.addSource(probes_);
    addNodeQos("web", probe("/"), "a");
    watch("b");
    settings_.interval = 200ms;
    use();
    EXPECT_EQ(all.samples({})->find("a"), nullptr);
    ASSERT_TRUE(runUntilSeries());
    const auto found = all.samples({});
    ASSERT_NE(found->find("a"), nullptr);
    ASSERT_NE(found->find("b"), nullptr);
    EXPECT_EQ(found->find("a")->series[0].value, 2);
    EXPECT_THAT(found->find("b")->series, SizeIs(2));
    EXPECT_EQ(all.samples({}), found) << "built anew, and nothing had changed";
}

TEST_F(ProbesTest, a_pod_cannot_speak_for_another_one) {
    answer("/", "heap{app=\"other\",namespace=\"bank\",pod=\"vault\",uid=\"1\",PodName=\"vault\","
                "exported_pod=\"mine\",area=\"old\"} 5\n");
    server_.start();
    addPodQos("jvm", probe("/"));
    watch("heap");
    addPod("cart-0", "127.0.0.1");
    use();
    ASSERT_TRUE(runUntilSeries());
    const Labels labels{{"app", "cart"},
                        {"area", "old"},
                        {"namespace", "shop"},
                        {"PodNamespace", "shop"},
                        {"pod", "cart-0"},
                        {"PodName", "cart-0"},
                        {"uid", "uid-cart-0"},
                        {"PodUid", "uid-cart-0"},
                        {"qos_class", "Unknown"},
                        {"exported_app", "other"},
                        {"exported_namespace", "bank"},
                        {"exported_pod", "mine"},
                        {"exported_exported_pod", "vault"},
                        {"exported_uid", "1"},
                        {"exported_PodName", "vault"}};
    EXPECT_EQ(samples().metrics[0].series[0].labels, labels);
}

TEST_F(ProbesTest, a_hundred_pods_are_asked_within_an_interval) {
    answer("/", "7");
    server_.start();
    settings_.interval = 1s;
    addPodQos("jvm", probe("/"));
    watch("jvm");
    for (int i = 0; i < 100; ++i) {
        addPod("cart-" + std::to_string(i), "127.0.0.1");
    }
    use();
    EXPECT_TRUE(loop_.runUntil([this] {
        const auto found = samples();
        return !found.metrics.empty() && found.metrics[0].series.size() == 100;
    }));
    EXPECT_THAT(samples().problems, IsEmpty());
    EXPECT_LT(asked_, 200) << "nobody was asked twice before all had been asked";
}

TEST_F(ProbesTest, pods_that_hang_do_not_keep_the_others_from_being_asked) {
    server_.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("7", "text/plain");
    });
    server_.start();
    // Connections wait in its backlog for ever: nobody accepts them.
    LocalServer deaf("127.0.0.1");
    addPodQos("good", probe("/"));
    watch("good");
    auto hanging = probe("/");
    hanging.port = static_cast<std::uint16_t>(deaf.port());
    hanging.timeout = 1s;
    addPodQos("bad", hanging);
    for (int i = 0; i < 50; ++i) {
        addPod("cart-" + std::to_string(i), "127.0.0.1");
    }
    settings_.interval = 200ms;
    use();
    EXPECT_TRUE(loop_.runUntil([this] {
        const auto found = samples();
        return !found.metrics.empty() && found.metrics[0].series.size() == 50;
    }));
    EXPECT_TRUE(loop_.runUntil([this] { return samples().problems.size() == 50; }));
    EXPECT_THAT(samples().problems[0].reason, EndsWith(": timed out after 1 s"));
}

TEST_F(ProbesTest, pods_that_hang_do_not_keep_a_node_qos_from_being_asked) {
    answer("/", "7");
    server_.start();
    LocalServer deaf("127.0.0.1");
    auto hanging = probe("/");
    hanging.port = static_cast<std::uint16_t>(deaf.port());
    hanging.timeout = 10s;
    addPodQos("bad", hanging);
    for (int i = 0; i < 100; ++i) { // more than there are places
        addPod("cart-" + std::to_string(i), "127.0.0.1");
    }
    use();
    loop_.runFor(100ms); // all have been due
    addNodeQos("web", probe("/"), "queue");
    use();
    EXPECT_TRUE(loop_.runUntil([this] { return !samples().metrics.empty(); }, 5s));
}

} // namespace
} // namespace plimsoll::collector
