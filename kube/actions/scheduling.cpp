// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/scheduling.hpp"

#include "kube/actions/node_patches.hpp"
#include "kube/actions/node_view.hpp"
#include "kube/api/paths.hpp"
#include "kube/api/status.hpp"

#include <cerrno>
#include <deque>
#include <new>
#include <utility>

namespace plimsoll::kube {
namespace {

/// Each with the newest Node. The kubelet writes to the Node every few seconds at most, so more
/// than one conflict is a rare event.
constexpr unsigned kMostTries = 5;

constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kConflict = 409;
/// Of a JSON patch: a test did not hold, or there was nothing to remove (measured).
constexpr int kUnprocessable = 422;

bool isSuccess(const http::Answer& answer) {
    return answer.status / 100 == 2;
}

} // namespace

struct Scheduling::Impl : std::enable_shared_from_this<Impl> {
    struct Order {
        bool close = false;
        std::vector<RuleKey> causes;
        Done done;
    };

    Impl(Api& usedApi, std::string name, std::optional<TaintSetting> wanted, WallClock time)
        : api(usedApi), nodeName(std::move(name)), taint(std::move(wanted)),
          clock(std::move(time)) {}

    void observe(const StoredObject* object);
    void add(Order order);

    void begin();
    void advance();
    void advanceClosing(const NodeView& seen);
    void advanceOpening(const NodeView& seen);
    void askForNode();
    void takeNode(const http::Answer& answer);
    void send(NodePatch patch);
    void takePatched(const NodePatch& patch, const http::Answer& answer);
    void leaveTaint(const std::string& why);
    void finish(Result<void> result);

    void request(ApiRequest wanted, std::function<void(const http::Answer&)> take);

    const NodeView* remember(std::string_view json, const std::string& version = {});
    void show();
    [[nodiscard]] bool mayConcernTaint(const NodeView& seen) const;
    [[nodiscard]] std::unexpected<Error> failure(const std::string& why, int code = 0) const;

    Api& api;
    std::string nodeName;
    std::optional<TaintSetting> taint;
    WallClock clock;

    std::optional<NodeView> node; ///< the newest that is known
    /// Of the server's last answer to us; what is older is not believed until the mirror has got
    /// this far. Empty: it has.
    std::string answeredVersion;
    NodeClosure closure;

    std::deque<Order> orders; ///< the first is under way
    unsigned tries = 0;
    bool fresh = false;        ///< `node` was asked for since the last try: it is whole and new
    bool withoutTaint = false; ///< this order leaves taints alone
    bool taintRefused = false; ///< said once
    std::string caveat;        ///< of this order
    std::string warning;       ///< of the last one
    http::Call call;
};

/// Null: it is not this Node, and what the Node is like is not known. Nor is it without a version:
/// a patch with none changes whatever is there.
const NodeView* Scheduling::Impl::remember(std::string_view json, const std::string& version) {
    node = readNode(json);
    if (node && !version.empty()) {
        node->resourceVersion = version;
    }
    if (node && (node->name != nodeName || node->resourceVersion.empty())) {
        node.reset();
    }
    return node ? &*node : nullptr;
}

void Scheduling::Impl::show() {
    closure = node ? closureOf(*node) : NodeClosure{};
    closure.changing = !orders.empty();
}

/// The server's versions are numbers that grow, which it promises only since 1.35; but all servers
/// before do so, too, and where they are no numbers everything is believed. Waiting for exactly
/// the version that the server answered would not end: the mirror may go past it in one step.
void Scheduling::Impl::observe(const StoredObject* object) {
    if (object != nullptr && !answeredVersion.empty() &&
        isOlderVersion(object->resourceVersion, answeredVersion)) {
        return;
    }
    answeredVersion.clear();
    fresh = false;
    if (object == nullptr) {
        node.reset();
    } else {
        remember(object->json, object->resourceVersion);
    }
    show();
}

void Scheduling::Impl::add(Order order) {
    orders.push_back(std::move(order));
    show();
    if (orders.size() == 1) {
        begin();
    }
}

void Scheduling::Impl::begin() {
    tries = 0;
    fresh = false;
    withoutTaint = false;
    caveat.clear();
    advance();
}

/// Taints are one list, which is replaced as a whole: that takes the whole Node, and the mirror's
/// is cut down.
bool Scheduling::Impl::mayConcernTaint(const NodeView& seen) const {
    return !withoutTaint && ((taint && !taintRefused) || markOf(seen).taint);
}

void Scheduling::Impl::advance() {
    if (!node || (!fresh && mayConcernTaint(*node))) {
        askForNode();
    } else if (orders.front().close) {
        advanceClosing(*node);
    } else {
        advanceOpening(*node);
    }
}

void Scheduling::Impl::advanceClosing(const NodeView& seen) {
    const auto& causes = orders.front().causes;
    if (seen.unschedulable && !seen.mark) {
        fresh ? finish(failure("somebody else has closed it already", EEXIST)) : askForNode();
        return;
    }
    const std::string now = formatTimestamp(clock());
    send(mayConcernTaint(seen) ? closePatch(seen, causes, taintRefused ? std::nullopt : taint, now)
                               : closePatchWithoutTaint(seen, causes, now));
}

void Scheduling::Impl::advanceOpening(const NodeView& seen) {
    if (seen.mark) {
        send(mayConcernTaint(seen) ? openPatch(seen) : openPatchWithoutTaint(seen));
    } else if (!fresh) {
        askForNode();
    } else if (seen.unschedulable) {
        finish(failure("it is closed by somebody else, and stays so", EEXIST));
    } else {
        finish({});
    }
}

void Scheduling::Impl::request(ApiRequest wanted, std::function<void(const http::Answer&)> take) {
    const auto path = path::node(nodeName);
    if (!path) {
        finish(failure(path.error().what));
        return;
    }
    wanted.path = *path;
    call = api.send(std::move(wanted), [weak = weak_from_this(), take = std::move(take)](
                                           const Result<http::Answer>& answer) {
        const auto self = weak.lock();
        if (!self) {
            return;
        }
        try {
            answer ? take(*answer) : self->finish(self->failure(answer.error().what));
        } catch (const std::bad_alloc&) { // an order that is never finished would block the others
            self->finish(fail(ENOMEM, "no memory"));
        }
    });
}

void Scheduling::Impl::askForNode() {
    request({.method = http::Method::get},
            [this](const http::Answer& answer) { takeNode(answer); });
}

void Scheduling::Impl::takeNode(const http::Answer& answer) {
    if (!isSuccess(answer)) {
        if (answer.status == kNotFound) {
            node.reset();
        }
        finish(failure(readStatus(answer).text()));
        return;
    }
    const NodeView* const seen = remember(answer.body);
    answeredVersion = seen != nullptr ? seen->resourceVersion : std::string();
    fresh = seen != nullptr;
    show();
    if (seen == nullptr) {
        finish(failure("the API server answered with something that is not this Node"));
        return;
    }
    advance();
}

void Scheduling::Impl::send(NodePatch patch) {
    if (tries == kMostTries) {
        finish(failure("others kept changing the Node, gave up after " +
                       std::to_string(kMostTries) + " tries"));
        return;
    }
    ++tries;
    ApiRequest wanted{
        .method = http::Method::patch, .contentType = patch.contentType, .body = patch.body};
    request(std::move(wanted), [this, patch = std::move(patch)](const http::Answer& answer) {
        takePatched(patch, answer);
    });
}

void Scheduling::Impl::takePatched(const NodePatch& patch, const http::Answer& answer) {
    const bool closing = orders.front().close;
    if (isSuccess(answer)) {
        const NodeView* const seen = remember(answer.body);
        answeredVersion = seen != nullptr ? seen->resourceVersion : std::string();
        finish({});
    } else if (answer.status == kConflict || (answer.status == kUnprocessable && !closing)) {
        fresh = false;
        askForNode();
    } else if (patch.changesTaints &&
               (answer.status == kForbidden || answer.status == kUnprocessable)) {
        leaveTaint(readStatus(answer).text());
        advance();
    } else {
        finish(failure(readStatus(answer).text()));
    }
}

void Scheduling::Impl::leaveTaint(const std::string& why) {
    withoutTaint = true;
    const auto left = node ? markOf(*node).taint : std::nullopt;
    if (left && !orders.front().close) {
        caveat = "the taint " + left->key + " stays on node " + nodeName + ": " + why +
                 "; take it away with: kubectl taint nodes " + nodeName + " " + left->key + ":" +
                 left->effect + "-";
    } else if (!taintRefused) {
        caveat = "node " + nodeName + " is closed without the taint " + (taint ? taint->key : "") +
                 ": " + why;
    }
    taintRefused = true;
}

std::unexpected<Error> Scheduling::Impl::failure(const std::string& why, int code) const {
    return fail(code, (orders.front().close ? "closing node " : "opening node ") + nodeName +
                          " for new pods: " + why);
}

void Scheduling::Impl::finish(Result<void> result) {
    const Done done = std::move(orders.front().done);
    orders.pop_front();
    warning = std::exchange(caveat, {});
    show();
    if (!orders.empty()) {
        begin();
    }
    try {
        done(std::move(result));
    } catch (...) {
        return; // the other orders are not to blame
    }
}

Scheduling::Scheduling(Api& api, std::string nodeName, std::optional<TaintSetting> taint,
                       WallClock clock)
    : impl_(std::make_shared<Impl>(api, std::move(nodeName), std::move(taint), std::move(clock))) {}

Scheduling::~Scheduling() = default;

void Scheduling::observe(const StoredObject* node) {
    impl_->observe(node);
}

const NodeClosure& Scheduling::closure() const {
    return impl_->closure;
}

bool Scheduling::hasLeftover() const {
    const auto& node = impl_->node;
    return node && !node->unschedulable && node->mark;
}

const std::string& Scheduling::warning() const {
    return impl_->warning;
}

void Scheduling::close(std::vector<RuleKey> causes, Done done) {
    impl_->add({.close = true, .causes = std::move(causes), .done = std::move(done)});
}

void Scheduling::open(Done done) {
    impl_->add({.close = false, .causes = {}, .done = std::move(done)});
}

} // namespace plimsoll::kube
