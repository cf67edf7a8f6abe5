// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cluster/node_in_a_cluster.hpp"

#include "kube/policy_directory.hpp"

#include <algorithm>
#include <systemd/sd-event.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kControllers = "cpuset cpu io memory pids\n";

Json object(const std::string& kind, const std::string& name, Json spec) {
    return {{"kind", kind},
            {"apiVersion", "ensurance.crane.io/v1alpha1"},
            {"metadata", {{"name", name}}},
            {"spec", std::move(spec)}};
}

cgroup::Hierarchy unified(const std::string&) {
    return cgroup::Hierarchy::unified;
}

} // namespace

Json avoidanceAction(const std::string& name, std::chrono::seconds coolDown, Json spec) {
    spec["coolDownSeconds"] = coolDown.count();
    return object("AvoidanceAction", name, std::move(spec));
}

Json throttling() {
    return {{"throttle", {{"cpuThrottle", {{"minCPURatio", 10}, {"stepCPURatio", 50}}}}}};
}

Json evicting() {
    return {{"eviction", {{"terminationGracePeriodSeconds", 1}}}};
}

Json nodeQos(const std::string& name, const std::string& action, const std::string& strategy) {
    const Json rule = {
        {"name", "cpu"},         {"avoidanceThreshold", 2},
        {"restoreThreshold", 2}, {"actionName", action},
        {"strategy", strategy},  {"metricRule", {{"name", "cpu_total_usage"}, {"value", 1000}}}};
    return object("NodeQOS", name, {{"rules", Json::array({rule})}});
}

Json podQos(std::vector<std::string> actions) {
    const Json bestEffort = {
        {"scopeName", "QOSClass"}, {"operator", "In"}, {"values", Json::array({"BestEffort"})}};
    return object("PodQOS", "best-effort",
                  {{"allowedActions", std::move(actions)},
                   {"scopeSelector", {{"matchExpressions", Json::array({bestEffort})}}}});
}

bool Journal::has(audit::Event event, std::string_view part) const {
    return std::ranges::any_of(entries, [&](const audit::Entry& entry) {
        return entry.event == event && entry.message.find(part) != std::string::npos;
    });
}

// ---- the node -----------------------------------------------------------------------------------

NodeInACluster::NodeInACluster() {
    tree.write("cgroup.controllers", kControllers);
    tree.write("kubepods.slice/cgroup.controllers", kControllers);
    tree.write("kubepods.slice/cgroup.subtree_control", kControllers);
    tree.makeDirectory("kubepods.slice/kubepods-besteffort.slice");
    tree.makeDirectory("state");
    tree.writeProc(busy_, idle_);
}

NodeInACluster::~NodeInACluster() = default;

void NodeInACluster::install(const std::vector<Json>& objects) {
    server.installDefinitions();
    server.installNodeRole();
    for (const auto& each : objects) {
        server.apply(each);
    }
}

std::string NodeInACluster::addPod(const std::string& name, int priority, const Json& labels) {
    auto pod = server.addPod("node-a", "jobs", name, labels);
    pod["spec"]["priority"] = priority;
    server.apply(pod);
    auto uid = pod.at("metadata").at("uid").get<std::string>();
    pods_[name] = {.cgroup = systemdPodPath("besteffort", uid)};
    tree.writeCgroup(pods_[name].cgroup);
    return uid;
}

void NodeInACluster::removeCgroup(const std::string& pod) {
    tree.remove(pods_.at(pod).cgroup);
    pods_.erase(pod);
}

void NodeInACluster::load(double node, const std::map<std::string, double>& pods) {
    nodeMillicores_ = node;
    for (const auto& [name, millicores] : pods) {
        pods_.at(name).millicores = millicores;
    }
}

void NodeInACluster::second() {
    now += 1s;
    busy_ += static_cast<unsigned long long>(nodeMillicores_ / 10); // 100 jiffies a second and CPU
    idle_ += static_cast<unsigned long long>((2000 - nodeMillicores_) / 10);
    tree.writeProc(busy_, idle_);
    for (auto& [name, pod] : pods_) {
        pod.usage += static_cast<unsigned long long>(pod.millicores * 1000);
        tree.write(pod.cgroup + "/cpu.stat", cpuStatText(pod.usage));
    }
    engine().tick(now);
    turn();
}

void NodeInACluster::seconds(int count) {
    for (int i = 0; i < count; ++i) {
        second();
    }
}

bool NodeInACluster::secondsUntil(const std::function<bool()>& holds, std::chrono::seconds most) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        second();
    }
    return true;
}

// ---- the daemon ---------------------------------------------------------------------------------

NodeInACluster::Run::Run(NodeInACluster& test)
    : engine({.cgroupMount = test.tree.root(),
              .probe = unified,
              .procRoot = test.tree.path("proc"),
              .runtimeDirectory = test.tree.path("run"),
              .nodeName = "host",
              .analyzer = {.evictionBudget = test.evictionBudget,
                           .evictionInterval = test.evictionInterval}},
             test.journal),
      cluster(std::make_unique<Cluster>(
          test.loop_,
          ClusterSettings{.credentials = {.kubeconfig = test.server.kubeconfig()},
                          .names = {.fallback = "host"},
                          .mirrorFile = test.tree.path("state/mirror.jsonl")},
          engine.published(), test.journal)) {
    const auto take = [this](Engine::News news) {
        engine.setPolicy(kube::merge(PolicySet{}, cluster->mirrored()), news);
    };
    cluster->onPolicy(take);
    cluster->onFinished([this] { engine.finishPending(); });
    cluster->onNodeName([this, take](const std::string& name) {
        engine.setNode(name, {});
        take(Engine::News::policies);
    });
    cluster->setEvictionInterval(test.evictionInterval);
    EXPECT_TRUE(engine.attach().has_value());
    engine.setCluster(cluster.get());
    engine.addListener(*cluster);
    cluster->start();
    take(Engine::News::policies);
}

void NodeInACluster::start() {
    run_ = std::make_unique<Run>(*this);
}

void NodeInACluster::join() {
    start();
    ASSERT_TRUE(turnUntil([this] { return state() == ClusterStatus::State::mirrored; }))
        << cluster().status().problem;
    second(); // the first sample of all rates
}

void NodeInACluster::stop() {
    engine().undoAll("stops");
    engine().removeListener(cluster());
    engine().setCluster(nullptr);
    cluster().stop();
    run_.reset();
}

/// What is ready, or becomes so within a moment.
void NodeInACluster::turn() {
    constexpr int kAtOnce = 100;
    auto patience = std::chrono::microseconds(5ms);
    for (int i = 0; i < kAtOnce; ++i) {
        if (sd_event_run(loop_.raw(), static_cast<std::uint64_t>(patience.count())) <= 0) {
            return;
        }
        patience = 0us;
    }
}

bool NodeInACluster::turnUntil(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        turn();
    }
    return true;
}

void NodeInACluster::pass(std::chrono::milliseconds real) {
    const auto end = std::chrono::steady_clock::now() + real;
    secondsUntil([end] { return std::chrono::steady_clock::now() >= end; });
}

// ---- the server ---------------------------------------------------------------------------------

bool NodeInACluster::isClosed() const {
    return node().value(Json::json_pointer("/spec/unschedulable"), false);
}

bool NodeInACluster::isMarked() const {
    return node().contains(Json::json_pointer("/metadata/annotations/plimsoll.org~1cordon"));
}

void NodeInACluster::setCordon(bool closed) {
    auto changed = node();
    changed["spec"]["unschedulable"] = closed;
    server.apply(changed);
}

std::string NodeInACluster::condition() const {
    const auto changed = node();
    for (const auto& each : changed.at("status").at("conditions")) {
        if (each.value("type", "") == "interference-identified") {
            return each.value("status", "");
        }
    }
    return "";
}

std::size_t NodeInACluster::eventsOf(const std::string& kind, const std::string& name,
                                     const std::string& reason) {
    const auto events = server.cluster().store().list("events").objects;
    return static_cast<std::size_t>(std::ranges::count_if(events, [&](const Json& event) {
        const auto about = event.value("involvedObject", Json::object());
        return about.value("kind", "") == kind && about.value("name", "") == name &&
               event.value("reason", "") == reason;
    }));
}

bool NodeInACluster::isLeaving(const std::string& name) const {
    const auto object = pod(name);
    return object.is_null() || object.at("metadata").contains("deletionTimestamp");
}

std::size_t NodeInACluster::evictionsAsked(const std::string& name) {
    return server.log().count("POST", name.empty() ? "/eviction" : "/pods/" + name + "/eviction");
}

} // namespace plimsoll::test
