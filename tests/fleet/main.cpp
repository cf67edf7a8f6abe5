// SPDX-License-Identifier: Apache-2.0
// plimsoll-fleet: what the cluster side of one node asks of an API server, measured at the test
// server's log. docs/fleet.md has the figures.
#include "kube/actions/events.hpp"
#include "kube/actions/evictions.hpp"
#include "kube/actions/node_condition.hpp"
#include "kube/actions/scheduling.hpp"
#include "kube/api/connection.hpp"
#include "kube/mirror/mirror.hpp"
#include "tests/apiserver/api_server.hpp"
#include "tests/fleet/objects.hpp"
#include "tests/integration/http/loop.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <optional>

namespace plimsoll::fleet {
namespace {

using namespace std::chrono_literals;
using kube::Kind;

struct Load {
    int pods = 110;
    std::size_t podBytes = 8192;
    std::size_t nodeBytes = 15'360;
    int policies = 20;
    std::size_t policyBytes = 1000;
    int rest = 70;      ///< seconds
    bool isOld = false; ///< the server has no streaming lists
};

constexpr const char* kNode = "node-a";
constexpr const char* kNodePath = "/api/v1/nodes/node-a";

struct Totals {
    std::size_t requests = 0, in = 0, out = 0, open = 0;
};

class Node {
public:
    explicit Node(const Load& load);

    void start();
    void rest();
    void renew();
    void changes();
    void restart();
    void incident();

private:
    [[nodiscard]] Totals totals();
    void show(const char* what, const Totals& before);
    void showEach(std::size_t first);
    [[nodiscard]] std::size_t connections() const;
    bool until(const std::function<bool()>& holds);
    void settle(); ///< what is under way comes in
    [[nodiscard]] bool isFollowing() const;
    [[nodiscard]] std::uint64_t lists() const;
    [[nodiscard]] const kube::StoredObject* own() const;

    Load load_;
    test::ApiServer server_;
    test::Loop loop_;
    kube::Credentials credentials_{loop_.raw(), {.kubeconfig = server_.kubeconfig()}};
    kube::Connection connection_{loop_.raw(), credentials_};
    std::optional<kube::Mirror> mirror_;
    Json firstPod_;
};

Node::Node(const Load& load) : load_(load) {
    server_.cluster().isOld = load_.isOld;
    server_.cluster().removesPods = false; // a grace of 30 s is longer than this
    server_.installDefinitions();
    server_.installNodeRole();
    server_.apply(nodeWithImages(kNode, load_.nodeBytes));
    for (int number = 0; number < load_.pods; ++number) {
        const Json made = server_.apply(pod(kNode, number, load_.podBytes));
        firstPod_ = number == 0 ? made : firstPod_;
    }
    for (int number = 0; number < load_.policies; ++number)
        server_.apply(policy(number, load_.policyBytes));
    fmt::print("one node: {} pods of {} bytes, {} policies of {}, a Node of {}; {}\n\n", load_.pods,
               load_.podBytes, load_.policies, load_.policyBytes, load_.nodeBytes,
               load_.isOld ? "plain lists" : "streaming lists");
    fmt::print("{:<52} {:>8} {:>9} {:>9} {:>7} {:>5}\n", "", "requests", "bytes in", "bytes out",
               "watches", "conns");
}

Totals Node::totals() {
    Totals sum;
    for (const auto& access : server_.log().entries()) {
        ++sum.requests;
        sum.in += access.bytesIn;
        sum.out += access.bytesOut;
        sum.open += access.isOpen ? 1U : 0U;
    }
    return sum;
}

/// In: to the server; out: from it.
void Node::show(const char* what, const Totals& before) {
    const Totals now = totals();
    fmt::print("{:<52} {:>8} {:>9} {:>9} {:>7} {:>5}\n", what, now.requests - before.requests,
               now.in - before.in, now.out - before.out, now.open, connections());
    std::fflush(stdout);
}

void Node::showEach(std::size_t first) {
    const auto entries = server_.log().entries();
    for (std::size_t at = first; at < entries.size(); ++at) {
        const auto& access = entries[at];
        fmt::print("  {:<6} {} {:>4} {:>9} {:>9}\n", access.method, access.path, access.status,
                   access.bytesIn, access.bytesOut);
    }
}

/// Of the server's end, as the kernel has them.
std::size_t Node::connections() const {
    const std::string url = server_.url();
    const std::string port = fmt::format(":{:04X} ", std::stoi(url.substr(url.rfind(':') + 1)));
    std::ifstream table("/proc/self/net/tcp");
    std::size_t count = 0;
    for (std::string line; std::getline(table, line);) {
        constexpr std::string_view kEstablished = " 01 ";
        const auto local = line.find(port);
        constexpr std::size_t kRemote = 20; // columns; the local address stands before
        count += local != std::string::npos && local < kRemote &&
                         line.find(kEstablished) != std::string::npos
                     ? 1U
                     : 0U;
    }
    return count;
}

bool Node::until(const std::function<bool()>& holds) {
    if (loop_.runUntil(holds, 60s))
        return true;
    throw std::runtime_error("nothing more happened for a minute");
}

void Node::settle() {
    loop_.runFor(1500ms);
}

bool Node::isFollowing() const {
    return std::ranges::all_of(kube::kKinds,
                               [&](Kind kind) { return mirror_->state(kind).following; });
}

std::uint64_t Node::lists() const {
    std::uint64_t sum = 0;
    for (const Kind kind : kube::kKinds)
        sum += mirror_->state(kind).lists;
    return sum;
}

const kube::StoredObject* Node::own() const {
    const auto& nodes = mirror_->objects().of(Kind::node);
    const auto found = nodes.find(kNode);
    return found == nodes.end() ? nullptr : &found->second;
}

void Node::start() {
    const Totals before = totals();
    mirror_.emplace(loop_.raw(), connection_, kNode);
    until([&] { return mirror_->complete() && isFollowing(); });
    settle();
    show("start", before);
}

/// The cluster goes on elsewhere, so there is something for bookmarks to say.
void Node::rest() {
    const Totals before = totals();
    for (int second = 0; second < load_.rest; second += 10) {
        server_.apply(pod("node-b", second, load_.podBytes));
        loop_.runFor(10s);
    }
    show(fmt::format("{} s at rest, pods come on another node", load_.rest).c_str(), before);
}

void Node::renew() {
    const Totals before = totals();
    server_.cutWatches();
    until([&] { return totals().requests >= before.requests + 5 && isFollowing(); });
    settle();
    show("five watches renewed where they were", before);
}

void Node::changes() {
    Totals before = totals();
    Json node = server_.get(kNodePath);
    node["status"]["conditions"][0]["lastHeartbeatTime"] = "2024-05-01T10:00:00Z";
    server_.apply(node);
    settle();
    show("the kubelet reports its Node", before);
    before = totals();
    Json changed = firstPod_;
    changed["status"]["podIP"] = "10.0.0.2";
    server_.apply(changed);
    settle();
    show("a pod of this node changes", before);
    before = totals();
    server_.apply(policy(0, load_.policyBytes + 20));
    settle();
    show("a policy changes", before);
}

/// It has forgotten all versions then.
void Node::restart() {
    const std::uint64_t listsBefore = lists();
    server_.stop();
    server_.apply(pod("node-b", load_.rest, load_.podBytes)); // so that each version is an old one
    loop_.runFor(3s);                                         // what fails meanwhile reaches no log
    const Totals before = totals();
    server_.start();
    const auto began = std::chrono::steady_clock::now();
    until([&] {
        return lists() >= listsBefore + kube::kKinds.size() && totals().open == kube::kKinds.size();
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    settle();
    show(fmt::format("the API server was away for 3 s (listed after {:.1f} s)", took.count())
             .c_str(),
         before);
}

void Node::incident() {
    kube::Scheduling scheduling(connection_, kNode, std::nullopt);
    kube::NodeCondition condition(loop_.raw(), connection_, kNode);
    kube::EventRecorder events(loop_.raw(), connection_, kNode);
    kube::Evictions evictions(connection_);
    const auto look = [&] {
        scheduling.observe(own());
        condition.observe(own());
    };
    look();
    mirror_->onChange([&](const kube::Mirror::Changes&) { look(); });
    const Totals before = totals();
    int done = 0;
    const auto settled = [&](const Result<void>& result) {
        if (!result)
            throw std::runtime_error(result.error().what);
        ++done;
    };
    scheduling.close({{.policy = "policy-0", .rule = "cpu"}}, settled);
    condition.want(true, "AvoidanceTriggered", "cpu_total_utilization is above 80");
    events.record({.warning = true, .reason = "AvoidanceTriggered", .message = "policy-0/cpu"});
    const Json& metadata = firstPod_.at("metadata");
    const std::string name = metadata.at("name");
    const std::string uid = metadata.at("uid");
    evictions.evict({.namespaceName = "default", .name = name, .uid = PodUid(uid)},
                    [&](const kube::EvictionAnswer& answer) {
                        done += answer.kind == kube::EvictionAnswer::Kind::accepted ? 1 : 0;
                    });
    events.record({.reason = "Evicted",
                   .message = "for policy-0/cpu",
                   .namespaceName = "default",
                   .podName = name,
                   .podUid = uid});
    until([&] { return done == 2 && events.counts().created == 2; });
    settle();
    scheduling.open(settled);
    condition.want(false, "RestoreTriggered", "quiet for 60 s");
    events.record({.reason = "RestoreTriggered", .message = "policy-0/cpu"});
    until([&] { return done == 3 && events.counts().created == 3; });
    settle();
    mirror_->onChange(nullptr);
    show("incident: closed, opened, condition, eviction, 3 Events", before);
    showEach(before.requests);
}

void run(const Load& load) {
    Node node(load);
    node.start();
    node.rest();
    node.renew();
    node.changes();
    node.restart();
    node.incident();
}

} // namespace
} // namespace plimsoll::fleet

int main(int argc, char** argv) {
    CLI::App app{"What the cluster side of one node asks of an API server."};
    plimsoll::fleet::Load load;
    app.add_option("--pods", load.pods);
    app.add_option("--pod-bytes", load.podBytes);
    app.add_option("--node-bytes", load.nodeBytes);
    app.add_option("--policies", load.policies);
    app.add_option("--policy-bytes", load.policyBytes);
    app.add_option("--rest", load.rest, "seconds");
    app.add_flag("--plain-lists", load.isOld, "a server without streaming lists");
    CLI11_PARSE(app, argc, argv);
    try {
        plimsoll::fleet::run(load);
    } catch (const std::exception& wrong) {
        std::cerr << wrong.what() << "\n";
        return 1;
    }
    return 0;
}
