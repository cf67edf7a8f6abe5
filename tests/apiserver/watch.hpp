// SPDX-License-Identifier: Apache-2.0
// One watch: the lines that it sends, one after the other.
#pragma once

#include "tests/apiserver/cluster.hpp"
#include "tests/apiserver/selectors.hpp"

#include <chrono>
#include <string>

namespace plimsoll::test::apiserver {

class Watch {
public:
    using Clock = std::chrono::steady_clock;

    /// Refused as a list is, except for versions that are gone or not there yet.
    static Outcome<Watch> start(const Request& request, const Cluster& cluster);

    /// Lines to send now, each ending in '\n'; waits for some, but no longer than until `until`.
    std::string next(Clock::time_point until);
    [[nodiscard]] bool hasEnded() const { return ended_; }

private:
    Watch(Request request, const Cluster& cluster, Selector selector);

    void startWithAll(bool isMarked);
    void append(const Change& change);
    void scheduleBookmark();
    void bookmark(bool endsInitialEvents);
    void tooOld(Version version);

    Request request_;
    const Cluster* cluster_;
    Selector selector_;
    bool hasBookmarks_;
    bool isFromFuture_ = false; ///< silent for ever
    bool ended_ = false;
    Version version_ = 0;
    Version told_ = 0; ///< the version of the last line
    Clock::time_point end_;
    Clock::time_point nextBookmark_;
    std::string lines_;
};

} // namespace plimsoll::test::apiserver
