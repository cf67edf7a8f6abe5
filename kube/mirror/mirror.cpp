// SPDX-License-Identifier: Apache-2.0
// Five reflectors on one loop.
#include "kube/mirror/mirror.hpp"

#include "kube/http/event_source.hpp"
#include "kube/mirror/reflector.hpp"

#include <algorithm>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

namespace plimsoll::kube {
namespace {

/// What changes within so long is told together: a list, a rollout.
constexpr std::chrono::milliseconds kTogether{75};
constexpr std::uint64_t kTimerAccuracy = 10'000; // µs

MonotonicTime monotonicNow() {
    return std::chrono::steady_clock::now();
}

std::uint64_t microsecondsOf(MonotonicTime time) {
    const auto since = std::chrono::duration_cast<Microseconds>(time.time_since_epoch()).count();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0));
}

/// A timer of the loop that is off.
http::EventSource makeTimer(sd_event* event, sd_event_time_handler_t handler, void* self,
                            const char* description) {
    sd_event_source* source = nullptr;
    const int status =
        sd_event_add_time(event, &source, CLOCK_MONOTONIC, 0, kTimerAccuracy, handler, self);
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), "making a timer of the mirror");
    }
    http::EventSource result(source);
    sd_event_source_set_enabled(source, SD_EVENT_OFF);
    sd_event_source_set_description(source, description);
    return result;
}

void setTimer(sd_event_source* source, MonotonicTime at) {
    if (at == MonotonicTime::max()) {
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return;
    }
    sd_event_source_set_time(source, microsecondsOf(at));
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

} // namespace

struct Mirror::Impl {
    /// A reflector with its timer and its request.
    struct Follower {
        Impl* mirror = nullptr;
        Kind kind = Kind::pod;
        std::unique_ptr<Reflector> reflector;
        http::EventSource timer;
        http::Call call;
    };

    Impl(sd_event* event, Api& apiServer, const std::string& nodeName, ObjectStore known);

    void advance(Follower& follower);
    void begin(Follower& follower);
    void collect(Follower& follower);
    double roll() { return std::uniform_real_distribution(0.0, 1.0)(random); }

    static int timeHasCome(sd_event_source* source, std::uint64_t time, void* follower) noexcept;
    static int changesAreDue(sd_event_source* source, std::uint64_t time, void* self) noexcept;

    Api& api;
    ObjectStore store;
    Changes changes;
    bool told = true; ///< `changes` is empty
    std::function<void(Changes)> handler;
    http::EventSource together;
    std::mt19937 random{std::random_device()()};
    std::array<Follower, kKinds.size()> followers; ///< after the store, so that they go before it
};

Mirror::Impl::Impl(sd_event* event, Api& apiServer, const std::string& nodeName, ObjectStore known)
    : api(apiServer), store(std::move(known)),
      together(makeTimer(event, &Impl::changesAreDue, this, "mirror-changes")) {
    for (const Kind kind : kKinds) {
        Follower& follower = followers.at(static_cast<std::size_t>(kind));
        follower.mirror = this;
        follower.kind = kind;
        follower.reflector = std::make_unique<Reflector>(kind, nodeName, store.of(kind));
        follower.timer = makeTimer(event, &Impl::timeHasCome, &follower, "mirror-reflector");
        setTimer(follower.timer.get(), follower.reflector->wake());
    }
}

int Mirror::Impl::timeHasCome(sd_event_source* /*source*/, std::uint64_t /*time*/,
                              void* follower) noexcept {
    auto& self = *static_cast<Follower*>(follower);
    try {
        self.mirror->advance(self);
    } catch (const std::exception&) { // no memory: once more
        setTimer(self.timer.get(), monotonicNow() + BackOff::kFirst);
    }
    return 0;
}

void Mirror::Impl::advance(Follower& follower) {
    switch (follower.reflector->advance(monotonicNow())) {
    case Reflector::Todo::begin: begin(follower); break;
    case Reflector::Todo::giveUp:
        follower.call.cancel();
        follower.reflector->giveUp(monotonicNow(), roll());
        break;
    case Reflector::Todo::wait: break;
    }
    collect(follower);
}

void Mirror::Impl::begin(Follower& follower) {
    const auto asked = follower.reflector->begin(monotonicNow(), roll());
    ApiRequest request{.path = asked.path};
    if (asked.isWatch) {
        request.timeout = std::chrono::milliseconds(0);
    }
    try {
        follower.call = api.send(
            std::move(request),
            [this, &follower](std::string_view piece) {
                const bool wanted = follower.reflector->receive(piece, monotonicNow());
                collect(follower);
                return wanted;
            },
            [this, &follower](const Result<http::Answer>& answer) {
                follower.reflector->end(answer, monotonicNow(), roll());
                collect(follower);
            });
    } catch (const std::exception& exception) {
        follower.reflector->end(fail(0, exception.what()), monotonicNow(), roll());
    }
}

/// Also called while the HTTP client is in use: starts and cancels nothing.
void Mirror::Impl::collect(Follower& follower) {
    setTimer(follower.timer.get(), follower.reflector->wake());
    const auto [objects, state] = follower.reflector->takeChanged();
    if (!objects && !state) {
        return;
    }
    changes.state = changes.state || state;
    changes.pods = changes.pods || (objects && follower.kind == Kind::pod);
    changes.node = changes.node || (objects && follower.kind == Kind::node);
    changes.policies = changes.policies || (objects && isCustom(follower.kind));
    if (std::exchange(told, false)) {
        setTimer(together.get(), monotonicNow() + kTogether);
    }
}

int Mirror::Impl::changesAreDue(sd_event_source* /*source*/, std::uint64_t /*time*/,
                                void* self) noexcept {
    auto& mirror = *static_cast<Impl*>(self);
    mirror.told = true;
    const Changes changes = std::exchange(mirror.changes, {});
    try {
        if (mirror.handler) {
            const auto handler = mirror.handler; // it may set another one
            handler(changes);
        }
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): it must not reach sd-event
    }
    return 0;
}

Mirror::Mirror(sd_event* event, Api& api, const std::string& nodeName, ObjectStore known)
    : impl_(std::make_unique<Impl>(event, api, nodeName, std::move(known))) {}

Mirror::~Mirror() = default;

void Mirror::onChange(std::function<void(Changes)> handler) {
    impl_->handler = std::move(handler);
}

const ObjectStore& Mirror::objects() const {
    return impl_->store;
}

const KindState& Mirror::state(Kind kind) const {
    return impl_->followers.at(static_cast<std::size_t>(kind)).reflector->state();
}

bool Mirror::complete() const {
    return std::ranges::all_of(kKinds, [this](Kind kind) { return state(kind).listed; });
}

} // namespace plimsoll::kube
