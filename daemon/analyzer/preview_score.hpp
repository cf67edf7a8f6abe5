// SPDX-License-Identifier: Apache-2.0
// Keeps the record of a rule with strategy Preview: would acting have been right?
#pragma once

#include "daemon/model/units.hpp"
#include "daemon/model/verdict.hpp"

#include <chrono>

namespace plimsoll::analyzer {

/// One time above the watermark, from the tick in which the rule would first have acted.
struct PreviewEpisode {
    bool open = false;
    bool judged = false;
    bool othersActed = false; ///< meanwhile
    MonotonicTime since;
    MonotonicTime lastHit;
};

struct PreviewTick {
    Verdict verdict;
    bool acts = false;
    bool othersAct = false; ///< something is really done, or held
    MonotonicTime now;
};

/// One tick. An episode that ends within `effectAfter` came back on its own: acting would have
/// shown no effect yet. One that lasts longer is counted as soon as that is known. True: the score
/// is another one.
bool follow(PreviewEpisode& episode, PreviewScore& score, const PreviewTick& tick,
            std::chrono::seconds effectAfter);

} // namespace plimsoll::analyzer
