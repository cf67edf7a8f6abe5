// SPDX-License-Identifier: Apache-2.0
// One tick: collect → decide → carry out → say so. Holds no logic of its own.
#pragma once

#include "cgroup/layout.hpp"
#include "daemon/analyzer/analyzer.hpp"
#include "daemon/audit/journal.hpp"
#include "daemon/cluster_port.hpp"
#include "daemon/collector/collector.hpp"
#include "daemon/executor/executor.hpp"
#include "daemon/explanations.hpp"
#include "daemon/model/published.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Who wants to hear of changes: the D-Bus service, the Events of the cluster.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void ruleTriggered(const RuleStatus& rule) = 0;
    virtual void ruleRestored(const RuleStatus& rule) = 0;
    virtual void stepFinished(const Outcome& outcome) = 0;
    virtual void policyChanged() = 0;
    virtual void tickDone() = 0;
};

/// What the audit said last of a rule.
struct Told {
    VerdictKind known = VerdictKind::idle; ///< the last verdict that was not unknown
    bool unknown = false;
};

struct EngineSettings {
    std::string cgroupMount = "/sys/fs/cgroup";
    std::optional<CgroupPath> cgroupRoot; ///< kubelet's --cgroup-root
    cgroup::Hierarchy (*probe)(const std::string&) =
        cgroup::probeHierarchy; ///< tests bring their own
    std::string procRoot = "/proc";
    std::string runtimeDirectory = "/run/plimsoll";
    std::string nodeName;
    Labels nodeLabels; ///< used while no Node object is known
    analyzer::Settings analyzer;
};

class Engine {
public:
    Engine(EngineSettings settings, audit::Sink& audit);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    void addListener(Listener& listener) { listeners_.push_back(&listener); }
    void removeListener(Listener& listener) { std::erase(listeners_, &listener); }

    /// Evicts pods and closes the node; null: nobody does.
    void setCluster(ClusterPort* cluster) { cluster_ = cluster; }

    /// Where the custom metrics of a tick come from.
    using CustomSource = std::function<std::shared_ptr<const CustomSamples>(MonotonicTime now)>;
    void setCustomSource(CustomSource source) { customSource_ = std::move(source); }

    /// Told which descriptor is readable when finishPending() has something to do, and -1 before
    /// that descriptor is closed. To be set before attach().
    using PendingWatcher = std::function<void(int descriptor)>;
    void setPendingWatcher(PendingWatcher watcher) { pendingWatcher_ = std::move(watcher); }

    /// Looks for the kubepods tree and puts back what an earlier run left there. ENOENT is not an
    /// error: kubelet may come later, and the engine looks again now and then. ENOTSUP: this node
    /// can never be protected as it is; the text says what to change.
    Result<void> attach();

    /// Pods come and go all the time: that is no news to an operator.
    enum class News : std::uint8_t { policies, podsOnly };
    /// Takes over policies; what removed ones had caused is undone in the next tick.
    void setPolicy(PolicySet policy, News news = News::policies);
    /// As taken over: with a Node, also where no Node object is known.
    [[nodiscard]] const PolicySet& policy() const { return policy_; }
    /// For the next setPolicy(): what counts while no Node object is known.
    void setNode(std::string nodeName, Labels labels);
    void setAnalyzerSettings(const analyzer::Settings& settings);

    void tick(MonotonicTime now);

    /// Steps that were handed to a worker or to the API server, and which have come to their end.
    void finishPending();

    /// Puts back everything held on this host. A node that is closed stays closed: it is not known
    /// here whether a restart follows.
    void undoAll(const std::string& reason);

    [[nodiscard]] const Published& published() const { return published_; }
    /// "watching: 3 rules, 12 pods" for systemctl status.
    [[nodiscard]] std::string statusLine() const;

private:
    [[nodiscard]] Result<cgroup::Layout> discover() const;
    void attachAgainIfNeeded(MonotonicTime now);
    void noteTrouble();
    void compile();
    void retireExecutor();
    void makeExecutor(const cgroup::Layout& layout);
    [[nodiscard]] analyzer::Hands hands(MonotonicTime now) const;
    void carryOut(MonotonicTime now);
    std::vector<Outcome> beginInCluster(MonotonicTime now);
    void tellUntaken(const Step& step, MonotonicTime now);
    void finish(const std::vector<Outcome>& outcomes);
    void report(const Outcome& outcome);
    void noteFailure(const Outcome& outcome);
    void reportRules();
    void reportEffects();
    void reportSources();
    void forgetOldFailures();
    void publish();
    [[nodiscard]] std::string planId(std::uint64_t tick) const;

    EngineSettings settings_;
    audit::Sink& audit_;
    std::vector<Listener*> listeners_;
    ClusterPort* cluster_ = nullptr;

    PolicySet policy_;
    std::shared_ptr<const analyzer::CompiledPolicy> compiled_;
    analyzer::State state_;
    analyzer::Decision decision_;

    cgroup::Layout layout_;
    bool attached_ = false;
    std::optional<MonotonicTime> nextAttach_;
    std::unique_ptr<collector::Collector> collector_;
    std::unique_ptr<executor::Executor> executor_;

    CustomSource customSource_;
    PendingWatcher pendingWatcher_;
    std::shared_ptr<const CustomSamples> toldSources_ = noCustomSamples();

    std::string planText_;
    std::string runId_; ///< tells the plans of this run from those of an earlier one
    std::map<RuleKey, Told> toldVerdicts_;
    std::string lastTrouble_; ///< of the collector; said when it comes, not every tick
    /// By pod and lever; the same failure is said once.
    std::map<std::pair<std::string, Lever>, std::string> lastFailure_;
    std::vector<analyzer::FailedStep> failed_; ///< steps down of the last tick
    bool heldChanged_ = false;                 ///< by a write that came to its end
    Published published_;
    Explanations explanations_{published_.explanations};
};

} // namespace plimsoll
