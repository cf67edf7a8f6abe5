// SPDX-License-Identifier: Apache-2.0
#include "kube/http/client.hpp"

#include "kube/http/event_source.hpp"
#include "kube/http/transfer.hpp"

#include <algorithm>
#include <ctime>
#include <deque>
#include <map>
#include <optional>
#include <sys/epoll.h>
#include <system_error>
#include <utility>
#include <vector>

namespace plimsoll::kube::http {
namespace {

/// libcurl counts in milliseconds; sd-event's own accuracy would be a quarter of a second.
constexpr std::uint64_t kTimerAccuracy = 1'000; // µs

void check(int status, const char* what) {
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), what);
    }
}

CURLM* newMulti() {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM* multi = kReady == CURLE_OK ? curl_multi_init() : nullptr;
    if (multi == nullptr) {
        throw std::system_error(ENOMEM, std::generic_category(), "libcurl");
    }
    return multi;
}

std::uint32_t eventsOf(int what) {
    const auto bits = static_cast<unsigned>(what);
    return ((bits & CURL_POLL_IN) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
           ((bits & CURL_POLL_OUT) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
}

/// An error is found by whoever reads or writes, who can say which it is.
int selectionOf(std::uint32_t events) {
    return ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
           ((events & (EPOLLOUT | EPOLLERR)) != 0 ? CURL_CSELECT_OUT : 0);
}

} // namespace

/// A libcurl multi handle whose sockets and timer are sources of the loop. libcurl is entered from
/// the loop alone, and callers' functions are called when libcurl has been left.
class Engine : public std::enable_shared_from_this<Engine> {
public:
    Engine(sd_event* event, unsigned mostAtOnce);

    std::uint64_t add(Request request, Client::Receive receive, Client::Done done);
    void cancel(std::uint64_t id) noexcept;
    void close() noexcept;

private:
    struct Job {
        std::uint64_t id = 0;
        Client::Receive receive; ///< while it waits
        Client::Done done;
        Request request;                    ///< while it waits
        std::unique_ptr<Transfer> transfer; ///< while it runs
        Result<Answer> result;              ///< when it is finished
    };

    template <class Jobs>
    static std::optional<Job> takeOut(Jobs& jobs, std::uint64_t id);
    void letGo(const Job& job) noexcept;
    void wake() noexcept { sd_event_source_set_enabled(begin_.get(), SD_EVENT_ONESHOT); }
    void startWaiting();
    void startOne(Job job);
    void act(curl_socket_t socket, int events) noexcept;
    void advance() noexcept;
    void dropAbandoned();
    void collect();
    void deliver();
    void watch(curl_socket_t socket, std::uint32_t events);

    static int socketChanged(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept;
    static int timerChanged(CURLM*, long milliseconds, void* self) noexcept;
    static int socketReady(sd_event_source*, int socket, std::uint32_t events, void* self) noexcept;
    static int timeOver(sd_event_source*, std::uint64_t, void* self) noexcept;
    static int begin(sd_event_source*, void* self) noexcept;

    sd_event* event_; ///< kept by the sources
    unsigned mostAtOnce_;
    bool inLibcurl_ = false;
    std::uint64_t lastId_ = 0;
    EventSource timer_;
    EventSource begin_; ///< what was asked for begins away from who asked
    std::map<curl_socket_t, EventSource> sockets_;
    std::unique_ptr<CURLM, MultiRelease> multi_; // after sockets_, which it changes in going
    std::deque<Job> waiting_;
    std::vector<Job> running_; // after multi_: goes before it
    std::deque<Job> finished_;
};

Engine::Engine(sd_event* event, unsigned mostAtOnce)
    : event_(event), mostAtOnce_(mostAtOnce), multi_(newMulti()) {
    sd_event_source* source = nullptr;
    check(sd_event_add_time(event, &source, CLOCK_MONOTONIC, 0, kTimerAccuracy, &Engine::timeOver,
                            this),
          "making the timer of the HTTP client");
    timer_.reset(source);
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_description(source, "http-timer");
    check(sd_event_add_defer(event, &source, &Engine::begin, this), "making the HTTP client");
    begin_.reset(source);
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_description(source, "http-begin");
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Engine::socketChanged);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, static_cast<void*>(this));
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Engine::timerChanged);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, static_cast<void*>(this));
}

std::uint64_t Engine::add(Request request, Client::Receive receive, Client::Done done) {
    waiting_.push_back({.id = ++lastId_,
                        .receive = std::move(receive),
                        .done = std::move(done),
                        .request = std::move(request)});
    wake();
    return lastId_;
}

/// Jobs are taken out before they are destroyed: what they hold may cancel others.
template <class Jobs>
std::optional<Engine::Job> Engine::takeOut(Jobs& jobs, std::uint64_t id) {
    const auto job = std::ranges::find_if(jobs, [id](const Job& each) { return each.id == id; });
    if (job == jobs.end()) {
        return std::nullopt;
    }
    auto taken = std::move(*job);
    jobs.erase(job);
    return taken;
}

void Engine::cancel(std::uint64_t id) noexcept {
    if (inLibcurl_) { // against the rules, from a Receive: libcurl would not let go of it
        for (const auto& job : running_) {
            if (job.id == id) {
                job.transfer->abandon();
            }
        }
    } else if (const auto job = takeOut(running_, id)) {
        letGo(*job);
        wake(); // there is room for another one
        return;
    }
    const auto waiting = takeOut(waiting_, id);
    const auto finished = takeOut(finished_, id);
}

void Engine::letGo(const Job& job) noexcept {
    job.transfer->abandon();
    curl_multi_remove_handle(multi_.get(), job.transfer->easy());
}

void Engine::close() noexcept {
    const auto waiting = std::exchange(waiting_, {});
    const auto finished = std::exchange(finished_, {});
    if (inLibcurl_) { // as in cancel()
        for (const auto& job : running_) {
            job.transfer->abandon();
        }
        return;
    }
    const auto running = std::exchange(running_, {});
    for (const auto& job : running) {
        letGo(job);
    }
}

void Engine::startWaiting() {
    while (running_.size() < mostAtOnce_ && !waiting_.empty()) {
        auto job = std::move(waiting_.front());
        waiting_.pop_front();
        startOne(std::move(job));
    }
}

void Engine::startOne(Job job) {
    auto transfer = Transfer::make(std::move(job.request), std::move(job.receive));
    if (!transfer) {
        job.result = std::unexpected(std::move(transfer).error());
        finished_.push_back(std::move(job));
        return;
    }
    const auto added = curl_multi_add_handle(multi_.get(), (*transfer)->easy());
    if (added != CURLM_OK) {
        job.result = (*transfer)->finish(CURLE_FAILED_INIT);
        finished_.push_back(std::move(job));
        return;
    }
    job.transfer = *std::move(transfer);
    running_.push_back(std::move(job));
}

void Engine::act(curl_socket_t socket, int events) noexcept {
    const auto self = shared_from_this(); // a Receive may destroy the client
    int running = 0;
    inLibcurl_ = true;
    curl_multi_socket_action(multi_.get(), socket, events, &running);
    inLibcurl_ = false;
    advance();
}

void Engine::advance() noexcept {
    const auto self = shared_from_this(); // a callback may destroy the client
    try {
        dropAbandoned();
        collect();
        startWaiting();
        deliver();
    } catch (...) {
        wake(); // no memory: what is left is tried again
    }
}

/// What was cancelled, or lost its client, while libcurl was in use.
void Engine::dropAbandoned() {
    const auto isAbandoned = [](const Job& job) { return job.transfer->isAbandoned(); };
    for (auto job = std::ranges::find_if(running_, isAbandoned); job != running_.end();
         job = std::ranges::find_if(running_, isAbandoned)) {
        if (const auto dropped = takeOut(running_, job->id)) {
            letGo(*dropped);
        }
    }
}

void Engine::collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        const auto outcome = message->data.result; // gone with the removal of the handle
        const auto job = std::ranges::find_if(running_, [message](const Job& each) {
            return each.transfer->easy() == message->easy_handle;
        });
        curl_multi_remove_handle(multi_.get(), message->easy_handle);
        job->result = job->transfer->finish(outcome);
        finished_.push_back(std::move(*job));
        running_.erase(job);
        finished_.back().transfer.reset();
    }
}

void Engine::deliver() {
    while (!finished_.empty()) {
        auto job = std::move(finished_.front());
        finished_.pop_front();
        try {
            job.done(std::move(job.result));
        } catch (...) {
            continue; // it has dealt with what it can deal with; the others are not to blame
        }
    }
}

void Engine::watch(curl_socket_t socket, std::uint32_t events) {
    auto& source = sockets_[socket];
    if (source) {
        sd_event_source_set_io_events(source.get(), events);
        return;
    }
    sd_event_source* added = nullptr;
    if (sd_event_add_io(event_, &added, socket, events, &Engine::socketReady, this) >= 0) {
        source.reset(added);
        sd_event_source_set_description(added, "http-socket");
    }
}

/// Never an error: libcurl would then refuse all requests for good. One that is not watched ends
/// with its time-out.
int Engine::socketChanged(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
    auto& engine = *static_cast<Engine*>(self);
    try {
        if (what == CURL_POLL_REMOVE) {
            engine.sockets_.erase(socket);
        } else {
            engine.watch(socket, eventsOf(what));
        }
    } catch (...) {
        return 0;
    }
    return 0;
}

/// Only sets the clock: libcurl must not be entered from here.
int Engine::timerChanged(CURLM*, long milliseconds, void* self) noexcept {
    auto* timer = static_cast<Engine*>(self)->timer_.get();
    if (milliseconds < 0) {
        sd_event_source_set_enabled(timer, SD_EVENT_OFF);
        return 0;
    }
    sd_event_source_set_time_relative(timer, static_cast<std::uint64_t>(milliseconds) * 1000);
    sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
    return 0;
}

int Engine::socketReady(sd_event_source*, int socket, std::uint32_t events, void* self) noexcept {
    static_cast<Engine*>(self)->act(socket, selectionOf(events));
    return 0;
}

int Engine::timeOver(sd_event_source*, std::uint64_t, void* self) noexcept {
    static_cast<Engine*>(self)->act(CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

int Engine::begin(sd_event_source*, void* self) noexcept {
    static_cast<Engine*>(self)->advance();
    return 0;
}

Call::Call(Call&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}

Call& Call::operator=(Call&& other) noexcept {
    if (this != &other) {
        cancel();
        cancel_ = std::exchange(other.cancel_, nullptr);
    }
    return *this;
}

void Call::cancel() noexcept {
    if (const auto cancel = std::exchange(cancel_, nullptr)) {
        cancel();
    }
}

Client::Client(sd_event* event, unsigned mostAtOnce)
    : engine_(std::make_shared<Engine>(event, mostAtOnce)) {}

Client::~Client() {
    engine_->close();
}

Call Client::start(Request request, Done done) {
    return start(std::move(request), nullptr, std::move(done));
}

Call Client::start(Request request, Receive receive, Done done) {
    const auto id = engine_->add(std::move(request), std::move(receive), std::move(done));
    return Call([engine = std::weak_ptr(engine_), id] {
        if (const auto there = engine.lock()) {
            there->cancel(id);
        }
    });
}

} // namespace plimsoll::kube::http
