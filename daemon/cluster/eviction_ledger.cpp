// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/eviction_ledger.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

using Answer = kube::EvictionAnswer::Kind;

/// Until a pod whose grace is over has left the API server, too.
constexpr std::chrono::seconds kAfterGrace{30};

bool wasNotTold(Answer answer) {
    return answer == Answer::notNow || answer == Answer::forbidden || answer == Answer::refused ||
           answer == Answer::gone;
}

} // namespace

void EvictionLedger::ask(const PodUid& pod, std::chrono::seconds grace, MonotonicTime now) {
    evicted_.push_back({pod, now});
    asked_.push_back({.grace = grace});
}

void EvictionLedger::answered(const PodUid& pod, Answer answer) {
    // The latest: an earlier one of the same pod is of another time.
    const auto last = std::ranges::find(evicted_.rbegin(), evicted_.rend(), pod, &EvictedPod::pod);
    if (last == evicted_.rend()) {
        return;
    }
    const auto index = std::distance(evicted_.begin(), last.base()) - 1;
    if (wasNotTold(answer)) {
        evicted_.erase(evicted_.begin() + index);
        asked_.erase(asked_.begin() + index);
    } else {
        asked_[static_cast<std::size_t>(index)].uncertain = answer == Answer::unknown;
    }
}

void EvictionLedger::forget(std::span<const Pod> pods, std::chrono::seconds interval,
                            MonotonicTime now) {
    for (std::size_t i = evicted_.size(); i-- > 0;) {
        const bool isHere = std::ranges::find(pods, evicted_[i].pod, &Pod::uid) != pods.end();
        const auto age = now - evicted_[i].at;
        const bool mayBeAsked = asked_[i].uncertain && age > asked_[i].grace + kAfterGrace;
        if (age >= interval && (!isHere || mayBeAsked)) {
            evicted_.erase(evicted_.begin() + static_cast<std::ptrdiff_t>(i));
            asked_.erase(asked_.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
}

} // namespace plimsoll
