// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/credentials.hpp"

#include "kube/credentials/discovery.hpp"
#include "kube/credentials/exec_credential.hpp"
#include "kube/credentials/exec_plugin.hpp"
#include "kube/credentials/kubeconfig.hpp"
#include "kube/credentials/material.hpp"
#include "kube/http/event_source.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>
#include <system_error>
#include <systemd/sd-event.h>
#include <utility>

namespace plimsoll::kube {
namespace {

using Clock = std::chrono::steady_clock;
using http::EventSource;

/// How often, and how long, is waited for a pair that is being written. k3s takes milliseconds.
constexpr unsigned kMostTries = 20;
constexpr std::chrono::milliseconds kBetweenTries{100};
/// Whatever the API server answers, the plugin is not run more often than this.
constexpr std::chrono::milliseconds kBetweenRuns{1'000};
/// What a plugin gave is renewed so long before it expires, or in the last tenth of its life.
constexpr std::chrono::seconds kRenewBefore{60};
/// A plugin that failed while the last answer is good is asked again after so long.
constexpr std::chrono::seconds kAfterFailure{10};
constexpr std::uint64_t kTimerAccuracy = 10'000; // µs

WallTime systemTime() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// What a plugin gave, for whom it was asked, and when it is to be asked again.
struct KeptAnswer {
    ExecCommand command;
    std::string info; ///< KUBERNETES_EXEC_INFO
    ExecAnswer answer;
    std::optional<WallTime> renewAt;

    [[nodiscard]] bool isDue(WallTime now) const { return renewAt && *renewAt <= now; }
    [[nodiscard]] bool isFor(const KeptAnswer& asked) const {
        return command == asked.command && info == asked.info;
    }
};

} // namespace

/// Asks are collected; one reading at a time answers them all. It has up to three steps: files
/// (again after a pause when they are being written), plugin, answer.
struct Credentials::Impl : std::enable_shared_from_this<Impl> {
    Impl(sd_event* loop, CredentialSettings wanted, Surroundings around);

    void ask(Ready ready);
    void refused();
    void close() noexcept;

private:
    using Outcome = Result<std::shared_ptr<const Access>>;

    [[nodiscard]] bool isFresh() const;
    void proceed();
    void read();
    Result<Kubeconfig> readKubeconfig();
    void runPlugin(const ExecCommand& command, const Kubeconfig& config, Access access);
    void pluginDone(KeptAnswer asked, const Access& access, const Result<std::string>& printed);
    void pluginFailed(const KeptAnswer& asked, const Access& access, Error error);
    void useAnswer(KeptAnswer kept, Access access);
    void accept(Access access);
    void answer(const Outcome& outcome);
    void pause(std::chrono::milliseconds time);

    static int begin(sd_event_source*, void* self) noexcept;
    static int pauseOver(sd_event_source*, std::uint64_t, void* self) noexcept;
    static void advance(Impl& impl) noexcept;

    sd_event* event_; ///< kept by the sources
    CredentialSettings settings_;
    Surroundings surroundings_;
    EventSource begin_; ///< answers are given away from who asks
    EventSource timer_;
    bool isPausing_ = false;
    std::vector<Ready> waiting_;

    std::string path_; ///< where the kubeconfig was found; empty: to be looked for
    std::shared_ptr<const Access> access_;
    Clock::time_point readAt_;
    unsigned tries_ = 0;

    std::optional<KeptAnswer> kept_;
    std::optional<Clock::time_point> ranAt_;
    std::unique_ptr<PluginRun> run_;
};

Credentials::Impl::Impl(sd_event* loop, CredentialSettings wanted, Surroundings around)
    : event_(loop), settings_(std::move(wanted)), surroundings_(std::move(around)) {
    if (!surroundings_.now) {
        surroundings_.now = systemTime;
    }
    sd_event_source* source = nullptr;
    int status = sd_event_add_defer(loop, &source, &Impl::begin, this);
    if (status >= 0) {
        begin_.reset(source);
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        sd_event_source_set_description(source, "credentials-begin");
        status = sd_event_add_time(loop, &source, CLOCK_MONOTONIC, 0, kTimerAccuracy,
                                   &Impl::pauseOver, this);
    }
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), "making the credentials");
    }
    timer_.reset(source);
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_description(source, "credentials-timer");
}

void Credentials::Impl::ask(Ready ready) {
    waiting_.push_back(std::move(ready));
    sd_event_source_set_enabled(begin_.get(), SD_EVENT_ONESHOT);
}

void Credentials::Impl::refused() {
    access_.reset();
    kept_.reset();
    path_.clear();
}

void Credentials::Impl::close() noexcept {
    begin_.reset();
    timer_.reset();
    run_.reset();
    waiting_.clear();
}

bool Credentials::Impl::isFresh() const {
    if (!access_ || Clock::now() - readAt_ >= surroundings_.keptFor) {
        return false;
    }
    const auto now = surroundings_.now();
    return access_->expires.value_or(WallTime::max()) > now && !(kept_ && kept_->isDue(now));
}

void Credentials::Impl::proceed() {
    if (waiting_.empty() || run_ || isPausing_) {
        return;
    }
    if (isFresh()) {
        answer(access_);
    } else {
        read();
    }
}

Result<Kubeconfig> Credentials::Impl::readKubeconfig() {
    auto found = path_.empty() ? findKubeconfig(settings_, surroundings_)
                               : findKubeconfig({.kubeconfig = path_}, surroundings_);
    if (!found && !path_.empty()) { // it has moved
        found = findKubeconfig(settings_, surroundings_);
    }
    if (!found) {
        path_.clear();
        return std::unexpected(std::move(found).error());
    }
    path_ = found->path;
    return parseKubeconfig(found->text, path_);
}

void Credentials::Impl::read() {
    const auto config = readKubeconfig();
    if (!config) {
        answer(std::unexpected(config.error()));
        return;
    }
    auto access = readMaterial(*config, surroundings_.now());
    if (!access) {
        if (access.error().passing && ++tries_ < kMostTries) {
            pause(kBetweenTries);
        } else {
            answer(std::unexpected(access.error().error));
        }
        return;
    }
    access->origin = path_;
    if (const auto& command = config->exec) {
        runPlugin(*command, *config, *std::move(access));
    } else {
        kept_.reset();
        accept(*std::move(access));
    }
}

void Credentials::Impl::runPlugin(const ExecCommand& command, const Kubeconfig& config,
                                  Access access) {
    KeptAnswer asked{.command = command, .info = execInfo(command, config, access.caPem)};
    if (kept_ && kept_->isFor(asked) && !kept_->isDue(surroundings_.now())) {
        useAnswer(*kept_, std::move(access));
        return;
    }
    if (ranAt_ && Clock::now() - *ranAt_ < kBetweenRuns) {
        pause(kBetweenRuns);
        return;
    }
    ranAt_ = Clock::now();
    Program program{.file = command.program,
                    .arguments = command.arguments,
                    .environment = command.environment};
    program.environment.emplace_back("KUBERNETES_EXEC_INFO", asked.info);
    auto run = PluginRun::start(
        event_, program, surroundings_.pluginTime,
        [this, asked, access = std::move(access)](const Result<std::string>& printed) {
            run_.reset();
            pluginDone(asked, access, printed);
        });
    if (run) {
        run_ = *std::move(run);
    } else {
        // Its errno is not for our callers: ENOENT would say that this node has no kubeconfig.
        answer(fail(0, command.field + ": " + command.program + ": " + run.error().what));
    }
}

void Credentials::Impl::pluginDone(KeptAnswer asked, const Access& access,
                                   const Result<std::string>& printed) {
    const auto name = asked.command.field + ": " + asked.command.program;
    if (!printed) {
        pluginFailed(asked, access, {.what = name + " " + printed.error().what});
        return;
    }
    auto parsed = parseExecCredential(*printed, asked.command.apiVersion);
    if (!parsed) {
        pluginFailed(asked, access, std::move(parsed).error().with(name));
        return;
    }
    asked.answer = *std::move(parsed);
    useAnswer(std::move(asked), access);
}

/// What it gave the last time is good till it expires; until then it is asked again and again.
void Credentials::Impl::pluginFailed(const KeptAnswer& asked, const Access& access, Error error) {
    const auto now = surroundings_.now();
    const bool isGood = kept_ && kept_->isFor(asked) && kept_->answer.expires.value_or(now) > now;
    if (isGood) {
        kept_->renewAt = now + kAfterFailure;
        useAnswer(*kept_, access);
        return;
    }
    kept_.reset();
    answer(std::unexpected(std::move(error)));
}

/// Checked again each time: an answer may expire while it is kept.
void Credentials::Impl::useAnswer(KeptAnswer kept, Access access) {
    const auto now = surroundings_.now();
    auto whole = withAnswer(std::move(access), kept.answer, now);
    if (!whole) {
        const auto problem =
            kept.command.field + ": " + kept.command.program + " " + whole.error().what;
        kept_.reset();
        answer(fail(0, problem));
        return;
    }
    if (const auto expires = whole->expires; expires && !kept.renewAt) {
        kept.renewAt = *expires - std::min(kRenewBefore, (*expires - now) / 10);
    }
    kept_ = std::move(kept);
    accept(*std::move(whole));
}

void Credentials::Impl::accept(Access access) {
    for (const auto& server : settings_.servers) {
        auto url = serverUrl(server);
        if (!url) {
            answer(fail(0, "the server '" + server + "' of the configuration " + url.error()));
            return;
        }
        if (std::ranges::find(access.servers, *url) == access.servers.end()) {
            access.servers.push_back(*std::move(url));
        }
    }
    if (!access_ ||
        *access_ != access) { // who compares pointers sees no change where there is none
        access_ = std::make_shared<const Access>(std::move(access));
    }
    readAt_ = Clock::now();
    answer(access_);
}

void Credentials::Impl::answer(const Outcome& outcome) {
    if (!outcome) {
        access_.reset();
    }
    tries_ = 0;
    const auto self = shared_from_this(); // a caller may destroy the credentials
    auto asked = std::exchange(waiting_, {});
    for (const auto& ready : asked) {
        if (!begin_) {
            return; // closed
        }
        try {
            ready(outcome);
        } catch (...) {
            continue; // it has dealt with what it can deal with; the others are not to blame
        }
    }
}

void Credentials::Impl::pause(std::chrono::milliseconds time) {
    isPausing_ = true;
    sd_event_source_set_time_relative(
        timer_.get(), static_cast<std::uint64_t>(std::chrono::microseconds(time).count()));
    sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
}

/// No memory: those who wait are answered by the next who asks.
void Credentials::Impl::advance(Impl& impl) noexcept {
    try {
        const auto self = impl.shared_from_this();
        impl.proceed();
    } catch (...) {
        return;
    }
}

int Credentials::Impl::begin(sd_event_source*, void* self) noexcept {
    advance(*static_cast<Impl*>(self));
    return 0;
}

int Credentials::Impl::pauseOver(sd_event_source*, std::uint64_t, void* self) noexcept {
    static_cast<Impl*>(self)->isPausing_ = false;
    advance(*static_cast<Impl*>(self));
    return 0;
}

Credentials::Credentials(sd_event* event, CredentialSettings settings, Surroundings surroundings)
    : impl_(std::make_shared<Impl>(event, std::move(settings), std::move(surroundings))) {}

Credentials::~Credentials() {
    impl_->close();
}

void Credentials::get(Ready ready) {
    impl_->ask(std::move(ready));
}

void Credentials::refused() {
    impl_->refused();
}

} // namespace plimsoll::kube
