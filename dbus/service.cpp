// SPDX-License-Identifier: Apache-2.0
#include "dbus/service.hpp"

#include "dbus/bus_probe.hpp"
#include "dbus/object_path.hpp"
#include "dbus/session.hpp"
#include "dbus/signals.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

namespace plimsoll::dbus {

namespace {

using std::chrono::microseconds;

constexpr microseconds kFirstDelay = std::chrono::milliseconds{250};
constexpr microseconds kLongestDelay = std::chrono::seconds{15};

} // namespace

/// probe → connect → connected; back to the probe after a delay whenever something fails. The
/// session is only ever dropped from `next`, never below a frame of its own.
struct Service::Impl {
    Impl(sd_event* loop, const Published& published, LogControl log, BusReport tell,
         MetricRecorder recorder)
        : event(loop), state(published), logControl(std::move(log)), report(std::move(tell)),
          recordMetric(std::move(recorder)), next(event, "dbus-next", [this] { tryStep(); }) {
        next.start(microseconds{0});
    }

    /// Calls the session, if there is one and it is well.
    template <class F>
    void use(F&& function) noexcept {
        if (!up)
            return;
        try {
            function(*session);
        } catch (const std::exception& error) {
            lost(error.what());
        } catch (...) {
            lost("unexpected failure");
        }
    }

    void tryStep() noexcept {
        try {
            step();
        } catch (const std::exception& error) {
            retry(error.what());
        }
    }

    void step() {
        session.reset();
        probe.reset();
        const auto found = std::exchange(answer, std::nullopt);
        if (!found)
            probe = std::make_unique<BusProbe>(event, kBusName, [this](auto result) {
                answer = std::move(result);
                next.start(microseconds{0});
            });
        else if (!*found)
            retry(found->error().what + ": " +
                  std::generic_category().message(found->error().code));
        else if (found->value().nameTaken)
            retry(std::string(kBusName) + " belongs to another process");
        else
            connect();
    }

    void connect() {
        session = std::make_unique<Session>(event, state, logControl, recordMetric,
                                            [this](const std::string& why) { lost(why); });
        up = true;
        delay = kFirstDelay;
        say(true, std::string("on the system bus as ") + kBusName);
    }

    void lost(const std::string& why) noexcept {
        if (!up)
            return;
        up = false;
        retry("lost the bus: " + why);
    }

    void retry(const std::string& why) noexcept {
        next.start(delay);
        delay = std::min(delay * 2, kLongestDelay);
        say(false, why);
    }

    void say(bool connected, const std::string& sentence) noexcept {
        if (sentence == lastSaid)
            return;
        try {
            lastSaid = sentence;
            if (report)
                report(connected, sentence);
        } catch (...) {
            return; // a report that fails cannot be reported
        }
    }

    sd_event* event;
    const Published& state;
    LogControl logControl;
    BusReport report;
    MetricRecorder recordMetric;
    std::string lastSaid;
    microseconds delay = kFirstDelay;
    Timer next;
    std::unique_ptr<BusProbe> probe;
    std::optional<Result<BusProbe::Answer>> answer;
    std::unique_ptr<Session> session;
    bool up = false;
};

Service::Service(sd_event* event, const Published& state, LogControl logControl, BusReport report,
                 MetricRecorder recordMetric)
    : impl_(std::make_unique<Impl>(event, state, std::move(logControl), std::move(report),
                                   std::move(recordMetric))) {}

Service::~Service() = default;

void Service::publish() {
    impl_->use([](Session& session) { session.publish(); });
}

void Service::ruleTriggered(const RuleStatus& rule) {
    impl_->use([&](Session& session) { emitTriggered(session.manager(), rule); });
}

void Service::ruleRestored(const RuleStatus& rule) {
    impl_->use([&](Session& session) { emitRestored(session.manager(), rule); });
}

void Service::stepFinished(const Outcome& outcome) {
    impl_->use([&](Session& session) { emitStep(session.manager(), outcome); });
}

void Service::policyChanged() {
    impl_->use([&](Session& session) { emitPolicyChanged(session.manager(), impl_->state); });
}

bool Service::connected() const {
    return impl_->up;
}

} // namespace plimsoll::dbus
