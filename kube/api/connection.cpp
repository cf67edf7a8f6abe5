// SPDX-License-Identifier: Apache-2.0
#include "kube/api/connection.hpp"

#include "kube/api/health_judge.hpp"
#include "kube/api/job.hpp"
#include "kube/api/ports.hpp"
#include "kube/api/request_pace.hpp"
#include "kube/api/servers.hpp"
#include "kube/api/wire_request.hpp"
#include "kube/http/event_source.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

namespace plimsoll::kube {
namespace {

using Clock = Job::Clock;

constexpr std::size_t kMostWaiting = 512;
// client-go has 5 and 10; at a start there are five lists, five watches and what is to be undone.
constexpr unsigned kPerSecond = 10;
constexpr unsigned kBurst = 20;
constexpr std::uint64_t kTimerAccuracy = 10'000; // µs
constexpr int kUnauthorized = 401;

void check(int status, const char* what) {
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), what);
    }
}

std::uint64_t microseconds(Clock::time_point time) { // of CLOCK_MONOTONIC
    const auto since = std::chrono::ceil<std::chrono::microseconds>(time.time_since_epoch());
    return static_cast<std::uint64_t>(since.count());
}

} // namespace

/// All that callers see is done from one source of the loop, so that they may do anything within.
struct Connection::Impl : std::enable_shared_from_this<Impl> {
    Impl(sd_event* event, ApiPorts ports);

    std::uint64_t add(Job job);
    void cancel(std::uint64_t id) noexcept;
    void close() noexcept;

    HealthJudge judge_;
    std::function<void()> handler_;

private:
    void wake() noexcept {
        if (turn_) { // none: closed
            sd_event_source_set_enabled(turn_.get(), SD_EVENT_ONESHOT);
        }
    }
    void turn() noexcept;
    void tellHealth();
    void deliver();
    void startWaiting();
    void begin(std::uint64_t id);
    void onCredentials(std::uint64_t id, Result<SharedAccess> access);
    bool onPiece(std::uint64_t id, std::string_view piece);
    void onOutcome(std::uint64_t id, Result<http::Answer> outcome);
    bool wantsNewCredentials(Job& job, const http::Answer& answer);
    bool wantsAnotherServer(Job& job, const Error& error);
    void finish(std::uint64_t id, Job& job, Result<http::Answer> outcome);
    [[nodiscard]] std::size_t running() const {
        return jobs_.size() - waiting_.size() - finished_.size();
    }
    Job* find(std::uint64_t id) {
        const auto found = jobs_.find(id);
        return found == jobs_.end() ? nullptr : &found->second;
    }

    static int onTurn(sd_event_source* source, void* self) noexcept;
    static int onTime(sd_event_source* source, std::uint64_t time, void* self) noexcept;

    ApiPorts ports_;
    http::EventSource turn_;
    http::EventSource timer_; ///< until the pace allows the next one
    RequestPace pace_{kPerSecond, kBurst};
    Servers servers_;
    SharedAccess latest_; ///< none: what there was is refused
    std::uint64_t lastId_ = 0;
    std::deque<std::uint64_t> waiting_;
    std::deque<std::uint64_t> finished_;
    std::map<std::uint64_t, Job> jobs_; // goes before ports_, which its calls belong to
};

Connection::Impl::Impl(sd_event* event, ApiPorts ports) : ports_(std::move(ports)) {
    sd_event_source* source = nullptr;
    check(sd_event_add_defer(event, &source, &Impl::onTurn, this), "making the API connection");
    turn_.reset(source);
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_description(source, "api-turn");
    check(
        sd_event_add_time(event, &source, CLOCK_MONOTONIC, 0, kTimerAccuracy, &Impl::onTime, this),
        "making the timer of the API connection");
    timer_.reset(source);
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_description(source, "api-pace");
}

std::uint64_t Connection::Impl::add(Job job) {
    const auto id = ++lastId_;
    const bool full = waiting_.size() >= kMostWaiting;
    auto& added = jobs_.emplace(id, std::move(job)).first->second;
    if (full) {
        finish(id, added,
               fail(EBUSY, std::string(http::name(added.request.method)) +
                               " to the API server: " + std::to_string(kMostWaiting) +
                               " requests are waiting already, so this one was not sent"));
    } else {
        waiting_.push_back(id);
        wake();
    }
    return id;
}

void Connection::Impl::cancel(std::uint64_t id) noexcept {
    std::erase(waiting_, id);
    std::erase(finished_, id);
    const auto job = jobs_.extract(id); // goes at the end, when everything is in order
    wake();                             // there is room for another one
}

void Connection::Impl::close() noexcept {
    turn_.reset();
    timer_.reset();
    waiting_.clear();
    finished_.clear();
    handler_ = nullptr;
    const auto jobs = std::exchange(jobs_, {});
}

int Connection::Impl::onTurn(sd_event_source*, void* self) noexcept {
    static_cast<Impl*>(self)->turn();
    return 0;
}

int Connection::Impl::onTime(sd_event_source*, std::uint64_t, void* self) noexcept {
    static_cast<Impl*>(self)->wake();
    return 0;
}

void Connection::Impl::turn() noexcept {
    const auto self = shared_from_this(); // who is called may destroy the Connection
    try {
        tellHealth();
        deliver();
        startWaiting();
    } catch (...) {
        wake(); // no memory: what is left is tried again
    }
}

void Connection::Impl::tellHealth() {
    if (!judge_.hasNews()) {
        return;
    }
    judge_.told();
    if (const auto handler = handler_) {
        try {
            handler();
        } catch (...) {
            return; // the requests are not to blame
        }
    }
}

void Connection::Impl::deliver() {
    while (!finished_.empty()) {
        const auto job = jobs_.extract(finished_.front());
        finished_.pop_front();
        try {
            job.mapped().done(std::move(job.mapped().outcome));
        } catch (...) {
            continue; // the others are not to blame
        }
    }
}

void Connection::Impl::startWaiting() {
    while (!waiting_.empty() && running() < kMostAtOnce) {
        if (!pace_.take(Clock::now())) {
            sd_event_source_set_time(timer_.get(), microseconds(pace_.next()));
            sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
            return;
        }
        const auto id = waiting_.front();
        waiting_.pop_front();
        begin(id);
    }
}

void Connection::Impl::begin(std::uint64_t id) {
    ports_.credentials([weak = weak_from_this(), id](Result<SharedAccess> access) {
        if (const auto self = weak.lock()) {
            self->onCredentials(id, std::move(access));
        }
    });
}

void Connection::Impl::onCredentials(std::uint64_t id, Result<SharedAccess> access) {
    auto* const job = find(id);
    if (job == nullptr) {
        return; // cancelled meanwhile
    }
    if (!access) {
        judge_.noCredentials(access.error());
        finish(id, *job, std::unexpected(std::move(access).error()));
        return;
    }
    latest_ = *access;
    job->access = *std::move(access);
    job->server = servers_.chosen(job->access->servers);
    if (job->begun == Clock::time_point{}) {
        job->begun = Clock::now();
    }
    const auto weak = weak_from_this();
    Receive receive;
    if (job->receive) {
        receive = [weak, id](std::string_view piece) {
            const auto self = weak.lock();
            return self && self->onPiece(id, piece);
        };
    }
    job->call = ports_.start(wireRequest(job->request, *job->access, job->server),
                             std::move(receive), [weak, id](Result<http::Answer> outcome) {
                                 if (const auto self = weak.lock()) {
                                     self->onOutcome(id, std::move(outcome));
                                 }
                             });
}

bool Connection::Impl::onPiece(std::uint64_t id, std::string_view piece) {
    auto* const job = find(id);
    if (job == nullptr) {
        return false;
    }
    job->hasDelivered = true;
    servers_.answered();
    judge_.streams(*job->access, job->server);
    if (judge_.hasNews()) {
        wake();
    }
    job->wasStopped = true; // also when it throws
    job->wasStopped = !job->receive(piece);
    return !job->wasStopped;
}

void Connection::Impl::onOutcome(std::uint64_t id, Result<http::Answer> outcome) {
    auto* const job = find(id);
    if (job == nullptr) {
        return;
    }
    const bool again =
        outcome ? wantsNewCredentials(*job, *outcome) : wantsAnotherServer(*job, outcome.error());
    if (!again) {
        finish(id, *job, std::move(outcome));
        return;
    }
    waiting_.push_front(id);
    wake();
}

bool Connection::Impl::wantsNewCredentials(Job& job, const http::Answer& answer) {
    servers_.answered();
    if (answer.status != kUnauthorized || std::exchange(job.wasRefused, true)) {
        // A server that takes no new requests any more may still answer old ones.
        if (job.server == servers_.chosen(job.access->servers)) {
            judge_.answered(*job.access, job.server, job.request.method, answer);
        }
        return false;
    }
    if (job.access == latest_) { // else another request has told, or there are newer ones
        latest_.reset();
        ports_.refused();
    }
    return true;
}

bool Connection::Impl::wantsAnotherServer(Job& job, const Error& error) {
    const auto now = Clock::now();
    if (!tellsOfTheServer(job, now)) {
        return false;
    }
    const auto& list = job.access->servers;
    servers_.failed(list, job.server);
    if (servers_.allFailed(list)) {
        judge_.noServer(job.server, error);
    }
    return ++job.tries < list.size() && hasTimeLeft(job, now) &&
           mayBeRepeated(job.request.method, error.code);
}

void Connection::Impl::finish(std::uint64_t id, Job& job, Result<http::Answer> outcome) {
    job.outcome = std::move(outcome);
    finished_.push_back(id);
    wake();
}

Connection::Connection(sd_event* event, ApiPorts ports)
    : impl_(std::make_shared<Impl>(event, std::move(ports))) {}

Connection::~Connection() {
    impl_->close();
}

http::Call Connection::send(ApiRequest request, Receive receive, Done done) {
    const auto id = impl_->add(
        {.request = std::move(request), .receive = std::move(receive), .done = std::move(done)});
    return http::Call([impl = std::weak_ptr(impl_), id] {
        if (const auto there = impl.lock()) {
            there->cancel(id);
        }
    });
}

const ApiHealth& Connection::health() const {
    return impl_->judge_.health();
}

void Connection::onHealthChange(std::function<void()> handler) {
    impl_->handler_ = std::move(handler);
}

} // namespace plimsoll::kube
