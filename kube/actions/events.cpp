// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/events.hpp"

#include "kube/actions/backoff.hpp"
#include "kube/actions/event_object.hpp"
#include "kube/actions/timer.hpp"
#include "kube/actions/token_bucket.hpp"
#include "kube/api/status.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <utility>

namespace plimsoll::kube {
namespace {

/// A node full of pods may be acted on at once and all of it be told; after that 12 a minute, so
/// that 5,000 nodes in the same trouble make 1,000 requests a second at the very most. (client-go
/// allows each object 25 and then one in 5 min, which hides what happens to a pod meanwhile.)
constexpr unsigned kBurst = 25;
constexpr std::chrono::seconds kPerEvent{5};

constexpr std::size_t kMostWaiting = 100;
/// Events that may be counted up. A series takes 2 KB at most.
constexpr std::size_t kMostSeries = 256;
/// As client-go has it. The server forgets an Event after an hour.
constexpr std::chrono::minutes kSeriesEnds{10};

constexpr unsigned kMostTries = 2;

} // namespace

struct EventRecorder::Impl : std::enable_shared_from_this<Impl> {
    struct Series {
        EventSeries event;
        MonotonicTime seen;   ///< last
        bool created = false; ///< the server has it
        bool waiting = false; ///< its key is in `queue`
    };

    Impl(sd_event* event, Api& usedApi, std::string name, WallClock time)
        : api(usedApi), nodeName(std::move(name)), clock(std::move(time)),
          timer(event, "events", [this] { advance(); }), bucket(kBurst, kPerEvent, timer.now()) {}

    void record(EventNote note);
    bool repeats(const std::string& key, EventNote& note);
    void begin(const std::string& key, EventNote note);
    bool makeRoom();
    void enqueue(const std::string& key, Series& added);

    void advance();
    void send();
    void take(bool created, const Result<http::Answer>& answer);
    void succeed(bool created, std::uint64_t toldCount);
    void createAnew();
    void giveUp(std::uint64_t& counter);
    void tryAgain(std::chrono::seconds atLeast);

    Api& api;
    std::string nodeName;
    WallClock clock;
    Timer timer;
    TokenBucket bucket;
    std::minstd_rand random{std::random_device{}()};
    /// Goes up, from anywhere: names are unlike those of earlier runs whatever the clock does.
    std::uint64_t number = std::uint64_t{std::random_device{}()} << 32U;

    std::map<std::string, Series> series; ///< by seriesKey()
    std::deque<std::string> queue;        ///< keys; the first is the one that is being sent
    bool asking = false;
    unsigned tries = 0;          ///< of the first
    std::uint64_t sentCount = 0; ///< with the last of them
    Counts counts;
    http::Call call;
};

void EventRecorder::Impl::record(EventNote note) {
    note = bounded(std::move(note));
    const std::string key = seriesKey(note);
    if (!repeats(key, note)) {
        begin(key, std::move(note));
    }
    advance();
}

/// Also while it waits or is on its way: what is sent next has the whole count.
bool EventRecorder::Impl::repeats(const std::string& key, EventNote& note) {
    const auto found = series.find(key);
    if (found == series.end()) {
        return false;
    }
    auto& known = found->second;
    if (!known.waiting && timer.now() - known.seen > kSeriesEnds) {
        series.erase(found);
        return false;
    }
    if (!known.waiting && queue.size() >= kMostWaiting) {
        ++counts.dropped;
        return true;
    }
    known.event.note = std::move(note);
    known.event.last = clock();
    ++known.event.count;
    known.seen = timer.now();
    ++counts.repeated;
    enqueue(key, known);
    return true;
}

void EventRecorder::Impl::begin(const std::string& key, EventNote note) {
    if (queue.size() >= kMostWaiting || !makeRoom()) {
        ++counts.dropped;
        return;
    }
    const WallTime now = clock();
    std::string name = eventName(note, nodeName, ++number);
    Series added{.event = {.name = std::move(name),
                           .note = std::move(note),
                           .count = 1,
                           .first = now,
                           .last = now},
                 .seen = timer.now()};
    enqueue(key, series.insert_or_assign(key, std::move(added)).first->second);
}

/// The one that was not heard of for the longest time is forgotten.
bool EventRecorder::Impl::makeRoom() {
    if (series.size() < kMostSeries) {
        return true;
    }
    const auto oldest = std::ranges::min_element(series, {}, [](const auto& each) {
        return std::pair(each.second.waiting, each.second.seen);
    });
    if (oldest->second.waiting) {
        return false;
    }
    series.erase(oldest);
    return true;
}

void EventRecorder::Impl::enqueue(const std::string& key, Series& added) {
    if (!added.waiting) {
        queue.push_back(key);
        added.waiting = true;
    }
}

void EventRecorder::Impl::advance() {
    if (asking || queue.empty() || timer.isSet()) {
        return;
    }
    if (bucket.take(timer.now())) {
        send();
    } else {
        timer.set(bucket.wait(timer.now()));
    }
}

void EventRecorder::Impl::send() {
    auto& first = series.at(queue.front());
    const bool created = first.created;
    auto request = created ? repeatEvent(first.event) : createEvent(first.event, nodeName);
    if (!request) {
        giveUp(counts.failed);
        advance();
        return;
    }
    call = api.send(*std::move(request),
                    [weak = weak_from_this(), created](const Result<http::Answer>& answer) {
                        if (const auto self = weak.lock()) {
                            self->take(created, answer);
                        }
                    });
    asking = true;
    sentCount = first.event.count;
    ++tries;
}

void EventRecorder::Impl::take(bool created, const Result<http::Answer>& answer) {
    asking = false;
    const int status = answer ? answer->status : 0;
    if (status / 100 == 2) {
        succeed(created, sentCount);
    } else if (status == 409 && !created) { // it is there: of a try whose answer was lost
        succeed(created, 1);
    } else if (status == 404 && created) {
        createAnew();
    } else if (status == 403 || status == 404) { // the namespace is gone, or going
        giveUp(counts.dropped);
    } else if (tries < kMostTries && (status == 0 || status == 429 || status / 100 == 5)) {
        tryAgain(answer ? readStatus(*answer).retryAfter.value_or(std::chrono::seconds{0})
                        : std::chrono::seconds{0});
    } else {
        giveUp(counts.failed);
    }
    advance();
}

/// What was recorded meanwhile has its turn after the others.
void EventRecorder::Impl::succeed(bool created, std::uint64_t toldCount) {
    const std::string key = std::move(queue.front());
    queue.pop_front();
    tries = 0;
    counts.created += created ? 0 : 1;
    auto& told = series.at(key);
    told.created = true;
    told.waiting = false;
    if (told.event.count > toldCount) {
        enqueue(key, told);
    }
}

/// The server has forgotten it.
void EventRecorder::Impl::createAnew() {
    auto& first = series.at(queue.front());
    first.created = false;
    first.event.name = eventName(first.event.note, nodeName, ++number);
    tries = 0;
}

void EventRecorder::Impl::giveUp(std::uint64_t& counter) {
    ++counter;
    series.erase(queue.front());
    queue.pop_front();
    tries = 0;
}

void EventRecorder::Impl::tryAgain(std::chrono::seconds atLeast) {
    const double share = std::uniform_real_distribution<double>(0, 1)(random);
    timer.set(std::max<std::chrono::milliseconds>(backoff(tries, share), atLeast));
}

EventRecorder::EventRecorder(sd_event* event, Api& api, std::string nodeName, WallClock clock)
    : impl_(std::make_shared<Impl>(event, api, std::move(nodeName), std::move(clock))) {}

EventRecorder::~EventRecorder() = default;

void EventRecorder::record(EventNote note) noexcept {
    try {
        impl_->record(std::move(note));
    } catch (...) { // no memory
        ++impl_->counts.dropped;
    }
}

EventRecorder::Counts EventRecorder::counts() const {
    return impl_->counts;
}

} // namespace plimsoll::kube
