// SPDX-License-Identifier: Apache-2.0
#include "service_thread.hpp"

#include <cerrno>
#include <stdexcept>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

namespace plimsoll::test {

ServiceThread::ServiceThread() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    thread_ = std::thread([this] { loop(); });
}

ServiceThread::~ServiceThread() {
    onLoop([this] { service.reset(); });
    onLoop({});
    thread_.join();
    close(wake_);
}

void ServiceThread::loop() {
    sd_event* event = nullptr;
    sd_event_new(&event);
    sd_event_add_io(
        event, nullptr, wake_, EPOLLIN,
        [](sd_event_source* source, int, std::uint32_t, void* self) noexcept {
            auto& thread = *static_cast<ServiceThread*>(self);
            if (!thread.task_)
                return sd_event_exit(sd_event_source_get_event(source), 0);
            thread.drain();
            return 0;
        },
        this);
    dbus::LogControl control{
        .level = [this] { return level; },
        .setLevel =
            [this](const std::string& value) {
                if (value != "info" && value != "debug")
                    return false;
                level = value;
                return true;
            },
        .target = [this] { return target; },
        .setTarget =
            [this](const std::string& value) {
                if (value == "boom")
                    throw std::runtime_error("boom");
                target = value;
                return true;
            },
    };
    service = std::make_unique<dbus::Service>(
        event, state, control,
        [this](bool connected, const std::string& sentence) {
            reports.push_back((connected ? "+ " : "- ") + sentence);
        },
        [this](const dbus::RecordedMetric& metric) -> Result<void> {
            auto taken = custom.record(metric.name, metric.value, metric.labels, metric.validFor,
                                       MonotonicTime{});
            if (taken)
                recorded.push_back(metric);
            return taken;
        });
    sd_event_loop(event);
    service.reset();
    sd_event_unref(event);
    answered_ = asked_.load();
}

void ServiceThread::drain() {
    std::uint64_t count = 0;
    (void)!read(wake_, &count, sizeof(count));
    task_();
    answered_ = asked_.load();
    answered_.notify_all();
}

std::chrono::milliseconds ServiceThread::onLoop(const std::function<void()>& task) {
    const auto begin = std::chrono::steady_clock::now();
    task_ = task;
    const int ticket = ++asked_;
    const std::uint64_t one = 1;
    (void)!write(wake_, &one, sizeof(one));
    if (task)
        answered_.wait(ticket - 1);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
}

void ServiceThread::tick(const std::function<void(Published&)>& change) {
    onLoop([&] {
        if (change)
            change(state);
        service->publish();
    });
}

bool ServiceThread::waitUntilConnected(bool wanted) {
    for (int i = 0; i < 1500; ++i) {
        bool connected = false;
        onLoop([&] { connected = service->connected(); });
        if (connected == wanted)
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

} // namespace plimsoll::test
