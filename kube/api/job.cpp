// SPDX-License-Identifier: Apache-2.0
#include "kube/api/job.hpp"

#include "kube/api/wire_request.hpp"

namespace plimsoll::kube {

namespace {

/// Another try on another server begins within the first half of it.
constexpr auto kLongestConnecting = 2 * kConnectTimeout;

bool isWatch(const Job& job) {
    return job.request.timeout.count() == 0;
}

} // namespace

bool tellsOfTheServer(const Job& job, Job::Clock::time_point now) {
    const bool wasConnected = isWatch(job) && now - job.begun > kLongestConnecting;
    return !job.hasDelivered && !job.wasStopped && !wasConnected;
}

bool hasTimeLeft(const Job& job, Job::Clock::time_point now) {
    const auto patience = isWatch(job) ? kConnectTimeout : job.request.timeout;
    return now - job.begun < patience;
}

} // namespace plimsoll::kube
