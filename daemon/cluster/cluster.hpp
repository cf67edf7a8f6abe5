// SPDX-License-Identifier: Apache-2.0
// The node's side of its cluster, wired to the loop: who we are, what is mirrored, and what the API
// server does for the engine.
#pragma once

#include "daemon/audit/journal.hpp"
#include "daemon/cluster/event_texts.hpp"
#include "daemon/cluster/eviction_ledger.hpp"
#include "daemon/cluster/node_identity.hpp"
#include "daemon/engine.hpp"
#include "daemon/event_loop.hpp"
#include "kube/actions/node_condition.hpp"
#include "kube/actions/scheduling.hpp"
#include "kube/api/connection.hpp"
#include "kube/credentials/credentials.hpp"
#include "kube/mirror/mirror.hpp"
#include "kube/mirror/mirror_saver.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

struct ClusterSettings {
    kube::CredentialSettings credentials;
    NodeNames names;
    std::string mirrorFile;
    std::optional<kube::TaintSetting> taint;
    bool events = true;
    friend bool operator==(const ClusterSettings&, const ClusterSettings&) = default;
};

class Cluster : public ClusterPort, public Listener {
public:
    /// Reads the mirror on disk at once. `published` is the engine's.
    Cluster(EventLoop& loop, ClusterSettings settings, const Published& published,
            audit::Sink& audit);
    ~Cluster() override;
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    /// What is mirrored is another set, or some step has come to its end. Called from the loop.
    void onPolicy(std::function<void(Engine::News)> handler) {
        policyChanged_ = std::move(handler);
    }
    void onFinished(std::function<void()> handler) { stepFinished_ = std::move(handler); }
    /// Whom the credentials are for; called once that is known.
    void onNodeName(std::function<void(const std::string&)> handler) {
        nodeNamed_ = std::move(handler);
    }

    /// For so long an eviction counts against the budget.
    void setEvictionInterval(std::chrono::seconds interval) { evictionInterval_ = interval; }

    /// Turns to the API server.
    void start();
    /// Writes the mirror to the disk.
    void stop();

    /// Nothing before all of it is known.
    [[nodiscard]] PolicySet mirrored() const { return policiesKnown_ ? mirrored_ : PolicySet{}; }

    // ClusterPort
    Hands hands(MonotonicTime now) override;
    void begin(const Step& step, MonotonicTime now) override;
    std::vector<Outcome> takeFinished() override { return std::exchange(finished_, {}); }
    [[nodiscard]] const ClusterStatus& status() const override { return status_; }

    // Listener
    void ruleTriggered(const RuleStatus& rule) override;
    void ruleRestored(const RuleStatus& rule) override;
    void stepFinished(const Outcome& outcome) override;
    void policyChanged() override {}
    void tickDone() override;

private:
    void loadMirror();
    void identify();
    void identifyLater();
    void noteProblem(const Error& error);
    void run(const std::string& nodeName);
    void mirrorChanged(kube::Mirror::Changes changes);
    void saveMirror();
    void warnOf(const Result<void>& saved);
    void healthChanged();
    void updateStatus();
    [[nodiscard]] ClusterStatus::State stateNow() const;
    [[nodiscard]] std::string problemNow() const;
    [[nodiscard]] bool reachable() const;
    [[nodiscard]] bool isFollowed(kube::Kind kind) const;
    [[nodiscard]] std::string_view whyNotEvict(MonotonicTime now) const;
    [[nodiscard]] bool canAct(kube::Kind kind) const;
    void lookForPolicies();
    [[nodiscard]] bool hasEveryPolicy() const;
    [[nodiscard]] bool isPermissionConfirmed() const;
    void takeLeftoverMark(MonotonicTime now);

    void evict(const Step& step, MonotonicTime now);
    void sendEviction(const Step& step);
    void afterDoor();
    void evicted(const Step& step, const kube::EvictionAnswer& answer);
    void refuse(const Step& step, std::string error);
    void finish(Outcome outcome);

    EventLoop& loop_;
    ClusterSettings settings_;
    const Published& published_;
    audit::Sink& audit_;
    std::function<void(Engine::News)> policyChanged_;
    std::function<void()> stepFinished_;
    std::function<void(const std::string&)> nodeNamed_;

    MonotonicTime startedAt_;
    std::string nodeName_;   ///< empty: not known yet
    std::string mirrorNode_; ///< of the mirror on disk; empty: there was none
    kube::ObjectStore known_;
    std::optional<Error> identityProblem_; ///< until the node is known
    PolicySet mirrored_;
    bool policiesKnown_ = false; ///< all of them: half of a set would be judged wrongly
    ClusterStatus status_;
    std::optional<MonotonicTime> reachableSince_;
    std::string toldLeftover_; ///< why our mark could not be taken off, as it was told last
    kube::ApiHealth::State toldHealth_ = kube::ApiHealth::State::unknown;
    EvictionLedger ledger_;
    std::chrono::seconds evictionInterval_{60};
    struct Waiting {
        Step step;
        MonotonicTime since;
    };
    std::vector<Waiting> behindDoor_;          ///< evictions that wait until the node is closed
    std::optional<MonotonicTime> forbiddenAt_; ///< when an eviction was last not allowed at all
    std::vector<Outcome> finished_;
    ThrottledPods throttled_;
    bool isConditionDue_ = true; ///< what an earlier run left is to be put right

    // In the order in which they lean on each other.
    kube::Credentials credentials_;
    kube::Connection connection_;
    NodeIdentity identity_;
    kube::MirrorSaver saver_;
    std::string toldSaveError_;
    std::unique_ptr<kube::Mirror> mirror_; ///< this and what follows: once the node is known
    std::unique_ptr<kube::Scheduling> scheduling_;
    kube::Evictions evictions_;
    std::unique_ptr<kube::EventRecorder> events_;
    std::unique_ptr<kube::NodeCondition> condition_;
    EventLoop::Watch again_;
    MonotonicTime nextSave_;
    MonotonicTime nextLeftover_;
};

} // namespace plimsoll
