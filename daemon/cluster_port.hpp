// SPDX-License-Identifier: Apache-2.0
// What the engine has the API server do for it.
#pragma once

#include "daemon/model/plan.hpp"
#include "daemon/model/published.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace plimsoll {

class ClusterPort {
public:
    virtual ~ClusterPort() = default;

    struct Hands {
        std::span<const EvictedPod> evicted;
        bool canEvict = false;
        bool canCloseNode = false;
        std::string_view whyNotEvict; ///< half a sentence; empty: there is no connection
        const NodeClosure* closure = nullptr; ///< null: unknown
    };
    /// Valid until begin() or the loop's next turn.
    virtual Hands hands(MonotonicTime now) = 0;

    /// An evict, closeNode or openNode step; of a previewed eviction only whether the server would
    /// allow it. Never blocks: the end comes from takeFinished().
    virtual void begin(const Step& step, MonotonicTime now) = 0;
    virtual std::vector<Outcome> takeFinished() = 0;

    [[nodiscard]] virtual const ClusterStatus& status() const = 0;
};

} // namespace plimsoll
