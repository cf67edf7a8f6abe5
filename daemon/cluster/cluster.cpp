// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/cluster.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <utility>

namespace plimsoll {
namespace {

using kube::ApiHealth;
using kube::Kind;

/// A node that joins its cluster later, or whose credentials come later.
constexpr std::chrono::seconds kIdentifyAgain{30};

/// The file says when it was last right; in a quiet cluster nothing else would write it.
constexpr std::chrono::minutes kSaveAgain{5};

/// Right after its start an API server refuses for a second what it will allow then.
constexpr std::chrono::seconds kPoliciesWait{30};
constexpr std::chrono::seconds kLookAgain{5};

constexpr std::chrono::minutes kLeftoverAgain{1};

/// An eviction that had to wait longer than this until the node was closed is judged anew.
constexpr std::chrono::seconds kLongestAtTheDoor{5};

constexpr std::array kPolicies{Kind::nodeQos, Kind::podQos, Kind::avoidanceAction};

/// RBAC may be changed; asking now and then is enough.
constexpr std::chrono::minutes kForbiddenFor{5};

using WallClock = std::chrono::system_clock;

std::int64_t microsecondsOf(WallClock::time_point time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

std::optional<kube::EvictionOrder> orderOf(const Step& step, bool dryRun) {
    const auto slash = step.podName.find('/');
    if (!step.pod || slash == std::string::npos) {
        return std::nullopt;
    }
    return kube::EvictionOrder{.namespaceName = step.podName.substr(0, slash),
                               .name = step.podName.substr(slash + 1),
                               .uid = step.pod->uid,
                               .grace = step.grace,
                               .dryRun = dryRun};
}

} // namespace

Cluster::Cluster(EventLoop& loop, ClusterSettings settings, const Published& published,
                 audit::Sink& audit)
    : loop_(loop), settings_(std::move(settings)), published_(published), audit_(audit),
      startedAt_(monotonicNow()), nodeName_(settings_.names.given),
      credentials_(loop.raw(), settings_.credentials), connection_(loop.raw(), credentials_),
      identity_(settings_.names, credentials_, connection_), saver_(settings_.mirrorFile),
      evictions_(connection_), nextSave_(startedAt_ + kSaveAgain) {
    connection_.onHealthChange([this] { healthChanged(); });
    loadMirror();
    updateStatus();
}

Cluster::~Cluster() = default;

void Cluster::loadMirror() {
    auto saved = kube::loadMirror(settings_.mirrorFile, nodeName_);
    if (!saved) {
        if (saved.error().code != ENOENT) {
            spdlog::warn("{}; policies and pods of the cluster are not known before the API server "
                         "answers",
                         saved.error().what);
        }
        return;
    }
    const auto& header = saved->header;
    known_ = std::move(saved->store);
    mirrored_ = kube::decode(known_);
    status_.mirroredAt = microsecondsOf(header.savedAt);
    mirrorNode_ = header.nodeName;
    policiesKnown_ = true;
    audit_.write(audit::describe(audit::LoadedMirror{
        .file = settings_.mirrorFile,
        .policies = mirrored_.nodeQos.size() + mirrored_.podQos.size() + mirrored_.actions.size(),
        .pods = mirrored_.pods.size(),
        .age =
            std::chrono::duration_cast<std::chrono::seconds>(WallClock::now() - header.savedAt)}));
}

// ---- who we are ---------------------------------------------------------------------------------

void Cluster::start() {
    if (!nodeName_.empty()) {
        run(nodeName_);
    } else {
        identify();
    }
}

void Cluster::identify() {
    again_.reset();
    identity_.ask([this](const Result<std::string>& name) {
        if (name) {
            run(*name);
        } else {
            noteProblem(name.error());
            identifyLater();
        }
    });
}

void Cluster::identifyLater() {
    auto watch = loop_.after(kIdentifyAgain, [this] { identify(); });
    if (watch) {
        again_ = *std::move(watch);
    } else {
        spdlog::error("{}", watch.error().what);
    }
}

/// Of finding out who we are; afterwards the connection says what is wrong.
void Cluster::noteProblem(const Error& error) {
    if (!identityProblem_ || identityProblem_->what != error.what) {
        spdlog::log(error.code == ENOENT ? spdlog::level::info : spdlog::level::warn, "{}",
                    error.what);
    }
    identityProblem_ = error;
    updateStatus();
}

void Cluster::run(const std::string& nodeName) {
    nodeName_ = nodeName;
    identityProblem_.reset();
    spdlog::info("this is node {} of its cluster", nodeName);
    if (!mirrorNode_.empty() && mirrorNode_ != nodeName) {
        spdlog::warn("{} is of node {}, and this is {}: it is not used any more",
                     settings_.mirrorFile, mirrorNode_, nodeName);
        known_ = {};
        mirrored_ = {};
        status_.mirroredAt = 0;
        policiesKnown_ = false;
    }
    if (nodeNamed_) {
        nodeNamed_(nodeName);
    }
    scheduling_ = std::make_unique<kube::Scheduling>(connection_, nodeName, settings_.taint);
    condition_ = std::make_unique<kube::NodeCondition>(loop_.raw(), connection_, nodeName);
    if (settings_.events) {
        events_ = std::make_unique<kube::EventRecorder>(loop_.raw(), connection_, nodeName);
    }
    mirror_ = std::make_unique<kube::Mirror>(loop_.raw(), connection_, nodeName,
                                             std::exchange(known_, {}));
    mirror_->onChange([this](kube::Mirror::Changes changes) { mirrorChanged(changes); });
    lookForPolicies();
    updateStatus();
}

// ---- what is mirrored ---------------------------------------------------------------------------

void Cluster::mirrorChanged(kube::Mirror::Changes changes) {
    // Listed for the first time it may be just what the mirror on disk had.
    if ((changes.node || changes.state) && mirror_->state(Kind::node).listed) {
        const auto& nodes = mirror_->objects().of(Kind::node);
        const auto own = nodes.find(nodeName_);
        const auto* node = own == nodes.end() ? nullptr : &own->second;
        scheduling_->observe(node);
        condition_->observe(node);
    }
    const auto node = mirrored_.node;
    if (changes.policies || changes.pods || changes.node) {
        mirrored_ = kube::decode(mirror_->objects());
    }
    const bool isAnotherNode = node != mirrored_.node;
    const bool isFirst = !policiesKnown_ && hasEveryPolicy();
    policiesKnown_ = policiesKnown_ || isFirst;
    if (isFirst || changes.policies || changes.pods || changes.node) {
        saveMirror();
    }
    if (policiesKnown_ && policyChanged_) {
        if (isFirst || changes.policies || isAnotherNode) {
            policyChanged_(Engine::News::policies);
        } else if (changes.pods) {
            policyChanged_(Engine::News::podsOnly);
        }
    }
    updateStatus();
}

/// That a server goes on refusing is no change that anybody tells.
void Cluster::lookForPolicies() {
    mirrorChanged({});
    if (policiesKnown_) {
        again_.reset();
        return;
    }
    auto watch = loop_.after(kLookAgain, [this] { lookForPolicies(); });
    if (watch) {
        again_ = *std::move(watch);
    }
}

/// A kind that a server refuses (no RBAC) is waited for only so long. One that cannot be reached
/// refuses nothing.
bool Cluster::hasEveryPolicy() const {
    const bool hasWaited = reachableSince_ && monotonicNow() > *reachableSince_ + kPoliciesWait;
    return std::ranges::all_of(kPolicies, [&](Kind kind) {
        const auto& state = mirror_->state(kind);
        return state.listed || (hasWaited && state.problem.starts_with("403"));
    });
}

/// Who may be evicted stands in policies. What is remembered of those that cannot be read any more
/// is good for throttling, which can be undone, and not for this.
bool Cluster::isPermissionConfirmed() const {
    return std::ranges::all_of(kPolicies, [this](Kind kind) {
        return isFollowed(kind) || mirror_->objects().of(kind).empty();
    });
}

void Cluster::warnOf(const Result<void>& saved) {
    const auto what = saved ? std::string() : saved.error().what;
    if (!what.empty() && what != toldSaveError_) { // a full disk is said once
        spdlog::warn("{}", what);
    }
    toldSaveError_ = what;
}

void Cluster::saveMirror() {
    // Before this the file of the run before is the better one.
    if (!mirror_ || !policiesKnown_ || !mirror_->state(Kind::pod).listed ||
        !mirror_->state(Kind::node).listed) {
        return;
    }
    nextSave_ = monotonicNow() + kSaveAgain;
    warnOf(saver_.save(mirror_->objects(), {.nodeName = nodeName_,
                                            .server = connection_.health().server,
                                            .savedAt = WallClock::now()}));
}

void Cluster::stop() {
    warnOf(saver_.flush());
}

// ---- how it stands ------------------------------------------------------------------------------

bool Cluster::reachable() const {
    return connection_.health().state == ApiHealth::State::reachable;
}

bool Cluster::isFollowed(Kind kind) const {
    return mirror_ && mirror_->state(kind).listed && mirror_->state(kind).following;
}

void Cluster::healthChanged() {
    const auto& health = connection_.health();
    const bool isReached = health.state == ApiHealth::State::reachable;
    if (!isReached) {
        reachableSince_.reset();
    } else if (!reachableSince_) {
        reachableSince_ = monotonicNow();
    }
    const bool wasReached = toldHealth_ == ApiHealth::State::reachable;
    if (health.state != toldHealth_ &&
        (isReached || wasReached || toldHealth_ == ApiHealth::State::unknown)) {
        audit_.write(isReached ? audit::describeClusterReached(health.server)
                               : audit::describeClusterLost(health.server, health.problem));
    }
    toldHealth_ = health.state;
    updateStatus();
}

ClusterStatus::State Cluster::stateNow() const {
    const auto& health = connection_.health();
    if (health.state == ApiHealth::State::noCluster ||
        (identityProblem_ && identityProblem_->code == ENOENT)) {
        return ClusterStatus::State::noCluster;
    }
    if (!reachable()) {
        return ClusterStatus::State::unreachable;
    }
    return std::ranges::all_of(kube::kKinds, [this](Kind kind) { return isFollowed(kind); })
               ? ClusterStatus::State::mirrored
               : ClusterStatus::State::incomplete;
}

std::string Cluster::problemNow() const {
    if (identityProblem_) {
        return identityProblem_->what;
    }
    if (!connection_.health().problem.empty()) {
        return connection_.health().problem;
    }
    if (mirror_) {
        for (const auto kind : kube::kKinds) {
            if (const auto& problem = mirror_->state(kind).problem; !problem.empty()) {
                return fmt::format("{}: {}", name(kind), problem);
            }
        }
    }
    return scheduling_ ? scheduling_->warning() : "";
}

void Cluster::updateStatus() {
    status_.state = stateNow();
    status_.problem = problemNow();
    status_.server = connection_.health().server;
    status_.scheduling = scheduling_ ? scheduling_->closure().state : NodeClosure::State::unknown;
    if (status_.state == ClusterStatus::State::mirrored) {
        status_.mirroredAt = microsecondsOf(WallClock::now());
    }
}

// ---- hands --------------------------------------------------------------------------------------

bool Cluster::canAct(Kind kind) const {
    return reachable() && isFollowed(kind);
}

std::string_view Cluster::whyNotEvict(MonotonicTime now) const {
    // Whom the run before has evicted is not known: its budget may be used up.
    if (now < startedAt_ + evictionInterval_) {
        return "plimsolld has just started, and waits for one interval of their budget";
    }
    if (forbiddenAt_ && now < *forbiddenAt_ + kForbiddenFor) {
        return "the credentials may not evict pods";
    }
    if (!isPermissionConfirmed()) {
        return "the cluster's policies cannot be read now, and may have changed";
    }
    return "";
}

ClusterPort::Hands Cluster::hands(MonotonicTime now) {
    ledger_.forget(mirrored_.pods, evictionInterval_, now);
    if (status_.state == ClusterStatus::State::mirrored) {
        status_.mirroredAt = microsecondsOf(WallClock::now());
        if (now >= nextSave_) {
            saveMirror();
        }
    }
    Hands hands{.evicted = ledger_.evicted()};
    if (canAct(Kind::pod)) {
        hands.whyNotEvict = whyNotEvict(now);
        hands.canEvict = hands.whyNotEvict.empty();
    }
    hands.canCloseNode = canAct(Kind::node);
    if (hands.canCloseNode) {
        takeLeftoverMark(now);
    }
    // A node that is closed for rules that do not exist is opened: not before it is known which do.
    if (scheduling_ && policiesKnown_) {
        hands.closure = &scheduling_->closure();
    }
    return hands;
}

/// Somebody has opened the node that we had closed: our mark goes, or the next cordon would pass
/// for ours.
void Cluster::takeLeftoverMark(MonotonicTime now) {
    if (!scheduling_->hasLeftover() || scheduling_->closure().changing || now < nextLeftover_) {
        return;
    }
    nextLeftover_ = now + kLeftoverAgain;
    scheduling_->open([this](const Result<void>& result) {
        const auto why = result ? std::string() : result.error().what;
        if (!why.empty() && why != toldLeftover_) {
            spdlog::warn("taking our mark off the Node: {}", why);
        }
        toldLeftover_ = why;
        afterDoor();
    });
}

void Cluster::begin(const Step& step, MonotonicTime now) {
    if (step.kind == StepKind::evict) {
        evict(step, now);
        return;
    }
    auto done = [this, step](const Result<void>& result) {
        finish({.step = step,
                .done = result.has_value(),
                // Somebody else has closed it: it stays so, and nothing has failed.
                .gone = !result && result.error().code == EEXIST,
                .writer = "cluster",
                .error = result ? "" : result.error().what});
        afterDoor();
    };
    if (!scheduling_) {
        refuse(step, "there is no connection to the API server");
    } else if (step.kind == StepKind::openNode) {
        scheduling_->open(std::move(done));
    } else {
        scheduling_->close(step.causes, std::move(done));
    }
}

void Cluster::evict(const Step& step, MonotonicTime now) {
    const bool isPreview = step.disposition != Disposition::act;
    const auto order = orderOf(step, isPreview);
    if (!order) {
        refuse(step, "no Pod object is known for it");
        return;
    }
    if (!isPreview) {
        ledger_.ask(order->uid, order->grace, now);
    }
    // What replaces the pod is made at once: by then this node has to be closed.
    if (!isPreview && scheduling_ && scheduling_->closure().changing) {
        behindDoor_.push_back({step, now});
    } else {
        sendEviction(step);
    }
}

void Cluster::sendEviction(const Step& step) {
    if (const auto order = orderOf(step, step.disposition != Disposition::act)) {
        evictions_.evict(
            *order, [this, step](const kube::EvictionAnswer& answer) { evicted(step, answer); });
    }
}

/// That the node could not be closed does not stop evictions. Those that had to wait long, or have
/// nobody to ask, are judged anew.
void Cluster::afterDoor() {
    const auto now = monotonicNow();
    for (const auto& [step, since] : std::exchange(behindDoor_, {})) {
        if (canAct(Kind::pod) && now - since <= kLongestAtTheDoor) {
            sendEviction(step);
        } else {
            ledger_.answered(step.pod->uid, kube::EvictionAnswer::Kind::refused);
            finish({.step = step,
                    .writer = "cluster",
                    .error = "closing the node took too long: it is judged anew"});
        }
    }
}

void Cluster::evicted(const Step& step, const kube::EvictionAnswer& answer) {
    using Answer = kube::EvictionAnswer::Kind;
    Outcome outcome{.step = step,
                    .done = answer.kind == Answer::accepted,
                    .gone = answer.kind == Answer::gone,
                    .writer = "cluster",
                    .error = outcome.done ? "" : answer.text,
                    .retryAfter = answer.retryAfter.value_or(std::chrono::seconds(0))};
    if (step.disposition == Disposition::act) {
        ledger_.answered(step.pod->uid, answer.kind);
        if (answer.kind == Answer::forbidden) {
            forbiddenAt_ = monotonicNow();
        }
    } else {
        outcome.step.reason += outcome.done
                                   ? "; the API server would allow it"
                                   : "; the API server would not allow it now: " + answer.text;
        outcome.done = false;
        outcome.error.clear();
    }
    finish(std::move(outcome));
}

/// The engine is in the middle of a tick: it takes this in the next one.
void Cluster::refuse(const Step& step, std::string error) {
    finished_.push_back({.step = step, .writer = "cluster", .error = std::move(error)});
}

void Cluster::finish(Outcome outcome) {
    finished_.push_back(std::move(outcome));
    updateStatus();
    if (stepFinished_) {
        stepFinished_();
    }
}

// ---- what is told -------------------------------------------------------------------------------

void Cluster::ruleTriggered(const RuleStatus& rule) {
    if (events_ && rule.rule.strategy != Strategy::preview) {
        events_->record(triggeredNote(rule));
    }
}

void Cluster::ruleRestored(const RuleStatus& rule) {
    if (events_ && rule.rule.strategy != Strategy::preview) {
        events_->record(restoredNote(rule));
    }
}

void Cluster::stepFinished(const Outcome& outcome) {
    const auto note = noteOf(outcome, throttled_);
    if (note && events_) {
        events_->record(*note);
    }
}

void Cluster::tickDone() {
    if (!condition_ || !(published_.rulesChanged || std::exchange(isConditionDue_, false))) {
        return;
    }
    auto now = interferenceOf(published_.rules);
    condition_->want(now.identified, std::move(now.reason), std::move(now.message));
}

} // namespace plimsoll
