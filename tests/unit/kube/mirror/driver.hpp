// SPDX-License-Identifier: Apache-2.0
// A reflector with a clock of its own, and answers by hand.
#pragma once

#include "kube/mirror/reflector.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace plimsoll::kube::test {

inline constexpr MonotonicTime kStart{std::chrono::hours(1)};

class Driver {
public:
    explicit Driver(Kind kind, std::size_t pieceSize = 0)
        : reflector(kind, "node-a", store.of(kind)), kind_(kind), pieceSize_(pieceSize) {}

    ObjectStore store;
    Reflector reflector;
    MonotonicTime now = kStart;
    double dice = 0.5;

    /// The next request, when its time has come.
    std::string ask() {
        waited = std::chrono::milliseconds(0);
        const MonotonicTime due = reflector.wake();
        if (due > now) {
            waited = std::chrono::duration_cast<std::chrono::milliseconds>(due - now);
            now = due;
        }
        EXPECT_EQ(reflector.advance(now), Reflector::Todo::begin);
        const auto request = reflector.begin(now, dice);
        isWatch = request.isWatch;
        return request.path;
    }
    /// False: nothing more is wanted.
    bool send(const std::string& piece) {
        const std::size_t size = pieceSize_ == 0 ? piece.size() : pieceSize_;
        for (std::size_t at = 0; at < piece.size(); at += size) {
            if (!reflector.receive(std::string_view(piece).substr(at, size), now)) {
                return false;
            }
        }
        return true;
    }
    void end(http::Answer answer = {.status = 200}) {
        reflector.end(Result<http::Answer>(std::move(answer)), now, dice);
    }
    void lose(std::string why = "GET https://10.0.0.1: the connection was reset") {
        reflector.end(fail(0, std::move(why)), now, dice);
    }
    /// A whole answer.
    void answer(const std::string& body) { send(body) ? end() : lose(); }
    void refuse(int status, std::string body = {}, std::string contentType = "application/json") {
        end({.status = status, .contentType = std::move(contentType), .body = std::move(body)});
    }

    /// Refuses the streaming list; the next request is a plain one.
    std::string askForList() {
        ask();
        refuse(422, R"({"kind":"Status","code":422,"reason":"Invalid","message":"no"})");
        return ask();
    }

    [[nodiscard]] const KindState& state() const { return reflector.state(); }
    [[nodiscard]] std::vector<std::string> keys() const {
        std::vector<std::string> result;
        for (const auto& [key, object] : store.of(kind_)) {
            result.push_back(key);
        }
        return result;
    }

    std::chrono::milliseconds waited{0}; ///< for the last request
    bool isWatch = false;

private:
    Kind kind_;
    std::size_t pieceSize_;
};

} // namespace plimsoll::kube::test
