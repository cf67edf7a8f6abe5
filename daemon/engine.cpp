// SPDX-License-Identifier: Apache-2.0
#include "daemon/engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
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

/// Which entry, if any, tells an operator that a verdict moved from `before` to `now`.
std::optional<audit::Event> transition(VerdictKind before, VerdictKind now) {
    using audit::Event;
    if (before == now) {
        return std::nullopt;
    }
    if (now == VerdictKind::unknown) {
        return Event::ruleUnknown;
    }
    if (now == VerdictKind::invalid) {
        return Event::ruleInvalid;
    }
    if (now == VerdictKind::avoiding && before != VerdictKind::recovering) {
        return Event::ruleTriggered;
    }
    if (now == VerdictKind::coolingDown) {
        return Event::ruleCoolingDown;
    }
    if (now == VerdictKind::idle && acts(before)) {
        return Event::ruleRestored;
    }
    if (before == VerdictKind::unknown) {
        return Event::ruleKnown;
    }
    return std::nullopt;
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
    collector_ = std::make_unique<collector::Collector>(
        collector::Sources{.procRoot = settings_.procRoot, .layout = *layout});
    executor_ = std::make_unique<executor::Executor>(*layout, settings_.runtimeDirectory);
    state_ = analyzer::State(); // a new collector counts its ticks from one
    if (attached_) {
        for (const auto& outcome : executor_->undoLeftovers("left by an earlier run")) {
            audit_.write(audit::describeLeftover(outcome));
        }
    }
    return {};
}

void Engine::attachAgainIfNeeded(MonotonicTime now) {
    if (attached_ || (nextAttach_ && now < *nextAttach_)) {
        return;
    }
    nextAttach_ = now + kAttachInterval;
    if (!collector_ || discover().has_value()) {
        std::ignore = attach();
    }
}

void Engine::setPolicy(PolicySet policy) {
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
    ++published_.policyGeneration;
    published_.refusals = policy_.refusals;
    audit_.write({.event = audit::Event::policyChanged,
                  .priority = audit::info(audit::Event::policyChanged).priority,
                  .message = fmt::format(
                      "policies: {} NodeQOS, {} PodQOS, {} AvoidanceAction, {} pods, {} remarks",
                      policy_.nodeQos.size(), policy_.podQos.size(), policy_.actions.size(),
                      policy_.pods.size(), policy_.refusals.size()),
                  .fields = {{"GENERATION", std::to_string(published_.policyGeneration)}}});
    if (listener_ != nullptr) {
        listener_->policyChanged();
    }
}

void Engine::setAnalyzerSettings(const analyzer::Settings& settings) {
    settings_.analyzer = settings;
    compile();
}

void Engine::compile() { compiled_ = analyzer::compile(policy_, settings_.analyzer); }

void Engine::tick(MonotonicTime now) {
    attachAgainIfNeeded(now);
    if (!collector_) {
        return;
    }
    published_.snapshot = collector_->collect(now);
    noteTrouble();
    executor_->forgetVanished(*published_.snapshot);
    analyzer::decide(*compiled_, *published_.snapshot, executor_->held(), state_, decision_);
    if (decision_.rulesChanged) {
        reportRules(planId());
    }
    if (!decision_.plan.empty()) {
        carryOut(planId());
    }
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

std::string Engine::planId() const {
    return fmt::format("{}-{}", runId_, published_.snapshot ? published_.snapshot->tick : 0);
}

void Engine::reportRules(const std::string& planId) {
    for (const auto& rule : decision_.rules) {
        const auto before = std::ranges::find(previousRules_, rule.key, &RuleStatus::key);
        const auto beforeKind =
            before == previousRules_.end() ? VerdictKind::idle : before->verdict.kind;
        const auto event = transition(beforeKind, rule.verdict.kind);
        if (!event || (published_.snapshot->tick <= kFirstRateTick && isAboutKnowing(*event))) {
            continue;
        }
        audit_.write(audit::describe(*event, rule, planId));
        if (listener_ != nullptr && *event == audit::Event::ruleTriggered) {
            listener_->ruleTriggered(rule);
        }
        if (listener_ != nullptr && *event == audit::Event::ruleRestored) {
            listener_->ruleRestored(rule);
        }
    }
}

void Engine::carryOut(const std::string& planId) {
    // A preview is the same every tick; it is told once, in the tick that triggered the rule.
    for (const auto& step : decision_.plan.steps) {
        if (step.preview && decision_.rulesChanged) {
            report(Outcome{.step = step}, planId);
        }
    }
    for (const auto& outcome : executor_->carryOut(decision_.plan)) {
        report(outcome, planId);
    }
}

void Engine::report(const Outcome& outcome, const std::string& planId) {
    if (outcome.gone) {
        return;
    }
    if (!outcome.done && !outcome.step.preview) {
        published_.lastError = outcome.step.podName + ": " + outcome.error;
        auto& last = lastFailure_[outcome.step.podName];
        if (last == outcome.error) {
            return;
        }
        last = outcome.error;
    } else {
        lastFailure_.erase(outcome.step.podName);
    }
    audit_.write(audit::describe(outcome, planId));
    if (listener_ != nullptr) {
        listener_->stepFinished(outcome);
    }
}

void Engine::publish() {
    const bool stepsDone = !decision_.plan.empty();
    published_.rulesChanged = decision_.rulesChanged;
    published_.podsChanged = decision_.podsChanged || stepsDone ||
                             published_.held.size() != executor_->held().size();
    if (published_.podsChanged) {
        published_.held.assign(executor_->held().begin(), executor_->held().end());
        published_.pods = decision_.pods;
    }
    if (decision_.rulesChanged) {
        previousRules_ = decision_.rules;
    }
    published_.rules = decision_.rules;
    const bool busy = !published_.held.empty() ||
                      std::ranges::any_of(published_.rules, [](const RuleStatus& rule) {
                          return acts(rule.verdict.kind);
                      });
    published_.mode = busy ? Mode::avoiding : Mode::watching;
    if (listener_ != nullptr) {
        listener_->tickDone();
    }
}

void Engine::undoAll(const std::string& reason) {
    if (!executor_) {
        return;
    }
    for (const auto& outcome : executor_->undoAll(reason)) {
        report(outcome, planId());
    }
    published_.held.clear();
}

std::string Engine::statusLine() const {
    const auto count = [this](auto predicate) {
        return std::ranges::count_if(published_.rules, predicate);
    };
    const auto invalid = count(
        [](const RuleStatus& rule) { return rule.verdict.kind == VerdictKind::invalid; });
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
