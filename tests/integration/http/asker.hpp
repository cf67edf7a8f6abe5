// SPDX-License-Identifier: Apache-2.0
// A client on a loop of its own that waits for what it asked.
#pragma once

#include "kube/http/client.hpp"
#include "tests/integration/http/loop.hpp"

#include <optional>
#include <string>
#include <utility>

namespace plimsoll::test {

struct Asker {
    Loop loop;
    kube::http::Client client{loop.raw(), 8};

    Result<kube::http::Answer> ask(kube::http::Request request,
                                   kube::http::Client::Receive receive = nullptr) {
        std::optional<Result<kube::http::Answer>> result;
        const auto call =
            client.start(std::move(request), std::move(receive),
                         [&](Result<kube::http::Answer> answer) { result = std::move(answer); });
        loop.runUntil([&] { return result.has_value(); });
        return result.value_or(fail(0, "nothing came back"));
    }
    /// The body, or the error.
    std::string said(kube::http::Request request, kube::http::Client::Receive receive = nullptr) {
        const auto result = ask(std::move(request), std::move(receive));
        return result ? result->body : result.error().what;
    }
};

} // namespace plimsoll::test
