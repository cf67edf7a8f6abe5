// SPDX-License-Identifier: Apache-2.0
// A request of a Connection from the moment it is asked for to the moment it is told.
#pragma once

#include "kube/api/api.hpp"
#include "kube/credentials/access.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace plimsoll::kube {

using SharedAccess = std::shared_ptr<const Access>;

/// On its way it asks for credentials, is sent, and may come back to the queue for another try.
struct Job {
    using Clock = std::chrono::steady_clock;

    ApiRequest request;
    Api::Receive receive;
    Api::Done done;
    Clock::time_point begun;      ///< first sent; zero: not yet
    std::size_t tries = 0;        ///< on servers that failed
    bool wasRefused = false;      ///< with 401
    bool hasDelivered = false;    ///< a piece of the body
    bool wasStopped = false;      ///< by its Receive
    SharedAccess access;          ///< of the try under way
    std::string server;           ///< of the try under way
    http::Call call;              ///< of the try under way
    Result<http::Answer> outcome; ///< when it is finished
};

/// Whether the failure of a try says something about the server. That of a watch which was
/// connected says nothing about whether one can connect.
bool tellsOfTheServer(const Job& job, Job::Clock::time_point now);
/// The other servers are not asked for longer than the caller wants to wait for one.
bool hasTimeLeft(const Job& job, Job::Clock::time_point now);

} // namespace plimsoll::kube
