// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.hpp"

#include "daemon/audit/journal.hpp"
#include "daemon/bus_listener.hpp"
#include "daemon/engine.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/log.hpp"
#include "kube/policy_directory.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

namespace plimsoll {
namespace {

analyzer::Settings analyzerSettings(const Config& config) {
    return {.excess = config.excessPercent / 100.0,
            .coolDownCap = config.coolDownCap,
            .maxReapply = config.maxReapply};
}

EngineSettings engineSettings(const Config& config) {
    return {.cgroupMount = config.cgroupMount,
            .cgroupRoot = config.cgroupRoot,
            .runtimeDirectory = config.runtimeDirectory,
            .nodeName = config.nodeName,
            .nodeLabels = config.nodeLabels,
            .analyzer = analyzerSettings(config)};
}

/// About ten kept-open files a pod; the usual soft limit of 1024 is too small for 110 pods.
void raiseFileLimit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void logAll(const std::vector<std::string>& errors) {
    for (const auto& error : errors) {
        spdlog::error("{}", error);
    }
}

class Daemon {
public:
    Daemon(ConfigPaths paths, Config config)
        : paths_(std::move(paths)), config_(std::move(config)),
          engine_(engineSettings(config_), journal_) {}

    int run() {
        raiseFileLimit();
        if (const auto attached = engine_.attach(); !attached) {
            sd_notifyf(0, "STATUS=refusing: %s", attached.error().what.c_str());
            return kExitConfig;
        }
        loadPolicies();
        bus_ = std::make_unique<BusListener>(loop_.raw(), engine_.published());
        engine_.setListener(bus_.get());
        loop_.everyInterval(config_.interval, [this](MonotonicTime deadline) { tick(deadline); });
        watch();
        const int code = loop_.run();
        engine_.setListener(nullptr);
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

    void loadPolicies() { engine_.setPolicy(kube::loadPolicyDirectory(config_.policyDirectory)); }

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
            configProblem_ = "; configuration error, the old one stays in force: " + loaded.error()[0];
        }
        loadPolicies();
        sd_notify(0, "READY=1");
        notifyStatus();
    }

    void takeOver(Config config) {
        if (config.cgroupMount != config_.cgroupMount || config.cgroupRoot != config_.cgroupRoot ||
            config.policyDirectory != config_.policyDirectory ||
            config.runtimeDirectory != config_.runtimeDirectory) {
            spdlog::warn("changed paths take effect when plimsolld is restarted");
            config.cgroupMount = config_.cgroupMount;
            config.cgroupRoot = config_.cgroupRoot;
            config.policyDirectory = config_.policyDirectory;
            config.runtimeDirectory = config_.runtimeDirectory;
        }
        config_ = std::move(config);
        configProblem_.clear();
        log::setLevel(config_.logLevel);
        loop_.changeInterval(config_.interval);
        engine_.setAnalyzerSettings(analyzerSettings(config_));
        spdlog::info("configuration reloaded");
    }

    void stop() {
        sd_notify(0, "STOPPING=1");
        engine_.undoAll("plimsolld stops");
        loop_.exit(EXIT_SUCCESS);
    }

    ConfigPaths paths_;
    Config config_;
    audit::Journal journal_;
    EventLoop loop_;
    Engine engine_;
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
    log::setLevel(config->logLevel);
    if (!config->logTarget.empty()) {
        log::setTarget(config->logTarget);
    }
    return Daemon(paths, std::move(*config)).run();
}

int undoLeftovers(const ConfigPaths& paths) {
    // A configuration that cannot be read any more must not stop the undo: defaults will do.
    const auto config = loadConfig(paths).value_or(Config{});
    const auto layout = cgroup::discoverLayout(config.cgroupMount, config.cgroupRoot);
    if (!layout) {
        spdlog::info("nothing to undo: {}", layout.error().what);
        return EXIT_SUCCESS;
    }
    audit::Journal journal;
    bool allDone = true;
    executor::Executor executor(*layout, config.runtimeDirectory);
    for (const auto& outcome : executor.undoLeftovers("plimsolld has ended")) {
        journal.write(audit::describeLeftover(outcome));
        allDone = allDone && (outcome.done || outcome.gone);
    }
    return allDone ? EXIT_SUCCESS : EXIT_FAILURE;
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
    const auto policy = kube::loadPolicyDirectory(config->policyDirectory);
    for (const auto& refusal : policy.refusals) {
        const bool isError = refusal.severity == Refusal::Severity::error;
        fmt::print(stderr, "{}: {}\n", isError ? "error" : "warning", refusal.text());
    }
    const auto errors = std::ranges::count(policy.refusals, Refusal::Severity::error,
                                           &Refusal::severity);
    fmt::print("configuration is good; {}: {} NodeQOS, {} PodQOS, {} AvoidanceAction, {} pods, "
               "{} errors\n",
               config->policyDirectory, policy.nodeQos.size(), policy.podQos.size(),
               policy.actions.size(), policy.pods.size(), errors);
    return errors == 0 ? EXIT_SUCCESS : 3;
}

} // namespace plimsoll
