// SPDX-License-Identifier: Apache-2.0
// How the objects of one kind are followed: what is asked next and when, and what an answer means.
// A state machine without a clock, a die or a connection of its own.
#pragma once

#include "daemon/model/error.hpp"
#include "daemon/model/units.hpp"
#include "kube/api/status.hpp"
#include "kube/mirror/back_off.hpp"
#include "kube/mirror/list_splitter.hpp"
#include "kube/mirror/mirror.hpp"
#include "kube/mirror/resource.hpp"
#include "kube/mirror/shelf.hpp"
#include "kube/mirror/watch_lines.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

/// `dice` is a random number from 0 to 1 wherever it is asked for: the requests of many nodes shall
/// not fall together.
class Reflector {
public:
    /// The objects stay where they are, and what is there already until the kind is listed.
    Reflector(Kind kind, const std::string& nodeName, ObjectStore::Objects& objects);
    Reflector(const Reflector&) = delete;
    Reflector& operator=(const Reflector&) = delete;

    enum class Todo : std::uint8_t {
        wait,  ///< until wake(), or for the request under way
        begin, ///< the next request
        giveUp ///< the request under way: cancel it, then giveUp()
    };
    Todo advance(MonotonicTime now);
    [[nodiscard]] MonotonicTime wake() const;

    struct Request {
        std::string path;
        bool isWatch = false;
    };
    Request begin(MonotonicTime now, double dice);
    /// A piece of the body of a 2xx answer. False: nothing more of it is wanted.
    bool receive(std::string_view piece, MonotonicTime now);
    void end(const Result<http::Answer>& answer, MonotonicTime now, double dice);
    void giveUp(MonotonicTime now, double dice);

    [[nodiscard]] const KindState& state() const { return state_; }

    struct Changed {
        bool objects = false;
        bool state = false; ///< what matters of it: counters and times always change
    };
    Changed takeChanged();

private:
    enum class Step : std::uint8_t { list, page, watch };
    enum class From : std::uint8_t { cache, known, newest };
    struct Open { ///< the request under way
        bool underWay = false;
        Step step = Step::list;
        bool streams = false; ///< a watch that has not yet sent all of what there was
        MonotonicTime began;
        MonotonicTime heardAt; ///< last
        MonotonicTime giveUpAt = MonotonicTime::max();
        double dice = 0;
        std::string broken; ///< why nothing more of it was wanted
        std::optional<ApiStatus> error;
    };

    Request beginList();
    Request beginWatch(std::string path, std::chrono::seconds longest);
    ListSplitter newItems();
    WatchLines newLines();
    void takeItem(std::optional<std::string_view> item);
    bool takeLine(std::optional<std::string_view> line);
    void take(WatchEvent event);
    void takeBookmark(const WatchEvent& event);
    void leaveOut(std::string why);

    void listEnded(MonotonicTime now, double dice);
    void watchEnded(const Open& open, MonotonicTime now, double dice);
    void synced(std::string version, MonotonicTime now, double dice);
    void refused(const Open& open, const ApiStatus& status, MonotonicTime now, double dice);
    void expired(const Open& open);
    void notUnderstood(const Open& open, MonotonicTime now);
    void absent(MonotonicTime now, double dice);
    void failed(std::string why, MonotonicTime now, double dice);
    void setProblem(std::string problem);
    [[nodiscard]] Step watchOrList(MonotonicTime now) const;

    Kind kind_;
    std::string nodeName_;
    ResourcePath path_;
    Shelf shelf_;
    KindState state_;
    KindState told_;
    std::string problem_; ///< of the last request
    std::string leftOut_; ///< of an object that cannot be stored

    Step step_ = Step::list;
    From from_ = From::cache; ///< for Step::list
    /// The server may have streaming lists: one request instead of two, and no list that the server
    /// has to put together. Once it has refused one, plain lists do for the life of this process.
    bool streams_ = true;
    bool inPages_ = true;
    std::string version_;       ///< up to which everything is known; empty: nothing is
    std::string continueToken_; ///< for Step::page
    unsigned pages_ = 0;
    unsigned refusedWatches_ = 0; ///< in a row
    std::optional<MonotonicTime> absentSince_;
    MonotonicTime due_ = MonotonicTime::min();
    MonotonicTime relistAt_ = MonotonicTime::max();
    BackOff backOff_;

    Open open_;
    ListSplitter items_; ///< of a list
    WatchLines lines_;   ///< of a watch
};

} // namespace plimsoll::kube
