// SPDX-License-Identifier: Apache-2.0
// What the end of a request means for the next one.
#include "kube/mirror/reflector.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::kube {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// A watch that ends sooner is a failure; others are resumed within so long.
constexpr seconds kShortWatch{1};
/// And up to twice that: only a list finds that a server has gone back in time (etcd was restored),
/// where a watch is silent for ever.
constexpr minutes kRelist{30};
/// And up to twice that: for what somebody has to install or allow first.
constexpr seconds kSlow{30};
/// A server that starts may not know its CRDs yet.
constexpr seconds kReallyAbsent{20};
/// Whatever Retry-After says.
constexpr seconds kLongestRetryAfter{300};
constexpr unsigned kMostPages = 100;
constexpr unsigned kMostRefusedWatches = 3;

} // namespace

void Reflector::end(const Result<http::Answer>& answer, MonotonicTime now, double dice) {
    const Open open = std::exchange(open_, Open());
    lines_ = newLines();
    if (!answer) {
        absentSince_.reset(); // that a kind is absent has to be said again and again without a gap
    }
    if (!open.broken.empty()) {
        step_ = Step::list; // something was missed
        failed(open.broken, now, dice);
    } else if (open.error) {
        refused(open, *open.error, now, dice);
    } else if (!answer) {
        failed(answer.error().what, now, dice);
    } else if (answer->status / 100 != 2) {
        state_.lastContact = now;
        refused(open, readStatus(*answer), now, dice);
    } else if (open.step == Step::watch) {
        state_.lastContact = now;
        watchEnded(open, now, dice);
    } else {
        state_.lastContact = now;
        listEnded(now, dice);
    }
    items_ = newItems();
}

void Reflector::giveUp(MonotonicTime now, double dice) {
    const Open open = std::exchange(open_, Open());
    lines_ = newLines();
    items_ = newItems();
    streams_ = streams_ && !open.streams;
    failed(open.streams ? "the server did not finish its streaming list within 10 s"
                        : "the watch did not end when it should have: the connection is dead",
           now, dice);
}

void Reflector::listEnded(MonotonicTime now, double dice) {
    const auto list = takeListEnd(kind_, items_.shell());
    if (!items_.complete() || !list) {
        step_ = Step::list;
        failed(items_.complete() ? list.error().what : "the answer ended within the list", now,
               dice);
        return;
    }
    if (list->continueToken.empty()) {
        synced(list->version, now, dice);
        due_ = now;
        return;
    }
    if (++pages_ == kMostPages) {
        step_ = Step::list;
        failed("the list has more than 100 pages", now, dice);
        return;
    }
    continueToken_ = list->continueToken;
    step_ = Step::page;
    due_ = now;
}

/// Everything is known as of that version.
void Reflector::synced(std::string version, MonotonicTime now, double dice) {
    shelf_.adoptList();
    version_ = std::move(version);
    state_.listed = true;
    setProblem({});
    absentSince_.reset();
    refusedWatches_ = 0;
    relistAt_ = now + spread(kRelist, dice);
    step_ = Step::watch;
    from_ = From::known;
    inPages_ = true;
}

/// A list that was asked for goes on being asked for.
Reflector::Step Reflector::watchOrList(MonotonicTime now) const {
    return step_ == Step::watch && now >= relistAt_ ? Step::list : step_;
}

void Reflector::watchEnded(const Open& open, MonotonicTime now, double dice) {
    if (open.streams) { // it knows no mark for the end of what there is
        streams_ = false;
        failed("the streaming list ended without its mark", now, dice);
        return;
    }
    refusedWatches_ = 0;
    setProblem({});
    step_ = watchOrList(now);
    const bool lasted = now - open.began >= kShortWatch;
    due_ = now + (lasted ? spread(kShortWatch, dice) - kShortWatch : backOff_.next(now, dice));
}

void Reflector::refused(const Open& open, const ApiStatus& status, MonotonicTime now, double dice) {
    if (status.code == 404 && isCustom(kind_)) {
        absent(now, dice);
        return;
    }
    absentSince_.reset();
    const bool isLongest = backOff_.isLongest();
    failed(status.text(), now, dice);
    if (status.retryAfter) {
        due_ = std::max(due_, now + std::min(*status.retryAfter, kLongestRetryAfter));
    }
    if (status.code == 410) {
        expired(open);
    } else if (status.hasCause("ResourceVersionTooLarge")) {
        step_ = Step::list;
        from_ = From::newest;
    } else if (status.code == 400 || status.code == 422) {
        notUnderstood(open, now);
    } else if (status.code == 403 && isLongest) {
        due_ = now + spread(kSlow, dice); // somebody has to allow it first
    } else if (status.code >= 500 && open.step == Step::watch && !open.streams &&
               ++refusedWatches_ >= kMostRefusedWatches) {
        refusedWatches_ = 0;
        step_ = Step::list;
    }
}

/// The version that was asked for is not known any more.
void Reflector::expired(const Open& open) {
    setProblem({}); // ordinary: every start of a server forgets the old versions
    inPages_ = inPages_ && open.step != Step::page;
    from_ = open.step == Step::watch && from_ == From::known && !open.streams ? From::known
                                                                              : From::newest;
    step_ = Step::list;
}

/// An older server, or a version or token that is none.
void Reflector::notUnderstood(const Open& open, MonotonicTime now) {
    if (open.streams) {
        streams_ = false;
        setProblem({});
        due_ = now;
        return;
    }
    if (open.step == Step::page) {
        inPages_ = false;
        from_ = From::newest;
    } else if (open.step == Step::list) {
        from_ = from_ == From::known ? From::cache : From::newest;
    }
    step_ = Step::list;
}

/// The CRD is not installed, so there can be no objects of it.
void Reflector::absent(MonotonicTime now, double dice) {
    absentSince_ = absentSince_.value_or(now);
    if (shelf_.empty() || now - *absentSince_ >= kReallyAbsent) {
        shelf_.beginList();
        shelf_.adoptList();
        state_.listed = true;
    }
    state_.following = false;
    setProblem("the CRD of " + std::string(name(kind_)) +
               " (ensurance.crane.io/v1alpha1) is not "
               "installed in the cluster");
    version_.clear();
    step_ = Step::list;
    from_ = From::cache;
    due_ = now + spread(kSlow, dice);
}

void Reflector::failed(std::string why, MonotonicTime now, double dice) {
    state_.following = false;
    setProblem(std::move(why));
    step_ = watchOrList(now);
    due_ = now + backOff_.next(now, dice);
}

} // namespace plimsoll::kube
