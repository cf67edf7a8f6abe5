// SPDX-License-Identifier: Apache-2.0
// The service on a loop of its own, as in the daemon, with a state that the test fills.
#pragma once

#include "daemon/collector/custom/custom_metrics.hpp"
#include "daemon/model/published.hpp"
#include "dbus/service.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace plimsoll::test {

class ServiceThread {
public:
    ServiceThread();
    ~ServiceThread();
    ServiceThread(const ServiceThread&) = delete;
    ServiceThread& operator=(const ServiceThread&) = delete;

    /// Runs on the loop's thread and waits for it. How long that took is how long the loop was
    /// busy.
    std::chrono::milliseconds onLoop(const std::function<void()>& task);
    /// Changes the state, then publishes: what the engine does in a tick.
    void tick(const std::function<void(Published&)>& change = {});
    bool waitUntilConnected(bool wanted = true);

    Published state; ///< on the loop's thread only
    std::string level = "info";
    std::string target = "journal";
    std::vector<std::string> reports;           ///< "+ sentence" or "- sentence"
    std::vector<dbus::RecordedMetric> recorded; ///< what the custom metrics took
    collector::CustomMetrics custom{
        "/nonexistent", [](std::string_view name) { return name == "cpu_total_usage"; }};
    std::unique_ptr<dbus::Service> service;

private:
    void loop();
    void drain();

    int wake_ = -1;
    std::function<void()> task_;
    std::atomic<int> asked_ = 0;
    std::atomic<int> answered_ = 0;
    std::thread thread_;
};

} // namespace plimsoll::test
