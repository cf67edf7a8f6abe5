// SPDX-License-Identifier: Apache-2.0
#include "daemon/analyzer/preview_score.hpp"

namespace plimsoll::analyzer {
namespace {

bool isOver(const Verdict& verdict) {
    return verdict.kind == VerdictKind::coolingDown || verdict.kind == VerdictKind::idle;
}

void judge(PreviewEpisode& episode, PreviewScore& score, unsigned PreviewScore::* as) {
    ++score.episodes;
    ++(score.*as);
    episode.judged = true;
}

} // namespace

bool follow(PreviewEpisode& episode, PreviewScore& score, const Verdict& verdict, bool acts,
            MonotonicTime now, std::chrono::seconds effectAfter) {
    if (acts) {
        if (!episode.open) {
            episode = {.open = true, .since = now};
        }
        episode.lastHit = now;
        if (!episode.judged && now - episode.since > effectAfter) {
            judge(episode, score, &PreviewScore::wouldHelp);
            return true;
        }
        return false;
    }
    if (!episode.open || !isOver(verdict)) {
        return false;
    }
    if (!episode.judged) {
        judge(episode, score, &PreviewScore::onItsOwn);
    }
    score.lastSeconds = std::chrono::duration<double>(episode.lastHit - episode.since).count();
    episode.open = false;
    return true;
}

} // namespace plimsoll::analyzer
