// SPDX-License-Identifier: Apache-2.0
#include "daemon/engine.hpp"

#include "daemon/leftovers.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace plimsoll {
namespace {

/// kubelet makes its tree once when it starts; looking now and then is enough.
constexpr std::chrono::seconds kAttachInterval{5};

/// systemd tells each run apart by its invocation; started by hand the process id has to do.
std::string makeRunId() {
    const char* invocation = std::getenv("INVOCATION_ID");
    return invocation != nullptr ? std::string(invocation).substr(0, 8)
                                 : fmt::format("pid{}", getpid());
}

/// A rate needs two samples, so the first tick knows none: that is no news.
constexpr std::uint64_t kFirstRateTick = 2;

bool isAboutKnowing(audit::Event event) {
    return event == audit::Event::ruleUnknown || event == audit::Event::ruleKnown;
}

bool acts(VerdictKind kind) {
    return kind == VerdictKind::avoiding || kind == VerdictKind::recovering ||
           kind == VerdictKind::coolingDown;
}

/// Which entry, if any, tells an operator that a verdict moved. Unknown freezes a rule: when the
/// value is back, it goes on from where it was and nothing is triggered anew.
std::optional<audit::Event> transition(const Told& before, VerdictKind now) {
    using audit::Event;
    if (now == VerdictKind::unknown) {
        return before.unknown ? std::nullopt : std::optional(Event::ruleUnknown);
    }
    if (now == VerdictKind::invalid) {
        return before.known == now ? std::nullopt : std::optional(Event::ruleInvalid);
    }
    if (now == VerdictKind::avoiding && before.known != VerdictKind::avoiding &&
        before.known != VerdictKind::recovering) {
        return Event::ruleTriggered;
    }
    if (now == VerdictKind::coolingDown && before.known != now) {
        return Event::ruleCoolingDown;
    }
    if (now == VerdictKind::idle && acts(before.known)) {
        return Event::ruleRestored;
    }
    return before.unknown ? std::optional(Event::ruleKnown) : std::nullopt;
}

Told after(const Told& before, VerdictKind now) {
    return now == VerdictKind::unknown ? Told{.known = before.known, .unknown = true}
                                       : Told{.known = now};
}

/// Of the wall clock, for people.
std::int64_t realtimeNow() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

Engine::Engine(EngineSettings settings, audit::Sink& audit)
    : settings_(std::move(settings)), audit_(audit), runId_(makeRunId()) {
    published_.nodeName = settings_.nodeName;
    compile();
}

Engine::~Engine() = default;

Result<cgroup::Layout> Engine::discover() const {
    return cgroup::discoverLayout(settings_.cgroupMount, settings_.cgroupRoot, settings_.probe);
}

Result<void> Engine::attach() {
    auto layout = discover();
    if (!layout && layout.error().code != ENOENT) {
        const auto& error = layout.error();
        audit_.write({.event = audit::Event::nodeRefused,
                      .priority = audit::info(audit::Event::nodeRefused).priority,
                      .message = error.what,
                      .fields = {{"REASON", error.what}}});
        published_.mode = Mode::refusing;
        published_.modeReason = error.what;
        return std::unexpected(layout.error());
    }
    attached_ = layout.has_value();
    if (!layout) {
        spdlog::info("no pods yet: {}", layout.error().what);
        published_.modeReason = layout.error().what;
        layout = cgroup::Layout{.mount = settings_.cgroupMount, .kubepods = CgroupPath{}};
    } else {
        spdlog::info("pods are below {} ({} driver)", layout->kubepods.value,
                     cgroup::name(layout->driver));
        published_.modeReason = layout->limitation();
        if (!published_.modeReason.empty()) {
            spdlog::warn("{}", published_.modeReason);
        }
    }
    retireExecutor();
    undoLeftovers(settings_.runtimeDirectory, *layout, "left by an earlier run", audit_);
    if (attached_) {
        if (const auto done = rememberLayout(settings_.runtimeDirectory, *layout); !done) {
            spdlog::warn("{}", done.error().what);
        }
    }
    layout_ = *layout;
    collector_ = std::make_unique<collector::Collector>(
        collector::Sources{.procRoot = settings_.procRoot, .layout = *layout});
    makeExecutor(*layout);
    state_ = analyzer::State(); // a new collector counts its ticks from one
    return {};
}

/// What its worker still writes would otherwise land after the leftovers were undone, with no
/// record of it any more.
void Engine::retireExecutor() {
    if (!executor_) {
        return;
    }
    undoAll("pods are looked for anew");
    if (pendingWatcher_) {
        pendingWatcher_(-1);
    }
    executor_.reset();
}

void Engine::makeExecutor(const cgroup::Layout& layout) {
    executor_ = std::make_unique<executor::Executor>(layout, settings_.runtimeDirectory);
    if (pendingWatcher_) {
        pendingWatcher_(executor_->finishedDescriptor());
    }
}

void Engine::attachAgainIfNeeded(MonotonicTime now) {
    // kubelet may come later, turn controllers on, or come back with another driver.
    const bool complete = attached_ && published_.modeReason.empty() && published_.snapshot &&
                          !published_.snapshot->pods.empty();
    if (complete || (nextAttach_ && now < *nextAttach_)) {
        return;
    }
    nextAttach_ = now + kAttachInterval;
    const auto layout = discover();
    if (!collector_ || (layout && (layout->kubepods != layout_.kubepods ||
                                   layout->limitation() != layout_.limitation()))) {
        std::ignore = attach();
    }
}

void Engine::setPolicy(PolicySet policy, News news) {
    for (const auto& refusal : policy.refusals) {
        if (std::ranges::find(policy_.refusals, refusal) == policy_.refusals.end()) {
            audit_.write(audit::describe(refusal));
        }
    }
    policy_ = std::move(policy);
    if (!policy_.node) {
        policy_.node = Node{.name = settings_.nodeName, .labels = settings_.nodeLabels};
    }
    compile();
    published_.refusals = policy_.refusals;
    published_.objects = policy_.objects;
    if (news == News::podsOnly) {
        return;
    }
    ++published_.policyGeneration;
    audit_.write({.event = audit::Event::policyChanged,
                  .priority = audit::info(audit::Event::policyChanged).priority,
                  .message = fmt::format(
                      "policies: {} NodeQOS, {} PodQOS, {} AvoidanceAction, {} pods, {} remarks",
                      policy_.nodeQos.size(), policy_.podQos.size(), policy_.actions.size(),
                      policy_.pods.size(), policy_.refusals.size()),
                  .fields = {{"GENERATION", std::to_string(published_.policyGeneration)}}});
    for (auto* listener : listeners_) {
        listener->policyChanged();
    }
}

void Engine::setNode(std::string nodeName, Labels labels) {
    settings_.nodeName = std::move(nodeName);
    settings_.nodeLabels = std::move(labels);
    published_.nodeName = settings_.nodeName;
}

void Engine::setAnalyzerSettings(const analyzer::Settings& settings) {
    settings_.analyzer = settings;
    compile();
}

void Engine::compile() {
    compiled_ = analyzer::compile(policy_, settings_.analyzer);
}

void Engine::tick(MonotonicTime now) {
    attachAgainIfNeeded(now);
    if (!collector_) {
        return;
    }
    // Before the files are read: what is known to be written must be what is read.
    finishPending();
    published_.snapshot =
        collector_->collect(now, customSource_ ? customSource_(now) : noCustomSamples());
    noteTrouble();
    executor_->forgetVanished(*published_.snapshot);
    analyzer::decide(*compiled_, *published_.snapshot, hands(now), state_, decision_);
    failed_.clear();
    if (decision_.rulesChanged) {
        reportRules();
    }
    reportEffects();
    reportSources();
    carryOut(now);
    publish();
}

void Engine::noteTrouble() {
    const auto trouble = collector_->trouble();
    if (trouble.has_value() == lastTrouble_.empty()) {
        lastTrouble_ = trouble ? trouble->what : std::string();
        if (trouble) {
            spdlog::warn("{}", trouble->what);
            published_.lastError = trouble->what;
        }
    }
}

std::string Engine::planId(std::uint64_t tick) const {
    return fmt::format("{}-{}", runId_, tick);
}

void Engine::reportRules() {
    const auto plan = planId(decision_.plan.tick);
    for (const auto& rule : decision_.rules) {
        auto& told = toldVerdicts_[rule.key];
        const auto event = transition(told, rule.verdict.kind);
        told = after(told, rule.verdict.kind);
        if (!event || (published_.snapshot->tick <= kFirstRateTick && isAboutKnowing(*event))) {
            continue;
        }
        audit_.write(audit::describe(*event, rule, plan));
        for (auto* listener : listeners_) {
            if (*event == audit::Event::ruleTriggered) {
                listener->ruleTriggered(rule);
            }
            if (*event == audit::Event::ruleRestored) {
                listener->ruleRestored(rule);
            }
        }
    }
}

void Engine::reportEffects() {
    for (const auto& effect : decision_.effects) {
        explanations_.attach(effect);
        audit_.write(audit::describe(effect, planId(effect.planTick)));
    }
    for (const auto rule : decision_.scored) {
        audit_.write(audit::describePreview(decision_.rules[rule], planId(decision_.plan.tick)));
    }
}

/// A source that fails is said once, and once when it delivers again.
void Engine::reportSources() {
    const auto& now = published_.snapshot->custom;
    if (now == toldSources_) {
        return;
    }
    const auto isIn = [](const std::vector<SourceProblem>& problems, const SourceProblem& each) {
        return std::ranges::find(problems, each.source, &SourceProblem::source) != problems.end();
    };
    for (const auto& problem : now->problems) {
        if (std::ranges::find(toldSources_->problems, problem) == toldSources_->problems.end()) {
            audit_.write(audit::describeFailed(problem));
        }
    }
    for (const auto& problem : toldSources_->problems) {
        if (!isIn(now->problems, problem)) {
            audit_.write(audit::describeRecovered(problem));
        }
    }
    toldSources_ = now;
}

analyzer::Hands Engine::hands(MonotonicTime now) const {
    analyzer::Hands hands{
        .held = executor_->held(), .failed = failed_, .reclaiming = executor_->reclaiming()};
    if (cluster_ != nullptr) {
        const auto cluster = cluster_->hands(now);
        hands.evicted = cluster.evicted;
        hands.canEvict = cluster.canEvict;
        hands.canCloseNode = cluster.canCloseNode;
        hands.whyNotEvict = cluster.whyNotEvict;
        hands.closure = cluster.closure;
    }
    return hands;
}

/// Takes the steps that the API server has to do out of those that act, in their order.
std::vector<Outcome> Engine::beginInCluster(MonotonicTime now) {
    std::vector<Outcome> outcomes;
    for (const auto& step : decision_.plan.steps) {
        if (step.disposition == Disposition::act && isClusters(step.lever) && cluster_ != nullptr) {
            cluster_->begin(step, now);
            outcomes.push_back({.step = step, .pending = true, .writer = "cluster"});
        }
    }
    return outcomes;
}

void Engine::carryOut(MonotonicTime now) {
    // The API server is asked first: closing the node comes before everything else.
    auto outcomes = beginInCluster(now);
    // Also with nothing to do: it may have something to finish that systemd could not take yet.
    std::ranges::move(executor_->carryOut(decision_.plan), std::back_inserter(outcomes));
    const auto plan = planId(decision_.plan.tick);
    const auto* explanation = explanations_.record({.planId = plan,
                                                    .realtimeMicroseconds = realtimeNow(),
                                                    .rules = decision_.rules,
                                                    .plan = decision_.plan,
                                                    .outcomes = outcomes});
    for (const auto& outcome : outcomes) {
        report(outcome);
    }
    if (explanation == nullptr) {
        return;
    }
    // A preview is the same every tick; it is told once.
    const auto& steps = decision_.plan.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (explanations_.firsts()[i] && steps[i].disposition != Disposition::act) {
            tellUntaken(steps[i], now);
        }
    }
    audit_.write(audit::describe(*explanation));
}

/// Of an eviction that is only shown the API server knows whether it would allow it; it is told
/// with the answer then.
void Engine::tellUntaken(const Step& step, MonotonicTime now) {
    if (step.kind == StepKind::evict && step.disposition == Disposition::preview &&
        cluster_ != nullptr && cluster_->hands(now).canEvict) {
        cluster_->begin(step, now);
    } else {
        report(Outcome{.step = step});
    }
}

void Engine::finishPending() {
    if (executor_) {
        finish(executor_->takeFinished());
    }
    if (cluster_ != nullptr) {
        finish(cluster_->takeFinished());
    }
}

void Engine::finish(const std::vector<Outcome>& outcomes) {
    for (const auto& outcome : outcomes) {
        explanations_.finish(outcome);
        report(outcome);
        heldChanged_ = true;
    }
}

/// What the planner must not count on.
void Engine::noteFailure(const Outcome& outcome) {
    const auto& step = outcome.step;
    const bool isDown = step.kind == StepKind::throttle || step.kind == StepKind::reclaim ||
                        step.kind == StepKind::evict;
    const bool isAboutNode = step.lever == Lever::scheduling;
    if ((isDown || isAboutNode) && step.disposition == Disposition::act &&
        (step.pod || isAboutNode) && !outcome.done && !outcome.gone && !outcome.pending) {
        failed_.push_back({.inode = step.pod ? step.pod->cgroup.inode : 0,
                           .lever = step.lever,
                           .notBefore = outcome.retryAfter});
    }
}

void Engine::report(const Outcome& outcome) {
    noteFailure(outcome);
    if (outcome.pending) {
        return; // its end is told
    }
    if (outcome.gone) {
        lastFailure_.erase({outcome.step.podName, outcome.step.lever});
        return;
    }
    if (!outcome.done && outcome.step.disposition == Disposition::act) {
        published_.lastError = outcome.step.podName + ": " + outcome.error;
        auto& last = lastFailure_[{outcome.step.podName, outcome.step.lever}];
        if (last == outcome.error) {
            return;
        }
        last = outcome.error;
    } else {
        lastFailure_.erase({outcome.step.podName, outcome.step.lever});
    }
    audit_.write(audit::describe(outcome, planId(outcome.step.planTick)));
    for (auto* listener : listeners_) {
        listener->stepFinished(outcome);
    }
}

void Engine::forgetOldFailures() {
    std::erase_if(lastFailure_, [this](const auto& failure) {
        return std::ranges::find(decision_.pods, failure.first.first, &PodStatus::podName) ==
               decision_.pods.end();
    });
}

void Engine::publish() {
    const bool stepsDone = std::ranges::any_of(decision_.plan.steps, [](const Step& step) {
        return step.disposition == Disposition::act;
    });
    published_.rulesChanged = decision_.rulesChanged;
    published_.podsChanged = decision_.podsChanged || decision_.rulesChanged || stepsDone ||
                             std::exchange(heldChanged_, false) ||
                             published_.held.size() != executor_->held().size();
    if (decision_.podsChanged) {
        forgetOldFailures();
    }
    if (published_.podsChanged) {
        published_.held.assign(executor_->held().begin(), executor_->held().end());
        for (auto& held : published_.held) { // as they were when it was last changed
            std::erase_if(held.causes, [&](const RuleKey& rule) {
                return !analyzer::isLiveCause(state_, held, rule);
            });
        }
        published_.pods = decision_.pods;
    }
    published_.rules = decision_.rules;
    if (cluster_ != nullptr) {
        published_.cluster = cluster_->status();
    }
    const bool busy =
        !published_.held.empty() || published_.cluster.scheduling == NodeClosure::State::ours ||
        std::ranges::any_of(published_.rules,
                            [](const RuleStatus& rule) { return acts(rule.verdict.kind); });
    published_.mode = busy ? Mode::avoiding : Mode::watching;
    for (auto* listener : listeners_) {
        listener->tickDone();
    }
}

void Engine::undoAll(const std::string& reason) {
    if (!executor_) {
        return;
    }
    finish(executor_->undoAll(reason));
    published_.held.clear();
}

std::string Engine::statusLine() const {
    const auto count = [this](auto predicate) {
        return std::ranges::count_if(published_.rules, predicate);
    };
    const auto invalid =
        count([](const RuleStatus& rule) { return rule.verdict.kind == VerdictKind::invalid; });
    const auto acting = count([](const RuleStatus& rule) { return acts(rule.verdict.kind); });
    auto line = fmt::format("{}: {} rules ({} acting, {} invalid), {} pods, {} throttled",
                            name(published_.mode), published_.rules.size(), acting, invalid,
                            published_.pods.size(), published_.held.size());
    if (!published_.modeReason.empty()) {
        line += "; " + published_.modeReason;
    }
    return line;
}

} // namespace plimsoll
