// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/node_condition.hpp"

#include "kube/actions/backoff.hpp"
#include "kube/actions/json_text.hpp"
#include "kube/actions/text.hpp"
#include "kube/actions/timer.hpp"
#include "kube/api/bounded_json.hpp"
#include "kube/api/paths.hpp"
#include "kube/api/status.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

constexpr const char* kType = "interference-identified";
constexpr std::size_t kLongestMessage = 1024; // bytes, as of an Event

struct Wanted {
    bool identified = false;
    std::string reason;
    std::string message;
    WallTime since;
};

/// Strategic, which merges conditions by their type: any other patch replaces those of the kubelet.
std::string patchText(const Wanted& wanted, WallTime now) {
    const Json condition{{"type", kType},
                         {"status", wanted.identified ? "True" : "False"},
                         {"reason", wanted.reason},
                         {"message", wanted.message},
                         {"lastHeartbeatTime", formatTimestamp(now)},
                         {"lastTransitionTime", formatTimestamp(wanted.since)}};
    return jsonText({{"status", {{"conditions", Json::array({condition})}}}});
}

struct Observed {
    std::string uid;
    bool identified = false;
};

/// None: it is not this Node.
std::optional<Observed> readCondition(std::string_view text, const std::string& nodeName) {
    const auto json = boundedJson(text);
    if (!json || stringAt(objectAt(*json, "metadata"), "name") != nodeName) {
        return std::nullopt;
    }
    Observed observed{.uid = stringAt(objectAt(*json, "metadata"), "uid")};
    const Json& status = objectAt(*json, "status");
    const auto conditions = status.find("conditions");
    if (conditions != status.end() && conditions->is_array()) {
        observed.identified = std::ranges::any_of(*conditions, [](const Json& each) {
            return stringAt(each, "type") == kType && stringAt(each, "status") == "True";
        });
    }
    return observed;
}

} // namespace

struct NodeCondition::Impl : std::enable_shared_from_this<Impl> {
    Impl(sd_event* event, Api& usedApi, std::string name, WallClock time)
        : api(usedApi), nodeName(std::move(name)), clock(std::move(time)),
          retry(event, "node-condition-retry", [this] { advance(); }) {}

    void observe(const StoredObject* node);
    void want(bool identified, std::string reason, const std::string& message);
    void advance();
    void send(const Wanted& now);
    void take(bool sent, const Result<http::Answer>& answer);
    void tryLater(const std::string& why, std::chrono::seconds atLeast);
    void setProblem(const std::string& why);

    Api& api;
    std::string nodeName;
    WallClock clock;
    Timer retry;
    std::minstd_rand random{std::random_device{}()};

    std::optional<Wanted> wanted;
    std::string uid;    ///< of the Node that was observed
    bool known = false; ///< that there is such a Node
    bool told = false;  ///< the server has taken what we sent
    /// What the server has; none: a request ended without an answer, it may have either.
    std::optional<bool> has;
    unsigned failures = 0;
    bool asking = false;
    std::string problem;
    http::Call call;
};

void NodeCondition::Impl::observe(const StoredObject* node) {
    const auto observed = node != nullptr ? readCondition(node->json, nodeName) : std::nullopt;
    if (!observed) {
        return;
    }
    const bool isAnother = observed->uid != uid;
    uid = observed->uid;
    if (!known || isAnother || (!told && has)) {
        has = observed->identified;
        told = false;
    }
    known = true;
    advance();
}

void NodeCondition::Impl::want(bool identified, std::string reason, const std::string& message) {
    const bool changes = !wanted || wanted->identified != identified;
    wanted = Wanted{.identified = identified,
                    .reason = std::move(reason),
                    .message = shortened(message, kLongestMessage),
                    .since = changes ? clock() : wanted->since};
    advance();
}

void NodeCondition::Impl::advance() {
    if (!known || !wanted || asking || retry.isSet()) {
        return;
    }
    if (has == wanted->identified) {
        failures = 0;
        problem.clear();
    } else {
        send(*wanted);
    }
}

void NodeCondition::Impl::send(const Wanted& now) {
    auto path = path::nodeStatus(nodeName);
    if (!path) {
        setProblem(path.error().what);
        return;
    }
    ApiRequest request{.method = http::Method::patch,
                       .path = *std::move(path),
                       .contentType = "application/strategic-merge-patch+json",
                       .body = patchText(now, clock())};
    call = api.send(std::move(request), [weak = weak_from_this(), sent = now.identified](
                                            const Result<http::Answer>& answer) {
        if (const auto self = weak.lock()) {
            self->take(sent, answer);
        }
    });
    asking = true;
}

void NodeCondition::Impl::take(bool sent, const Result<http::Answer>& answer) {
    asking = false;
    if (answer && answer->status / 100 == 2) {
        has = sent;
        told = true;
        failures = 0;
        problem.clear();
        advance();
        return;
    }
    if (!answer || answer->status / 100 == 5) {
        has.reset();
    }
    if (!answer) {
        tryLater(answer.error().what, {});
        return;
    }
    const ApiStatus status = readStatus(*answer);
    tryLater(status.text(), status.retryAfter.value_or(std::chrono::seconds{0}));
}

void NodeCondition::Impl::setProblem(const std::string& why) {
    problem = "the condition " + std::string(kType) + " of node " + nodeName + ": " + why;
}

void NodeCondition::Impl::tryLater(const std::string& why, std::chrono::seconds atLeast) {
    setProblem(why);
    ++failures;
    const double share = std::uniform_real_distribution<double>(0, 1)(random);
    retry.set(std::max<std::chrono::milliseconds>(backoff(failures, share), atLeast));
}

NodeCondition::NodeCondition(sd_event* event, Api& api, std::string nodeName, WallClock clock)
    : impl_(std::make_shared<Impl>(event, api, std::move(nodeName), std::move(clock))) {}

NodeCondition::~NodeCondition() = default;

void NodeCondition::observe(const StoredObject* node) {
    impl_->observe(node);
}

void NodeCondition::want(bool identified, std::string reason, const std::string& message) {
    impl_->want(identified, std::move(reason), message);
}

const std::string& NodeCondition::problem() const {
    return impl_->problem;
}

http::Call removeCondition(Api& api, const std::string& nodeName,
                           std::function<void(Result<void>)> done) {
    const Json removal{{"$patch", "delete"}, {"type", kType}};
    const auto path = path::nodeStatus(nodeName);
    if (!path) {
        done(std::unexpected(path.error()));
        return {};
    }
    return api.send({.method = http::Method::patch,
                     .path = *path,
                     .contentType = "application/strategic-merge-patch+json",
                     .body = jsonText({{"status", {{"conditions", Json::array({removal})}}}})},
                    [done = std::move(done)](const Result<http::Answer>& answer) {
                        if (!answer) {
                            done(std::unexpected(answer.error()));
                            return;
                        }
                        const auto status = readStatus(*answer);
                        done(status.isSuccess() ? Result<void>{} : fail(0, status.text()));
                    });
}

} // namespace plimsoll::kube
