// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/credentials.hpp"

#include "kube/credentials/discovery.hpp"
#include "kube/credentials/material.hpp"
#include "kube/credentials/plugin_run.hpp"
#include "kube/http/event_source.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace plimsoll::kube {
namespace {

using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kFilesHold = 60s;     ///< kubelet renews a certificate long before it expires
constexpr auto kFailureHolds = 5s;   ///< whoever waits backs off, too
constexpr auto kTryAgain = 200ms;    ///< a file is being replaced
constexpr int kMostTries = 15;       ///< three seconds
constexpr auto kPluginTimeout = 30s; ///< of one run
constexpr auto kPluginRest = 10s;    ///< between runs that a 401 asks for
constexpr auto kBeforeExpiry = 60s;  ///< a plugin is run again so long before
constexpr std::uint64_t kTimerAccuracy = 10'000; // µs

WallTime wallNow() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

} // namespace

struct Credentials::Impl : std::enable_shared_from_this<Impl> {
    Impl(sd_event* on, CredentialSettings what) : event(on), settings(std::move(what)) {
        sd_event_source* source = nullptr;
        const int status =
            sd_event_add_time(on, &source, CLOCK_MONOTONIC, 0, kTimerAccuracy, &Impl::wakeUp, this);
        if (status < 0) {
            throw std::system_error(-status, std::generic_category(), "timer of the credentials");
        }
        timer.reset(source);
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        sd_event_source_set_description(source, "credentials");
    }

    void wakeAfter(std::chrono::microseconds delay) {
        sd_event_source_set_time_relative(timer.get(), static_cast<std::uint64_t>(delay.count()));
        sd_event_source_set_enabled(timer.get(), SD_EVENT_ONESHOT);
    }

    static int wakeUp(sd_event_source*, std::uint64_t, void* self) noexcept {
        try {
            const auto alive = static_cast<Impl*>(self)->shared_from_this();
            alive->goOn();
        } catch (...) {
            return 0; // no memory: whoever waits has a time-out of its own
        }
        return 0;
    }

    void goOn() {
        if (plugin || waiting.empty()) {
            return;
        }
        if (result && Steady::now() < holdsUntil && !isExpired()) {
            tell();
        } else {
            read();
        }
    }

    [[nodiscard]] bool isExpired() const {
        return *result && (**result)->expires && *(**result)->expires <= wallNow();
    }

    void read() {
        const auto places = settings.kubeconfig.empty()
                                ? kubeconfigPlaces()
                                : std::vector<std::string>{settings.kubeconfig};
        auto config = readKubeconfig(places);
        if (!config) {
            conclude(std::unexpected(config.error()));
            return;
        }
        if (config->exec && needsPlugin()) {
            runPlugin(*std::move(config));
            return;
        }
        finish(*config);
    }

    [[nodiscard]] bool needsPlugin() const {
        return !credential || (wasRefused && Steady::now() >= pluginRests) ||
               (credential->expires && *credential->expires <= wallNow() + kBeforeExpiry &&
                Steady::now() >= pluginRests);
    }

    void runPlugin(Kubeconfig config) {
        if (auto ca = readCa(config); !ca) {
            conclude(std::unexpected(ca.error()));
            return;
        }
        const ExecPlugin exec = *config.exec;
        pluginRests = Steady::now() + kPluginRest;
        auto started = PluginRun::start(event, exec, execInfo(exec, config), kPluginTimeout,
                                        [this, config](Result<std::string> output) mutable {
                                            const auto alive = shared_from_this();
                                            plugin.reset();
                                            took(config, std::move(output));
                                        });
        if (started) {
            plugin = *std::move(started);
        } else {
            conclude(std::unexpected(started.error()));
        }
    }

    void took(Kubeconfig& config, Result<std::string> output) {
        auto read = output ? readExecCredential(*output, *config.exec)
                           : Result<ExecCredential>(std::unexpected(output.error()));
        if (!read) {
            conclude(std::unexpected(
                Error{read.error().code, config.path + ": exec: " + read.error().what}));
            return;
        }
        credential = *std::move(read);
        wasRefused = false;
        finish(config);
    }

    void finish(Kubeconfig& config) {
        auto access = readAccess(config, credential, settings.servers, wallNow());
        if (!access && access.error().code == EAGAIN && ++tries < kMostTries) {
            wakeAfter(kTryAgain);
            return;
        }
        wasRefused = false;
        if (access) {
            conclude(std::make_shared<const Access>(*std::move(access)));
        } else {
            conclude(std::unexpected(access.error()));
        }
    }

    void conclude(Result<std::shared_ptr<const Access>> what) {
        tries = 0;
        holdsUntil = Steady::now() + (what ? kFilesHold : kFailureHolds);
        result = std::move(what);
        tell();
    }

    void tell() {
        const auto told = *result; // one of those who are told may ask for new ones
        for (const auto& ready : std::exchange(waiting, {})) {
            try {
                ready(told);
            } catch (...) {
                continue; // the others are not to blame
            }
        }
    }

    sd_event* event;
    CredentialSettings settings;
    http::EventSource timer;
    std::vector<Ready> waiting;
    std::optional<Result<std::shared_ptr<const Access>>> result;
    Steady::time_point holdsUntil;
    int tries = 0;
    bool wasRefused = false;
    std::optional<ExecCredential> credential;
    Steady::time_point pluginRests;
    std::unique_ptr<PluginRun> plugin;
};

Credentials::Credentials(sd_event* event, CredentialSettings settings)
    : impl_(std::make_shared<Impl>(event, std::move(settings))) {}

Credentials::~Credentials() {
    impl_->waiting.clear();
    impl_->plugin.reset();
    impl_->timer.reset();
}

void Credentials::get(Ready ready) {
    impl_->waiting.push_back(std::move(ready));
    if (!impl_->plugin && impl_->tries == 0) {
        impl_->wakeAfter(std::chrono::microseconds(0));
    }
}

void Credentials::refused() {
    impl_->wasRefused = true;
    impl_->holdsUntil = {};
}

} // namespace plimsoll::kube
