// SPDX-License-Identifier: Apache-2.0
// HTTP requests on the caller's sd-event loop: no threads of our own, nothing blocks.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/http/request.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

struct sd_event;

namespace plimsoll::kube::http {

class Engine;

/// A request under way. Destroying it cancels the request; its callback is not called then.
class Call {
public:
    Call() = default; ///< none
    /// `cancel` is called at most once, by whoever destroys or cancels the Call. It must not throw,
    /// and has to do nothing when the request is over.
    explicit Call(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    ~Call() { cancel(); }
    Call(Call&& other) noexcept;
    Call& operator=(Call&& other) noexcept;

    void cancel() noexcept;

private:
    std::function<void()> cancel_;
};

class Client {
public:
    /// Called once, from the loop, never from within start(). May start requests, cancel others and
    /// destroy the client. What it throws is lost.
    using Done = std::function<void(Result<Answer>)>;
    /// The body of a 2xx answer, in pieces as they come (Request::largestBody does not bound it);
    /// of other answers it is Answer::body. Called from the loop while libcurl is in use: it must
    /// not start or cancel requests. False ends the request with an error. What it throws ends it,
    /// too.
    using Receive = std::function<bool(std::string_view piece)>;

    /// Requests beyond `mostAtOnce` wait for their turn, in the order in which they came.
    /// Throws std::system_error when libcurl or the loop cannot be had.
    Client(sd_event* event, unsigned mostAtOnce);
    /// Cancels what is under way.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// An error is a sentence that names the URL without its query:
    /// "GET http://127.0.0.1:9100/probe: timed out after 2 s".
    [[nodiscard]] Call start(Request request, Done done);
    [[nodiscard]] Call start(Request request, Receive receive, Done done);

private:
    std::shared_ptr<Engine> engine_;
};

} // namespace plimsoll::kube::http
