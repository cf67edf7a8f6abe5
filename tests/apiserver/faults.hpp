// SPDX-License-Identifier: Apache-2.0
// What goes wrong on purpose: rules that requests are held against before they are answered.
#pragma once

#include "tests/apiserver/reply.hpp"

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <regex>
#include <string>

namespace plimsoll::test::apiserver {

struct Fault {
    // Which requests; empty: all. `path` is searched in path and query as they came.
    std::string method;
    std::string path;
    std::string user;
    int times = 1; ///< -1: for ever

    // What happens, in this order.
    std::chrono::milliseconds delay{0};
    bool hangs = false;  ///< until the client goes or the server stops
    bool closes = false; ///< before any answer
    std::optional<Reply> reply;
    /// The connection is cut when so many bytes of the answer, headers too, are out.
    std::optional<std::size_t> cutAfterBytes;
};

/// {"method", "path", "user", "times", "then": {"delayMs", "hang", "close", "status", "body",
/// "headers", "contentType", "cutAfterBytes"}}; an object as body is a JSON answer, text is plain.
std::optional<Fault> faultOf(const Json& json);

class Faults {
public:
    void add(Fault fault);
    void clear();
    /// The first rule that fits, which it uses up.
    std::optional<Fault> take(const std::string& method, const std::string& target,
                              const std::string& user);
    /// Rules that still wait for their request.
    [[nodiscard]] std::size_t left() const;

private:
    mutable std::mutex mutex_;
    std::list<Fault> faults_;
};

} // namespace plimsoll::test::apiserver
