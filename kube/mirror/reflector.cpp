// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/reflector.hpp"

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

namespace plimsoll::kube {
namespace {

using std::chrono::seconds;

constexpr seconds kShortestWatch{300}; // and up to twice that, as client-go
/// A server ends a watch when it was told to; a connection that has died in silence does not.
constexpr seconds kSilence{30};
/// For a streaming list to send what there is; the cache has it at hand.
constexpr seconds kStreamingList{10};
/// A watch that is still open then was accepted: the first byte of a quiet one comes with its end.
constexpr seconds kAccepted{15};

constexpr const char* kNoRoom = "there are more objects than are stored of one kind (2000, 8 MiB)";

seconds lengthOfWatch(double dice) {
    return std::chrono::duration_cast<seconds>(spread(kShortestWatch, dice));
}

} // namespace

Reflector::Reflector(Kind kind, const std::string& nodeName, ObjectStore::Objects& objects)
    : kind_(kind), nodeName_(nodeName), path_(kind, nodeName), shelf_(objects), items_(newItems()),
      lines_(newLines()) {}

ListSplitter Reflector::newItems() {
    return ListSplitter([this](std::optional<std::string_view> item) { takeItem(item); });
}

WatchLines Reflector::newLines() {
    return WatchLines([this](std::optional<std::string_view> line) { return takeLine(line); });
}

Reflector::Todo Reflector::advance(MonotonicTime now) {
    if (!open_.underWay) {
        return now >= due_ ? Todo::begin : Todo::wait;
    }
    if (now >= open_.giveUpAt) {
        return Todo::giveUp;
    }
    if (open_.step == Step::watch && !open_.streams && now >= open_.began + kAccepted) {
        state_.following = true;
        setProblem({});
    }
    return Todo::wait;
}

MonotonicTime Reflector::wake() const {
    if (!open_.underWay) {
        return due_;
    }
    const bool accepted = open_.step != Step::watch || open_.streams || state_.following;
    return accepted ? open_.giveUpAt : std::min(open_.giveUpAt, open_.began + kAccepted);
}

Reflector::Request Reflector::begin(MonotonicTime now, double dice) {
    open_ = Open{.underWay = true, .step = step_, .began = now, .dice = dice};
    const seconds longest = lengthOfWatch(dice);
    if (step_ == Step::watch) {
        state_.following = state_.following || problem_.empty();
        return beginWatch(path_.watch(version_, longest), longest);
    }
    if (step_ == Step::list) {
        ++state_.lists;
        pages_ = 0;
        leftOut_.clear();
        shelf_.beginList();
    }
    if (step_ == Step::list && streams_ && from_ != From::newest) {
        open_.step = Step::watch;
        open_.streams = true;
        const bool known = from_ == From::known;
        Request request = beginWatch(path_.streamingList(known ? version_ : "0", longest), longest);
        open_.giveUpAt = now + kStreamingList;
        return request;
    }
    return beginList();
}

Reflector::Request Reflector::beginList() {
    items_ = newItems();
    if (step_ == Step::page) {
        return {.path = path_.page(continueToken_)};
    }
    switch (from_) {
    case From::cache: return {.path = path_.anyList()};
    case From::known: return {.path = path_.listNotOlderThan(version_)};
    case From::newest: return {.path = path_.newestList(inPages_)};
    }
    return {};
}

Reflector::Request Reflector::beginWatch(std::string path, seconds longest) {
    ++state_.watches;
    lines_ = newLines();
    open_.giveUpAt = open_.began + longest + kSilence;
    return {.path = std::move(path), .isWatch = true};
}

bool Reflector::receive(std::string_view piece, MonotonicTime now) {
    state_.lastContact = now;
    open_.heardAt = now;
    if (open_.step != Step::watch) {
        if (!items_.feed(piece)) {
            open_.broken = "the answer is no list";
        }
        return open_.broken.empty();
    }
    if (!open_.streams && open_.broken.empty()) {
        state_.following = true;
        setProblem({});
    }
    return lines_.feed(piece);
}

void Reflector::leaveOut(std::string why) {
    leftOut_ = std::move(why);
    setProblem(problem_);
}

void Reflector::takeItem(std::optional<std::string_view> item) {
    auto incoming = item ? takeObject(kind_, nodeName_, *item)
                         : fail(EFBIG, "an object of more than 1.5 MiB is left out");
    if (!incoming) {
        leaveOut(std::move(incoming.error().what));
    } else if (!shelf_.putAside(*std::move(incoming))) {
        leaveOut(kNoRoom);
    }
}

bool Reflector::takeLine(std::optional<std::string_view> line) {
    ++state_.events;
    if (!line) {
        leaveOut("a change to an object of more than 1.5 MiB is left out");
        return true;
    }
    auto event = takeEvent(kind_, nodeName_, *line);
    if (!event) {
        open_.broken = std::move(event.error().what);
        return false;
    }
    if (event->type == WatchEvent::Type::error) {
        open_.error = readStatus(event->status);
        return false;
    }
    take(*std::move(event));
    return true;
}

void Reflector::take(WatchEvent event) {
    if (event.type == WatchEvent::Type::bookmark) {
        takeBookmark(event);
        return;
    }
    std::string version = event.incoming.object.resourceVersion;
    bool hasRoom = true;
    if (event.type == WatchEvent::Type::put) {
        hasRoom = open_.streams ? shelf_.putAside(std::move(event.incoming))
                                : shelf_.put(std::move(event.incoming));
    } else if (open_.streams) {
        shelf_.removeAside(event.incoming.key);
    } else {
        shelf_.remove(event.incoming.key);
    }
    if (!hasRoom) {
        leaveOut(kNoRoom);
    }
    if (!open_.streams) {
        version_ = std::move(version);
    }
}

void Reflector::takeBookmark(const WatchEvent& event) {
    if (!open_.streams) {
        version_ = event.version;
    } else if (event.initialEnd) {
        open_.streams = false;
        open_.giveUpAt = open_.began + lengthOfWatch(open_.dice) + kSilence;
        synced(event.version, open_.heardAt, open_.dice);
        state_.following = true;
    }
}

void Reflector::setProblem(std::string problem) {
    problem_ = std::move(problem);
    state_.problem = problem_.empty() ? leftOut_ : problem_;
}

Reflector::Changed Reflector::takeChanged() {
    const auto matters = [](const KindState& state) {
        return std::tie(state.listed, state.following, state.problem);
    };
    const bool another = matters(state_) != matters(told_);
    told_ = state_;
    return {.objects = shelf_.takeChanged(), .state = another};
}

} // namespace plimsoll::kube
