// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/preview_score.hpp"

namespace plimsoll::analyzer {
namespace {

bool isOver(const Verdict& verdict) {
    return verdict.kind == VerdictKind::coolingDown || verdict.kind == VerdictKind::idle;
}

/// How long it has been above so far.
double secondsOf(const PreviewEpisode& episode) {
    return std::chrono::duration<double>(episode.lastHit - episode.since).count();
}

void judge(PreviewEpisode& episode, PreviewScore& score, unsigned PreviewScore::* as) {
    score.lastSeconds = secondsOf(episode);
    ++score.episodes;
    ++(score.*as);
    episode.judged = true;
}

} // namespace

bool follow(PreviewEpisode& episode, PreviewScore& score, const PreviewTick& tick,
            std::chrono::seconds effectAfter) {
    if (tick.acts && !episode.open) {
        episode = {.open = true, .since = tick.now};
    }
    episode.othersActed = episode.othersActed || tick.othersAct;
    if (tick.acts) {
        episode.lastHit = tick.now;
        if (!episode.judged && tick.now - episode.since > effectAfter) {
            judge(episode, score, &PreviewScore::wouldHelp);
            return true;
        }
        return false;
    }
    if (!episode.open || !isOver(tick.verdict)) {
        return false;
    }
    if (!episode.judged) {
        judge(episode, score,
              episode.othersActed ? &PreviewScore::byOthers : &PreviewScore::onItsOwn);
    }
    score.lastSeconds = secondsOf(episode);
    episode.open = false;
    return true;
}

} // namespace plimsoll::analyzer
