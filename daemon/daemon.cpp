// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.hpp"

#include "cgroup/descriptor.hpp"
#include "daemon/audit/journal.hpp"
#include "daemon/bus_listener.hpp"
#include "daemon/cluster/cluster.hpp"
#include "daemon/cluster/open_node.hpp"
#include "daemon/custom_sources.hpp"
#include "daemon/engine.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/leftovers.hpp"
#include "daemon/log.hpp"
#include "kube/policy_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <systemd/sd-daemon.h>

namespace plimsoll {
namespace {

analyzer::Settings analyzerSettings(const Config& config) {
    return {.excess = config.excessPercent / 100.0,
            .coolDownCap = config.coolDownCap,
            .maxReapply = config.maxReapply,
            .batch = config.batch,
            .evictionBudget = config.evictionBudget,
            .evictionInterval = config.evictionInterval,
            .effectAfter = config.effectAfter,
            .futileFor = config.futileFor,
            .metrics = config.metrics};
}

/// As long as the credentials do not say better.
std::string nodeNameOf(const Config& config) {
    return config.nodeName.empty() ? defaultNodeName() : config.nodeName;
}

ClusterSettings clusterSettings(const Config& config) {
    return {.credentials = {.kubeconfig = config.kubeconfig, .servers = config.clusterServers},
            .names = {.given = config.nodeName, .fallback = defaultNodeName()},
            .mirrorFile = config.stateDirectory + "/mirror.jsonl",
            .taint = config.taint,
            .events = config.clusterEvents};
}

EngineSettings engineSettings(const Config& config) {
    return {.cgroupMount = config.cgroupMount,
            .cgroupRoot = config.cgroupRoot,
            .runtimeDirectory = config.runtimeDirectory,
            .nodeName = nodeNameOf(config),
            .nodeLabels = config.nodeLabels,
            .analyzer = analyzerSettings(config)};
}

void logAll(const std::vector<std::string>& errors) {
    for (const auto& error : errors) {
        spdlog::error("{}", error);
    }
}

void applyLogSettings(const Config& config) {
    log::setLevel(config.logLevel);
    log::setTarget(config.logTarget);
}

/// Two daemons on one tree would undo each other's changes. Held until the process ends.
Result<cgroup::Descriptor> lockRuntimeDirectory(const std::string& directory) {
    std::error_code ignored;
    std::filesystem::create_directories(directory, ignored);
    const auto path = directory + "/lock";
    cgroup::Descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.isOpen()) {
        return fail(errno, "opening " + path + ": " + std::strerror(errno));
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(errno, "another plimsolld runs on this node (it holds " + path + ")");
    }
    return lock;
}

class Daemon {
public:
    Daemon(ConfigPaths paths, Config config)
        : paths_(std::move(paths)), config_(std::move(config)), sources_(loop_, config_),
          engine_(engineSettings(config_), journal_) {
        engine_.setCustomSource([this](MonotonicTime now) { return sources_.samples(now); });
        engine_.setPendingWatcher([this](int descriptor) { watchPending(descriptor); });
    }

    int run() {
        if (const auto attached = engine_.attach(); !attached) {
            sd_notifyf(0, "STATUS=refusing: %s", attached.error().what.c_str());
            return kExitConfig;
        }
        joinCluster();
        loadPolicies();
        bus_ = std::make_unique<BusListener>(
            loop_.raw(), engine_.published(),
            [this](const dbus::RecordedMetric& metric) { return sources_.record(metric); });
        engine_.addListener(*bus_);
        loop_.everyInterval(config_.interval, [this](MonotonicTime deadline) { tick(deadline); });
        watch();
        const int code = loop_.run();
        engine_.removeListener(*bus_);
        leaveCluster();
        return code < 0 ? EXIT_FAILURE : code;
    }

private:
    void watch() {
        const auto must = [](const Result<void>& result) {
            if (!result) {
                spdlog::warn("{}", result.error().what);
            }
        };
        must(loop_.onSignal(SIGTERM, [this] { stop(); }));
        must(loop_.onSignal(SIGINT, [this] { stop(); }));
        must(loop_.onSignal(SIGHUP, [this] { reload(); }));
        must(loop_.onDirectoryChange(config_.policyDirectory, [this] { loadPolicies(); }));
    }

    void joinCluster() {
        if (!config_.clusterEnabled) {
            return;
        }
        cluster_ = std::make_unique<Cluster>(loop_, clusterSettings(config_), engine_.published(),
                                             journal_);
        cluster_->onPolicy([this](Engine::News news) { applyPolicies(news); });
        cluster_->onFinished([this] { engine_.finishPending(); });
        cluster_->onNodeName([this](const std::string& name) {
            if (name == engine_.published().nodeName) {
                return;
            }
            engine_.setNode(name, config_.nodeLabels);
            applyPolicies(Engine::News::policies);
        });
        cluster_->setEvictionInterval(config_.evictionInterval);
        engine_.setCluster(cluster_.get());
        engine_.addListener(*cluster_);
        cluster_->start();
    }

    void leaveCluster() {
        if (cluster_) {
            engine_.removeListener(*cluster_);
            engine_.setCluster(nullptr);
            cluster_->stop();
        }
    }

    /// Writes that block are done by a worker; their ends are dealt with as they come.
    void watchPending(int descriptor) {
        pending_.reset();
        if (descriptor < 0) {
            return;
        }
        auto watch = loop_.onReadable(descriptor, [this] { engine_.finishPending(); });
        if (watch) {
            pending_ = *std::move(watch);
        } else { // every tick looks, too
            spdlog::warn("{}", watch.error().what);
        }
    }

    void tick(MonotonicTime deadline) {
        const auto now = monotonicNow();
        const auto lag = now - deadline;
        if (lag > config_.interval) {
            spdlog::warn("the loop is {} ms late",
                         std::chrono::duration_cast<std::chrono::milliseconds>(lag).count());
        }
        engine_.tick(now);
        if (!ready_) {
            ready_ = true;
            sd_notify(0, "READY=1");
        }
        if (engine_.published().rulesChanged || engine_.published().podsChanged) {
            notifyStatus();
        }
    }

    void notifyStatus() {
        sd_notifyf(0, "STATUS=%s%s", engine_.statusLine().c_str(), configProblem_.c_str());
    }

    void loadPolicies() {
        auto policy = kube::loadPolicyDirectory(config_.policyDirectory);
        const auto unreadable = std::ranges::find_if(policy.refusals, [this](const Refusal& each) {
            return each.severity == Refusal::Severity::error &&
                   each.file == config_.policyDirectory;
        });
        if (unreadable != policy.refusals.end()) {
            spdlog::error("{}; the policies in force stay", unreadable->text());
        } else {
            localPolicies_ = std::move(policy);
        }
        applyPolicies(Engine::News::policies);
    }

    /// The node's own files and what the cluster has.
    void applyPolicies(Engine::News news) {
        engine_.setPolicy(
            kube::merge(localPolicies_, cluster_ ? cluster_->mirrored() : PolicySet{}), news);
        sources_.setPolicy(engine_.policy(), config_);
    }

    void reload() {
        const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
            monotonicNow().time_since_epoch());
        sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(micros.count()));
        auto loaded = loadConfig(paths_);
        if (loaded) {
            takeOver(std::move(*loaded));
        } else {
            logAll(loaded.error());
            spdlog::error("the configuration was not reloaded; the old one stays in force");
            configProblem_ =
                "; configuration error, the old one stays in force: " + loaded.error()[0];
        }
        loadPolicies();
        sd_notify(0, "READY=1");
        notifyStatus();
    }

    void keepWhatNeedsARestart(Config& config) const {
        config.cgroupMount = config_.cgroupMount;
        config.cgroupRoot = config_.cgroupRoot;
        config.policyDirectory = config_.policyDirectory;
        config.textfileDirectory = config_.textfileDirectory;
        config.runtimeDirectory = config_.runtimeDirectory;
        config.stateDirectory = config_.stateDirectory;
        config.nodeName = config_.nodeName;
        config.clusterEnabled = config_.clusterEnabled;
        config.kubeconfig = config_.kubeconfig;
        config.clusterServers = config_.clusterServers;
        config.clusterEvents = config_.clusterEvents;
        config.taint = config_.taint;
    }

    void takeOver(Config config) {
        const auto wanted = config;
        keepWhatNeedsARestart(config);
        if (config != wanted) {
            spdlog::warn("changed paths, and what is said of the cluster and of the node's name, "
                         "take effect when plimsolld is restarted");
        }
        config_ = std::move(config);
        configProblem_.clear();
        applyLogSettings(config_);
        loop_.changeInterval(config_.interval);
        engine_.setNode(engine_.published().nodeName, config_.nodeLabels);
        engine_.setAnalyzerSettings(analyzerSettings(config_));
        if (cluster_) {
            cluster_->setEvictionInterval(config_.evictionInterval);
        }
        spdlog::info("configuration reloaded");
    }

    void stop() {
        sd_notify(0, "STOPPING=1");
        loop_.exit(EXIT_SUCCESS); // first: whatever the undo meets, no tick follows it
        engine_.undoAll("plimsolld stops");
    }

    ConfigPaths paths_;
    Config config_;
    audit::Journal journal_;
    EventLoop loop_;
    CustomSources sources_;
    EventLoop::Watch pending_; ///< of a descriptor that the engine owns, and gone before it
    Engine engine_;
    PolicySet localPolicies_;
    std::unique_ptr<Cluster> cluster_; ///< none: turned off
    std::unique_ptr<BusListener> bus_;
    std::string configProblem_; ///< shown behind the status line until a reload succeeds
    bool ready_ = false;
};

} // namespace

int runDaemon(const ConfigPaths& paths) {
    auto config = loadConfig(paths);
    if (!config) {
        logAll(config.error());
        return kExitConfig;
    }
    applyLogSettings(*config);
    const auto lock = lockRuntimeDirectory(config->runtimeDirectory);
    if (!lock) {
        spdlog::error("{}", lock.error().what);
        return EXIT_FAILURE;
    }
    return Daemon(paths, std::move(*config)).run();
}

int undoLeftovers(const ConfigPaths& paths) {
    // A configuration that cannot be read any more must not stop the undo: defaults will do.
    const auto config = loadConfig(paths).value_or(Config{});
    const auto lock = lockRuntimeDirectory(config.runtimeDirectory);
    if (!lock) {
        spdlog::error("not undone: {}", lock.error().what);
        return EXIT_FAILURE;
    }
    // Without a tree today there may still be the one of the run before.
    const auto layout = cgroup::discoverLayout(config.cgroupMount, config.cgroupRoot)
                            .value_or(cgroup::Layout{.mount = config.cgroupMount});
    audit::Journal journal;
    const bool allDone =
        undoLeftovers(config.runtimeDirectory, layout, "plimsolld has ended", journal);
    return allDone ? EXIT_SUCCESS : EXIT_FAILURE;
}

int openNode(const ConfigPaths& paths) {
    constexpr std::chrono::seconds kLongest{30};
    const auto config = loadConfig(paths).value_or(Config{});
    EventLoop loop;
    const auto opened =
        openNode(loop, {.kubeconfig = config.kubeconfig, .servers = config.clusterServers},
                 {.given = config.nodeName, .fallback = defaultNodeName()}, kLongest);
    if (opened || opened.error().code == ENOENT) {
        return EXIT_SUCCESS;
    }
    spdlog::error("the node may still be closed by Plimsoll: {}; \"kubectl uncordon {}\" opens it",
                  opened.error().what, nodeNameOf(config));
    return EXIT_FAILURE;
}

int checkConfig(const ConfigPaths& paths, bool configOnly) {
    const auto config = loadConfig(paths);
    if (!config) {
        for (const auto& error : config.error()) {
            fmt::print(stderr, "{}\n", error);
        }
        return EXIT_FAILURE;
    }
    if (configOnly) {
        return EXIT_SUCCESS;
    }
    auto policy = kube::loadPolicyDirectory(config->policyDirectory);
    kube::checkReferences(policy); // as far as they can be known without the cluster
    for (const auto& refusal : policy.refusals) {
        const bool isError = refusal.severity == Refusal::Severity::error;
        fmt::print(stderr, "{}: {}\n", isError ? "error" : "warning", refusal.text());
    }
    const auto errors =
        std::ranges::count(policy.refusals, Refusal::Severity::error, &Refusal::severity);
    fmt::print("configuration is good; {}: {} NodeQOS, {} PodQOS, {} AvoidanceAction, {} pods, "
               "{} errors\n",
               config->policyDirectory, policy.nodeQos.size(), policy.podQos.size(),
               policy.actions.size(), policy.pods.size(), errors);
    return errors == 0 ? EXIT_SUCCESS : 3;
}

} // namespace plimsoll
